"""The calls to diffusers: one function a kind of pass, each from the same loaded parts.

Takes a dressed pipeline, the recipe and the pictures it starts from; yields latents or a picture as floats. Pipelines are set
up here from modules that are in memory already: diffusers' own `from_pipe` would cast them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ... import tensors
from ...model import Json, Recipe, Size
from . import prompts
from .schedulers import HONOURS_ETA

Step = Callable[[Any, Any], None]  # called with the pipeline and its latents after every step
_SHARED = (
    "vae",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "unet",
    "image_encoder",
    "feature_extractor",
)


@dataclass(slots=True)
class Setup:
    """All that the passes of one picture share, or of several whose recipes differ in seed and words alone.

    `generators` are one CPU generator a picture, drawn on in the order of the passes.
    """

    recipes: tuple[Recipe, ...]
    pipeline: Any
    generators: list[Any]
    step: Step
    controlnets: tuple[Any, ...] = ()
    control_images: tuple[Any, ...] = ()
    reference: Any = None

    @property
    def recipe(self) -> Recipe:
        """The first: what it asks besides seed and words, all ask."""
        return self.recipes[0]

    @property
    def asked(self) -> Mapping[str, Json]:
        return self.recipe.parameters


def from_noise(setup: Setup, size: Size, *, until: float | None) -> Any:
    """Text to picture. With `until` (a share of the steps) the latents at that point, for a refiner to go on with."""
    kind = "StableDiffusionXLControlNetPipeline" if setup.controlnets else "StableDiffusionXLPipeline"
    arguments = _common(setup, _steps(setup), size) | {"width": size[0], "height": size[1]}
    if until is not None:
        arguments |= {"denoising_end": until, "output_type": "latent"}
    if setup.controlnets:
        arguments |= _control(setup, "image", size)
    return _call(setup, _pipeline(setup, kind), arguments)


def from_picture(setup: Setup, pictures: list[Any], *, strength: float, steps: int | None = None) -> Any:
    """Picture to picture, at the pictures' own size: one for each recipe."""
    kind = "StableDiffusionXLControlNetImg2ImgPipeline" if setup.controlnets else "StableDiffusionXLImg2ImgPipeline"
    size = pictures[0].size
    arguments = _common(setup, steps or _steps(setup), size)
    arguments |= {"image": pictures if len(pictures) > 1 else pictures[0], "strength": strength}
    if setup.controlnets:
        arguments |= _control(setup, "control_image", size)
    return _call(setup, _pipeline(setup, kind), arguments)


def into_mask(setup: Setup, picture: Any, mask: Any, *, strength: float) -> Any:
    """Makes anew what the mask shows white. An inpainting model sees mask and picture; another is held to them between steps."""
    kind = "StableDiffusionXLControlNetInpaintPipeline" if setup.controlnets else "StableDiffusionXLInpaintPipeline"
    width, height = picture.size
    arguments = _common(setup, _steps(setup), picture.size)
    arguments |= {"image": picture, "mask_image": mask, "strength": strength, "width": width, "height": height}
    if setup.controlnets:
        arguments |= _control(setup, "control_image", picture.size)
    return _call(setup, _pipeline(setup, kind), arguments)


def refined(setup: Setup, refiner: Any, latents: Any, size: Size) -> Any:
    """The refiner goes on with the base's latents from the point where it stopped."""
    table = setup.asked["refiner"]
    assert isinstance(table, Mapping)
    pipeline = _pipeline_of(refiner, "StableDiffusionXLImg2ImgPipeline", setup.asked, requires_aesthetics_score=True)
    arguments = _common(setup, _steps(setup), size, words=prompts.refiner_arguments(pipeline, setup.recipes))
    arguments.pop("clip_skip", None)
    arguments.pop("ip_adapter_image", None)
    for name in ("target_size", "negative_target_size"):
        arguments[name] = tuple(size)
    arguments |= {
        "image": latents,
        "denoising_start": table["switch"],
        "aesthetic_score": table["aesthetic_score"],
        "negative_aesthetic_score": table["negative_aesthetic_score"],
    }
    return _call(setup, pipeline, arguments)


