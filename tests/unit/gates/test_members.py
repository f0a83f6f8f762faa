"""Each gate with good pictures and bad ones drawn by us; hundreds of them are in `scripts/slow/gates.py`."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from aibild_build import gates
from aibild_build.gates import Measured
from aibild_build.gates.contrast import Contrast
from aibild_build.gates.duplicate import Duplicate, ones
from aibild_build.model import Json, Outcome
from scripts.slow.gates import outcome_of
from tests.support.labelled import AREA, PALETTE, cases, gates_drawn_for, scene, seen

LOOKING = [name for name in gates.names() if gates.load(name).scope != "prompt"]


@pytest.mark.parametrize("name", gates_drawn_for())
def test_a_gate_tells_good_from_bad(name: str, tmp_path: Path) -> None:
    outcomes = [(bool(case.damage), outcome_of(gates.load(name), case)) for case in cases(name, 6, tmp_path)]
    assert {bad for bad, _ in outcomes} == {False, True}
    assert all((outcome is not Outcome.PASS) == bad for bad, outcome in outcomes), outcomes


@pytest.mark.parametrize("name", sorted(set(gates_drawn_for()) - {"duplicate", "size", "blank", "artefacts", "fidelity"}))
def test_evidence_is_a_small_picture(name: str, tmp_path: Path) -> None:
    gate = gates.load(name)
    case = list(cases(name, 2, tmp_path))[1]
    data = gate.overlay(case.seen, gate.measure(case.seen))
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.format == "WEBP" and max(shown.size) <= 540 and len(data) < 60_000


def test_a_gate_is_told_only_what_it_names() -> None:
    """What is not in `facts` is not in the key, so a gate must do without it."""
    for name in LOOKING:
        gate = gates.load(name)
        assert set(gate.measured_with) <= set(gate.settings)
        assert set(gate.wants) <= {*gate.facts, *gate.settings}, name


def striped(first: str, share: float, scrim: list[Json] | None = None) -> gates.Seen:
    """A dark picture of which `share` of the safe area is `first`."""
    image = Image.new("RGB", (400, 400), "#101820")
    image.paste(first, (0, 0, round(400 * share), 400))
    area: Json = {"x": 0, "y": 0, "width": 1, "height": 1, "colour": "#ffffff"}
    return seen(image, safe_areas=[area], scrim=scrim or [0, 0, 0, 0.0], ratio="1:1")


def test_contrast_counts_the_worst_hundredth_and_not_the_mean() -> None:
    gate = Contrast()
    measured = gate.measure(striped("#ffffff", 0.05))
    (area,) = gates.rows(measured.facts["areas"])
    assert measured.score == pytest.approx(1.0, abs=0.1) and area["median"] > 15
    assert gate.judge(measured, {}).outcome is Outcome.BLOCK
    assert gate.judge(gate.measure(striped("#ffffff", 0.0)), {}).outcome is Outcome.PASS


def test_contrast_names_the_scrim_that_passes_and_lays_it() -> None:
    gate = Contrast()
    measured = gate.measure(striped("#ffffff", 0.5))
    needed = gate.opacity([measured], {})
    assert needed == 0.55, "white below black at 54 % has 4.5 (WCAG 2.2)"
    assert "a scrim of 55% would pass" in gate.judge(measured, {}).message
    assert gate.judge(measured, {"apply": True}).outcome is Outcome.PASS
    assert gate.properties([measured], {"apply": True}) == {"--scrim": "rgb(0 0 0/0.55)"}
    assert gate.properties([measured], {}) == {}
    assert gate.judge(measured, {"apply": True, "strongest": 0.4}).outcome is Outcome.BLOCK
    under = gate.measure(striped("#ffffff", 0.5, [0, 0, 0, 0.6]))
    assert under.score >= 4.5 and gate.properties([under], {"apply": True}) == {}
    assert gate.measure(striped("#808080", 0.5)).score < 4.5 < gate.measure(striped("#606060", 0.5)).score


def test_contrast_of_dark_text_wants_a_light_scrim() -> None:
    gate = Contrast()
    dark: Json = {"x": 0, "y": 0, "width": 1, "height": 1, "colour": "#101010"}
    image = Image.new("RGB", (100, 100), "#303030")
    measured = gate.measure(seen(image, safe_areas=[dark], scrim=[0, 0, 0, 0.0], ratio="1:1"))
    assert gate.properties([measured], {"apply": True})["--scrim"].startswith("rgb(255 255 255/")


def test_palette_takes_shades_between_its_colours() -> None:
    gate = gates.load("palette")
    between = Image.new("RGB", (64, 64), "#1e5a62")  # midway between the first two
    assert gate.measure(seen(between, palette=[[colour, 1] for colour in PALETTE])).score < 5
    assert gate.measure(seen(Image.new("RGB", (64, 64), "#c000c0"), palette=[["#12354a", 1]])).score > 30


def test_artefacts_pass_what_rules_drew(tmp_path: Path) -> None:
    """A weave of ours repeats on purpose; `always` has it looked at."""
    case = next(case for case in cases("artefacts", 40, tmp_path) if case.damage)
    drawn = replace(case.seen, facts={**case.seen.facts, "engine": "sketch"})
    gate = gates.load("artefacts")
    assert gate.measure(drawn).score == 0
    assert gate.measure(replace(drawn, settings={"always": True})).score > 0.5


def test_artefacts_leave_wanted_words_alone(tmp_path: Path) -> None:
    gate = gates.load("artefacts")
    typed = next(case for case in cases("artefacts", 40, tmp_path) if case.damage == "warped type")
    assert gate.measure(typed.seen).score > 0.5
    assert gate.measure(replace(typed.seen, facts={"text": "Velo"}, memo={})).score < 0.5


def test_bits_are_counted_where_numpy_does_not() -> None:
    import numpy

    words = [0, 1, 2**64 - 1, 1 << 63, 0x0123456789ABCDEF]
    assert ones(numpy.array(words, numpy.uint64)).tolist() == [word.bit_count() for word in words]


def test_ten_thousand_pictures_are_compared() -> None:
    """The benchmark says how fast; here, that every planted pair is found among ten thousand."""
    import random

    dice = random.Random(7)
    measured: dict[str, Measured] = {}
    for number in range(10_000):
        bits = dice.getrandbits(64)
        measured[f"p{number:05}"] = _hashes(bits, bits ^ dice.getrandbits(64))
    for number in range(0, 100, 10):
        twin = measured[f"p{number:05}"].facts
        measured[f"p{number + 5000:05}"] = _hashes(int(str(twin["phash"]), 16) ^ 0b101, int(str(twin["dhash"]), 16))
    found = [(pair.first, pair.second) for pair in Duplicate().compare(measured, {})]
    assert found == [(f"p{number:05}", f"p{number + 5000:05}") for number in range(0, 100, 10)]


def _hashes(straight: int, gradient: int) -> Measured:
    facts: dict[str, Json] = {"phash": f"{straight:016x}", "dhash": f"{gradient:016x}", "mirror": "0" * 16, "colour": "#406080"}
    return Measured(score=0, facts=facts)


def test_a_transparent_picture_is_looked_at_on_white() -> None:
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    measured = Contrast().measure(seen(clear, safe_areas=[AREA], scrim=[0, 0, 0, 0.0], ratio="1:1"))
    assert measured.score == 1.0
    for name in ("clutter", "palette", "sharpness", "thumbnail", "artefacts"):
        facts: dict[str, Json] = {"safe_areas": [AREA], "palette": [["#ffffff", 1]], "ratio": "1:1"}
        assert gates.load(name).measure(seen(clear, **facts)).score >= 0


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (97, 40)])
def test_tiny_pictures_are_measured_too(size: tuple[int, int], tmp_path: Path) -> None:
    image = scene(3, (120, 90)).resize(size)
    facts: dict[str, Json] = {"safe_areas": [AREA], "palette": [["#ffffff", 1]], "ratio": "1:1", "scrim": [0, 0, 0, 0.0]}
    for name in gates_drawn_for():
        subject = replace(seen(image, **facts), reference=image.tobytes())
        if name != "logo":
            assert gates.load(name).measure(subject).score == gates.load(name).measure(subject).score
