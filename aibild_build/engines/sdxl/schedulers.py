"""Schedulers by their common names, resolved to a class and its full configuration.

Takes a name and the settings that a model brings along, yields what a recipe carries. Loads no library: the defaults of each
class are written down here, and a test holds them to diffusers. As diffusers' own `from_config` does, what the model says goes
over the class's defaults where the class knows the setting, and what the name stands for goes over both.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model import Json

_COMMON: Mapping[str, Json] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.0001,
    "beta_end": 0.02,
    "beta_schedule": "linear",
    "trained_betas": None,
    "prediction_type": "epsilon",
    "timestep_spacing": "linspace",
    "steps_offset": 0,
}
_THRESHOLD: Mapping[str, Json] = {"thresholding": False, "dynamic_thresholding_ratio": 0.995, "sample_max_value": 1.0}
_SIGMAS: Mapping[str, Json] = {"use_karras_sigmas": False, "use_exponential_sigmas": False, "use_beta_sigmas": False}
_FLOW: Mapping[str, Json] = {
    "use_flow_sigmas": False,
    "flow_shift": 1.0,
    "use_dynamic_shifting": False,
    "time_shift_type": "exponential",
}
_CLIP: Mapping[str, Json] = {"clip_sample": True, "clip_sample_range": 1.0, "rescale_betas_zero_snr": False}
_DISTILLED: Mapping[str, Json] = {
    **_COMMON,
    **_THRESHOLD,
    **_CLIP,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "timestep_spacing": "leading",
    "clip_sample": False,
    "original_inference_steps": 50,
    "set_alpha_to_one": True,
    "timestep_scaling": 10.0,
}
# `lambda_min_clipped` of the DPM solvers is left at its default, minus infinity, which no JSON can carry.
_CLASSES: Mapping[str, Mapping[str, Json]] = {
    "DPMSolverMultistepScheduler": {
        **_COMMON,
        **_THRESHOLD,
        **_SIGMAS,
        **_FLOW,
        "solver_order": 2,
        "algorithm_type": "dpmsolver++",
        "solver_type": "midpoint",
        "lower_order_final": True,
        "euler_at_final": False,
        "use_lu_lambdas": False,
        "final_sigmas_type": "zero",
        "variance_type": None,
        "rescale_betas_zero_snr": False,
    },
    "EulerDiscreteScheduler": {
        **_COMMON,
        **_SIGMAS,
        "interpolation_type": "linear",
        "sigma_min": None,
        "sigma_max": None,
        "timestep_type": "discrete",
        "rescale_betas_zero_snr": False,
        "final_sigmas_type": "zero",
    },
    "EulerAncestralDiscreteScheduler": {**_COMMON, "rescale_betas_zero_snr": False},
    "UniPCMultistepScheduler": {
        **_COMMON,
        **_THRESHOLD,
        **_SIGMAS,
        **_FLOW,
        "solver_order": 2,
        "predict_x0": True,
        "solver_type": "bh2",
        "lower_order_final": True,
        "disable_corrector": [],
        "solver_p": None,
        "final_sigmas_type": "zero",
        "rescale_betas_zero_snr": False,
        "sigma_min": None,
        "sigma_max": None,
        "shift_terminal": None,
    },
    "LCMScheduler": _DISTILLED,
    "TCDScheduler": _DISTILLED,
    "DDIMScheduler": {**_COMMON, **_THRESHOLD, **_CLIP, "set_alpha_to_one": True, "timestep_spacing": "leading"},
    "DDPMScheduler": {**_COMMON, **_THRESHOLD, **_CLIP, "variance_type": "fixed_small", "timestep_spacing": "leading"},
    "HeunDiscreteScheduler": {
        **_COMMON,
        **_SIGMAS,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "clip_sample": False,
        "clip_sample_range": 1.0,
    },
    "KDPM2DiscreteScheduler": {**_COMMON, **_SIGMAS, "beta_start": 0.00085, "beta_end": 0.012},
    "KDPM2AncestralDiscreteScheduler": {**_COMMON, **_SIGMAS, "beta_start": 0.00085, "beta_end": 0.012},
    "PNDMScheduler": {**_COMMON, "skip_prk_steps": False, "set_alpha_to_one": False, "timestep_spacing": "leading"},
    "DEISMultistepScheduler": {
        **_COMMON,
        **_THRESHOLD,
        **_SIGMAS,
        **_FLOW,
        "solver_order": 2,
        "algorithm_type": "deis",
        "solver_type": "logrho",
        "lower_order_final": True,
    },
}
_KARRAS: Mapping[str, Json] = {"use_karras_sigmas": True}
_NAMES: Mapping[str, tuple[str, Mapping[str, Json]]] = {
    "DDIM": ("DDIMScheduler", {}),
    "DDPM": ("DDPMScheduler", {}),
    "DEIS": ("DEISMultistepScheduler", {"algorithm_type": "deis"}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", **_KARRAS}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "DPM++ 2M SDE Karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", **_KARRAS}),
    "DPM2": ("KDPM2DiscreteScheduler", {}),
    "DPM2 Karras": ("KDPM2DiscreteScheduler", _KARRAS),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler Karras": ("EulerDiscreteScheduler", _KARRAS),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Euler trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "LCM": ("LCMScheduler", {}),
    "PNDM": ("PNDMScheduler", {"skip_prk_steps": True}),
    "TCD": ("TCDScheduler", {}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}
DEFAULT = "DPM++ 2M Karras"
HONOURS_ETA = ("DDIMScheduler", "TCDScheduler")


def names() -> tuple[str, ...]:
    return tuple(_NAMES)


def resolve(name: str, model: Mapping[str, Json]) -> dict[str, Json]:
    """{"class", "config"} of a scheduler; `model` is the scheduler configuration that the model brings along.

    Raises KeyError for a name that is none of `names()`.
    """
    class_name, meant = _NAMES[name]
    defaults = _CLASSES[class_name]
    given = {key: value for key, value in model.items() if key in defaults}
    return {"class": class_name, "config": {**defaults, **given, **meant}}