def _common(setup: Setup, steps: int, size: Size, words: dict[str, Any] | None = None) -> dict[str, Any]:
    asked = setup.asked
    told = asked["conditioning"]
    assert isinstance(told, Mapping)
    arguments: dict[str, Any] = {
        **(prompts.prompt_arguments(setup.pipeline, setup.recipes) if words is None else words),
        "num_inference_steps": steps,
        "guidance_scale": asked["guidance"],
        "generator": setup.generators if len(setup.generators) > 1 else setup.generators[0],
        "original_size": _pair(told["original_size"]),
        "target_size": _pair(told["target_size"]),
        "crops_coords_top_left": _pair(told["crop_top_left"]),
        "negative_original_size": _pair(told["negative_original_size"]),
        "negative_target_size": _pair(told["negative_target_size"]),
        "negative_crops_coords_top_left": _pair(told["negative_crop_top_left"]),
        "callback_on_step_end": _on_step(setup),
        "output_type": "np",
    }
    if asked["guidance_rescale"]:
        arguments["guidance_rescale"] = asked["guidance_rescale"]
    if asked["clip_skip"]:
        arguments["clip_skip"] = asked["clip_skip"]
    scheduler = asked["scheduler"]
    if asked["eta"] and isinstance(scheduler, Mapping) and scheduler["class"] in HONOURS_ETA:
        arguments["eta"] = asked["eta"]
    if setup.reference is not None:
        arguments["ip_adapter_image"] = setup.reference
    return arguments


def _control(setup: Setup, name: str, size: Size) -> dict[str, Any]:
    controls = setup.asked["controls"]
    assert isinstance(controls, list | tuple)
    tables = [one for one in controls if isinstance(one, Mapping)]
    images = [image.resize(size) if image.size != size else image for image in setup.control_images]
    single = len(tables) == 1

    def each(values: list[Any]) -> Any:
        return values[0] if single else values

    return {
        name: each(images),
        "controlnet_conditioning_scale": each([float(str(one["scale"])) for one in tables]),
        "control_guidance_start": each([float(str(one["start"])) for one in tables]),
        "control_guidance_end": each([float(str(one["end"])) for one in tables]),
    }


def _pipeline(setup: Setup, kind: str) -> Any:
    more: dict[str, Any] = {}
    if setup.controlnets:
        more["controlnet"] = setup.controlnets[0] if len(setup.controlnets) == 1 else list(setup.controlnets)
    return _pipeline_of(setup.pipeline, kind, setup.asked, **more)


def _pipeline_of(source: Any, kind: str, asked: Mapping[str, Json], **more: Any) -> Any:
    """A pipeline of that kind over the modules of `source`, with a scheduler of its own from the recipe's configuration."""
    diffusers = tensors.diffusers()
    scheduler = asked["scheduler"]
    assert isinstance(scheduler, Mapping)
    config = scheduler["config"]
    assert isinstance(config, Mapping)
    modules = {name: getattr(source, name, None) for name in _SHARED}
    pipeline = getattr(diffusers, kind)(
        **{
            **modules,
            "scheduler": getattr(diffusers, str(scheduler["class"]))(**config),
            "force_zeros_for_empty_prompt": asked["zero_empty_negative"],
            "add_watermarker": asked["watermark"],
            **more,
        }
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _call(setup: Setup, pipeline: Any, arguments: dict[str, Any]) -> Any:
    with tensors.torch().no_grad():
        return pipeline(**{name: value for name, value in arguments.items() if value is not None}).images


def _on_step(setup: Setup) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
    def count(pipeline: Any, index: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        setup.step(pipeline, values["latents"])
        return values

    return count


def _steps(setup: Setup) -> int:
    return int(str(setup.asked["steps"]))


def _pair(value: Json) -> tuple[int, int]:
    """[width, height] as recipes have it → (height, width) as SDXL is told it."""
    assert isinstance(value, list | tuple)
    return int(str(value[1])), int(str(value[0]))
