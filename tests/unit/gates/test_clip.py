"""Gates `clip` and `motif` with a tiny model of random weights: the plumbing is proved, the judgement is the real model's."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from aibild_build.gates import Measured, NotRun, Seen, load
from aibild_build.model import Json, Outcome

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("open_clip") is None:
    pytest.skip("torch and open_clip are not installed", allow_module_level=True)

from tests.support.tiny_clip import write_tiny_clip

COLOURS = ("#b03a2e", "#2a6478", "#e0a030", "#101010", "#f0f0f0")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Json]:
    weights, architecture = write_tiny_clip(tmp_path_factory.mktemp("clip"))
    return {"weights": str(weights), "architecture": str(architecture)}


def seen(colour: str, settings: Mapping[str, Json], prompt: str = "a red boat") -> Seen:
    image = Image.new("RGB", (96, 54), colour)
    return Seen(samples=image.tobytes(), size=image.size, facts={"prompt": prompt}, settings=settings)


def test_pictures_and_words_are_compared(settings: Mapping[str, Json]) -> None:
    gate = load("clip")
    scores = {
        (colour, prompt): gate.measure(seen(colour, settings, prompt)).score
        for colour in COLOURS
        for prompt in ("a red boat", "snow on a hill", "two cyclists")
    }
    assert len(set(scores.values())) > 5 and all(0 <= score <= 2.5 for score in scores.values())
    assert gate.measure(seen("#b03a2e", settings)) == gate.measure(seen("#b03a2e", settings))


def test_a_floor_refuses_and_no_floor_does_not() -> None:
    gate, measured = load("clip"), Measured(score=0.4)
    assert gate.judge(measured, {}).outcome is Outcome.PASS
    assert gate.judge(measured, {"block": 0.5}).outcome is Outcome.BLOCK
    assert gate.judge(measured, {"review": 0.5, "block": 0.3}).outcome is Outcome.REVIEW
    assert gate.judge(measured, {"block": 0.5}).message == "expected CLIPScore of at least 0.5, got 0.4"


def test_each_label_gets_its_share(settings: Mapping[str, Json]) -> None:
    gate = load("motif")
    labels: Json = ["a weapon", "a cigarette"]
    found = [gate.measure(seen(colour, {**settings, "labels": labels})) for colour in COLOURS]
    for measured in found:
        shares = measured.facts["labels"]
        assert isinstance(shares, Mapping) and list(shares) == labels and measured.score == max(shares.values())  # type: ignore[type-var]
    alone = gate.measure(seen("#b03a2e", {**settings, "labels": ["a weapon"], "neutral": ["a weapon"]}))
    assert alone.score == 0.5, "the same words share evenly"
    judgement = gate.judge(alone, {"block": 0.4})
    assert judgement.outcome is Outcome.BLOCK and judgement.message == "expected no `a weapon`, got one with a likelihood of 50%"
    assert gate.judge(alone, {"review": 0.6, "block": 0.7}).outcome is Outcome.PASS


@pytest.mark.parametrize("name", ["clip", "motif"])
def test_what_is_missing_is_named(name: str, settings: Mapping[str, Json], tmp_path: Path) -> None:
    pickled, torn = tmp_path / "a.pt", tmp_path / "torn.safetensors"
    pickled.write_bytes(b"x")
    torn.write_bytes(b"no tensors")
    for change, reason in (
        ({"weights": ""}, "no weights"),
        ({"weights": str(tmp_path / "gone.safetensors")}, "gone.safetensors are not on this machine"),
        ({"weights": str(pickled)}, "expected weights as .safetensors file, got a.pt"),
        ({"weights": str(torn)}, "torn.safetensors is no `tiny`"),
        ({"architecture": "", "model": "ViT-B-32"}, "tiny.safetensors is no `ViT-B-32`"),
    ):
        with pytest.raises(NotRun, match=reason):
            load(name).measure(seen("#b03a2e", {**settings, "labels": ["a weapon"], **change}))
