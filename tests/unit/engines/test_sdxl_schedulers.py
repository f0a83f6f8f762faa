"""Our table of schedulers, held to diffusers. Skips where the extra is not installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import pytest

from aibild_build import tensors
from aibild_build.canonical import canonical
from aibild_build.engines.sdxl import schedulers
from aibild_build.model import Json
from tests.support.sdxl import SCHEDULER

MODELS: Mapping[str, Mapping[str, Json]] = {
    "nothing": {},
    "published": {
        **SCHEDULER,
        "clip_sample": False,
        "interpolation_type": "linear",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "trained_betas": None,
        "use_karras_sigmas": False,
    },
    "v-prediction": {**SCHEDULER, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
}


def test_every_name_resolves_to_json() -> None:
    for name in schedulers.names():
        assert canonical(schedulers.resolve(name, MODELS["published"])).startswith(b"{"), name


def test_an_unknown_name() -> None:
    with pytest.raises(KeyError):
        schedulers.resolve("Euler ancestral", {})


@pytest.mark.skipif(find_spec("diffusers") is None, reason="needs the extra `sdxl`")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize("name", schedulers.names())
def test_diffusers_comes_to_the_same(name: str, model: str) -> None:
    resolved = schedulers.resolve(name, MODELS[model])
    config = resolved["config"]
    assert isinstance(config, dict)
    kind = getattr(tensors.diffusers(), str(resolved["class"]))
    meant = schedulers.resolve(name, {})["config"]
    defaults = dict(kind().config)
    assert isinstance(meant, dict)
    changes = {key: value for key, value in meant.items() if value != defaults[key]}
    theirs = dict(kind.from_config(dict(MODELS[model]), **changes).config)
    settable = set(defaults) - {"_use_default_values", "lambda_min_clipped"}
    assert settable == set(config)
    assert {key: theirs[key] for key in settable} == config
    assert {key: value for key, value in dict(kind(**config).config).items() if key in settable} == config
