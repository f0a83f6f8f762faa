"""Briefs for SDXL: what is asked for, what is wrong, and what is allowed. Needs no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from aibild_build import engines
from aibild_build.engines.sdxl import buckets, schedulers
from aibild_build.errors import EngineUnavailable
from aibild_build.model import Json, Level
from tests.support import sdxl


@pytest.mark.parametrize(
    "size,bucket",
    [
        ((1024, 1024), (1024, 1024)),
        ((2400, 1350), (1344, 768)),
        ((1080, 1350), (896, 1152)),
        ((2100, 900), (1536, 640)),
        ((800, 3200), (512, 2048)),
    ],
)
def test_the_nearest_bucket(size: tuple[int, int], bucket: tuple[int, int]) -> None:
    assert buckets.bucket_for(size) == bucket


def test_buckets_are_whole_latents_of_about_a_million_pixels() -> None:
    for width, height in buckets.BUCKETS:
        assert width % 64 == height % 64 == 0
        assert 0.9 < width * height / 1024**2 < 1.06


def test_a_small_model_has_small_buckets() -> None:
    assert buckets.bucket_for((1600, 900), 64) == (80, 48)


def test_what_sdxl_is_told_of_sizes_is_written_out() -> None:
    told = sdxl.resolved(sdxl.brief({"original_size": [640, 480]})).parameters["conditioning"]
    assert told == {
        "original_size": [640, 480],
        "target_size": [80, 48],
        "crop_top_left": [0, 0],
        "negative_original_size": [640, 480],
        "negative_target_size": [80, 48],
        "negative_crop_top_left": [0, 0],
    }


def test_a_scheduler_takes_the_model_s_settings_under_its_own() -> None:
    resolved = schedulers.resolve("DPM++ 2M Karras", {**sdxl.SCHEDULER, "use_karras_sigmas": False, "skip_prk_steps": True})
    config = resolved["config"]
    assert resolved["class"] == "DPMSolverMultistepScheduler"
    assert isinstance(config, dict)
    assert config["use_karras_sigmas"] is True
    assert config["beta_schedule"] == "scaled_linear"
    assert "skip_prk_steps" not in config


FAULTS: dict[str, tuple[dict[str, Json], str]] = {
    "unknown parameter": ({"step": 3}, "got `parameters.step`"),
    "unknown inner": ({"highres": {"size": 3}}, "got `parameters.highres.size`"),
    "no model": ({"model": ""}, "expected parameters.model as text"),
    "undeclared model": ({"model": "bass"}, "name of a declared model"),
    "wrong kind": ({"model": "lora"}, "of kind sdxl or sdxl-inpaint"),
    "lora that is none": ({"loras": ["vae"]}, "of kind lora"),
    "unknown scheduler": ({"scheduler": "DPM+ 2M"}, "expected parameters.scheduler as one of"),
    "eta without use": ({"eta": 1.0}, "expected parameters.eta as 0"),
    "steps": ({"steps": 0}, "integer 1–200"),
    "guidance": ({"guidance": "high"}, "number 0–50"),
    "bucket": ({"bucket": [100, 100]}, "multiples of 8"),
    "clip skip with weights": ({"clip_skip": 1, "weighting": "compel"}, "expected parameters.clip_skip as 0"),
    "rescale with controls": (
        {"guidance_rescale": 0.5, "controls": [{"model": "canny", "image": "a.png"}]},
        "expected parameters.guidance_rescale as 0",
    ),
    "control without image": ({"controls": [{"model": "canny"}]}, "image as text"),
    "control source": ({"controls": [{"model": "canny", "image": "a", "from": "pose"}]}, "one of given, canny, depth"),
    "depth without estimator": ({"controls": [{"model": "depth", "image": "a", "from": "depth"}]}, "estimator as text"),
    "init without image": ({"init": {"strength": 0.5}}, "path of a picture"),
    "refiner and init": ({"init": {"image": "a"}, "refiner": {"model": "refiner"}}, "expected parameters.refiner as left out"),
    "no step left": ({"init": {"image": "a", "strength": 0.1}}, "expected steps × strength of at least 1, got 4 × 0.1"),
    "no second step left": ({"highres": {"strength": 0.1}}, "expected steps × strength of at least 1"),
    "loras as number": ({"loras": 3}, "expected parameters.loras as list of tables"),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_told_in_one_sentence(name: str) -> None:
    parameters, part = FAULTS[name]
    found = sdxl.resolved(sdxl.brief(parameters)).findings
    assert any(part in finding.message for finding in found), [finding.message for finding in found]
    assert all(finding.level is Level.FATAL and finding.origin is not None for finding in found)


def test_the_nearest_name_is_offered() -> None:
    found = sdxl.resolved(sdxl.brief({"scheduler": "DPM++ 2M Karas", "stepz": 3})).findings
    assert "DPM++ 2M Karras" in found[0].hint and "steps" in found[1].hint


def test_an_unused_embedding_is_a_warning() -> None:
    (finding,) = sdxl.resolved(sdxl.brief({"embeddings": ["word"]})).findings
    assert (finding.rule, finding.level) == ("embedding-unused", Level.WARNING)
    assert sdxl.messages({"embeddings": ["word"]}, parts=(("subject", "a <word> tower"),)) == []


def test_a_model_that_is_nowhere_is_told_with_the_way_to_it() -> None:
    (finding,) = sdxl.resolved(sdxl.brief(), {}).findings
    assert finding.rule == "source-model" and "neither on this machine nor in aibild.lock" in finding.message
    assert "aibild models pull base" in finding.hint


@pytest.mark.parametrize(
    "allow,told",
    [
        ({"licenses": ["openrail"]}, ""),
        ({"licenses": ["mit"]}, "under one of the licences mit, got `openrail`"),
        ({"fingerprints": ["base-print"]}, ""),
        ({"fingerprints": ["another"]}, "is not on the list"),
        ({"licenses": ["openrail"], "fingerprints": []}, "is not on the list"),
    ],
)
def test_the_list_of_what_may_be_used(allow: dict[str, Json], told: str) -> None:
    found = sdxl.resolved(sdxl.brief(), engine=engines.load("sdxl", sdxl.settings(allow=allow))).findings
    assert [finding.message for finding in found if told not in finding.message] == []
    assert bool(found) == bool(told)


def test_the_engine_s_own_model_serves_briefs_that_name_none() -> None:
    engine = engines.load("sdxl", sdxl.settings(model="base"))
    asked = sdxl.brief()
    asked = type(asked)(**{**_fields(asked), "parameters": {"steps": 4}})
    assert sdxl.recipe_of(sdxl.resolved(asked, engine=engine)).key == sdxl.key()


def test_a_misspelt_setting_is_told() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        engines.load("sdxl", {"resident": 1, "devise": "cpu"})
    assert "engines.sdxl.devise" in caught.value.message and "device" in caught.value.hint


def test_weights_in_the_prompt_switch_weighting_on() -> None:
    weighted = sdxl.resolved(sdxl.brief(parts=(("subject", "a (red)1.3 tower"),))).parameters["weighting"]
    assert weighted == {"dialect": "compel", "revision": 1}
    assert sdxl.resolved(sdxl.brief()).parameters["weighting"] == {"dialect": "none"}


def test_all_models_of_a_brief_are_known_beforehand() -> None:
    asked = sdxl.brief(
        {
            "vae": "vae",
            "loras": ["lora", {"model": "lora-two"}],
            "embeddings": "word",
            "controls": [{"model": "depth", "estimator": "estimator"}],
            "ip_adapter": {"model": "adapter", "encoder": "eye"},
            "inpaint": {"model": "painter"},
            "refiner": {"model": "refiner"},
        }
    )
    engine = engines.load("sdxl", sdxl.settings())
    assert isinstance(engine, engines.Modelled)
    expected = ["adapter", "base", "depth", "estimator", "eye", "lora", "lora-two", "painter", "refiner", "vae", "word"]
    assert list(engine.models_of(asked)) == expected


def test_more_work_costs_more() -> None:
    engine = engines.load("sdxl", sdxl.settings())

    def seconds(parameters: dict[str, Json]) -> float:
        return engine.estimate(sdxl.recipe_of(sdxl.resolved(sdxl.brief(parameters)))).seconds or 0.0

    published: dict[str, Json] = {"bucket": [1024, 1024], "steps": 30}
    assert seconds(published) == pytest.approx(416 * 0.003, rel=0.01)
    assert seconds({**published, "guidance": 1.0}) < seconds(published) < seconds({**published, "highres": {}})


def test_resolving_loads_nothing_heavy() -> None:
    code = """
import json, sys
from aibild_build import engines
from tests.support import sdxl
sdxl.resolved(sdxl.brief({"loras": ["lora"]}))
print(json.dumps([name for name in ("numpy", "PIL", "torch", "diffusers", "safetensors") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def _fields(noun: Any) -> dict[str, Any]:
    return {name: getattr(noun, name) for name in noun.__dataclass_fields__}
