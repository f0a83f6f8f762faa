"""Gates `text` and `legible`: letters that nobody asked for, and words that were asked for and cannot be read."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from PIL import Image, ImageDraw, ImageFont

from aibild_build.gates import Measured, NotRun, Seen, load
from aibild_build.gates.letters import likeness, readable, words_of
from aibild_build.model import Json, Outcome

READERS = [
    pytest.param("tesseract", marks=pytest.mark.skipif(which("tesseract") is None, reason="tesseract is not installed")),
    pytest.param(
        "rapidocr", marks=pytest.mark.skipif(importlib.util.find_spec("rapidocr") is None, reason="rapidocr is not installed")
    ),
]


def picture(text: str = "", px: int = 70) -> Image.Image:
    """Slow clouds with a line of dark letters on them, or none."""
    ground = Image.radial_gradient("L").resize((768, 432))
    image = Image.merge("RGB", [ground.point([base + level // 4 for level in range(256)]) for base in (150, 170, 180)])
    if text:
        ImageDraw.Draw(image).text((60, 160), text, fill=(20, 20, 30), font=ImageFont.load_default(px))
    return image


def seen(image: Image.Image, reader: str = "", *, engine: str = "sdxl", always: bool = False, **facts: Json) -> Seen:
    told: dict[str, Json] = {"engine": engine, "text": "none", "max_text_share": None, **facts}
    return Seen(samples=image.tobytes(), size=image.size, facts=told, settings={"reader": reader, "always": always})


def judged(name: str, subject: Seen, **settings: Json) -> Outcome:
    gate = load(name)
    return gate.judge(gate.measure(subject), settings).outcome


@pytest.mark.parametrize("reader", READERS)
def test_letters_that_nobody_asked_for_are_found(reader: str) -> None:
    gate, subject = load("text"), seen(picture("Ride the city"), reader)
    measured = gate.measure(subject)
    judgement = gate.judge(measured, {})
    assert judgement.outcome is Outcome.BLOCK and "text on at most 0.4%, got `" in judgement.message
    assert 0.01 < measured.score < 0.4 and measured.facts["reader"] == reader
    assert gate.overlay(subject, measured)[8:12] == b"WEBP"
    assert judged("text", seen(picture("Ride the city"), reader), review=0.5, block=0.6) is Outcome.PASS


@pytest.mark.parametrize("reader", READERS)
def test_a_picture_without_letters_passes(reader: str) -> None:
    gate, subject = load("text"), seen(picture(), reader)
    measured = gate.measure(subject)
    assert measured.score == 0 and gate.judge(measured, {}).outcome is Outcome.PASS
    assert gate.overlay(subject, measured) == b""


@pytest.mark.parametrize("reader", READERS)
def test_words_that_the_brief_wants_are_none(reader: str) -> None:
    assert judged("text", seen(picture("Ride the city"), reader, text="Ride the city")) is Outcome.PASS
    assert judged("text", seen(picture("Ride the city"), reader, text="Stay at home")) is Outcome.BLOCK


@pytest.mark.parametrize("reader", READERS)
def test_the_brief_may_allow_a_share(reader: str) -> None:
    assert judged("text", seen(picture("Ride the city"), reader, max_text_share=0.5)) is Outcome.PASS
    assert judged("text", seen(picture("Ride the city"), reader, max_text_share=0.001)) is Outcome.BLOCK


def test_what_cannot_hold_letters_by_accident_is_not_read() -> None:
    """A reader that does not exist would say so."""
    lettered = picture("Ride the city")
    assert judged("text", seen(lettered, "nobody", engine="sketch")) is Outcome.PASS
    assert judged("text", seen(lettered, "nobody", engine="imported")) is Outcome.PASS
    for subject in (
        seen(lettered, "nobody", engine="sketch", always=True),
        seen(lettered, "nobody", engine="imported", text="Ride"),
        seen(lettered, "nobody"),
    ):
        with pytest.raises(NotRun, match="expected reader as one of rapidocr, tesseract"):
            load("text").measure(subject)


def test_a_reader_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRun, match="tesseract is not installed"):
        load("text").measure(seen(picture(), "tesseract"))


@pytest.mark.skipif(which("tesseract") is None, reason="tesseract is not installed")
def test_a_language_that_tesseract_lacks_is_no_pass() -> None:
    subject = seen(picture(), "tesseract")
    with pytest.raises(NotRun, match="tesseract failed for `tlh`"):
        load("text").measure(replace(subject, settings={"reader": "tesseract", "languages": "tlh"}))


@pytest.mark.parametrize("reader", READERS)
def test_wanted_words_must_be_readable(reader: str) -> None:
    large = picture("Ride the city")
    tiny = large.resize((40, 22))
    assert judged("legible", seen(large, reader, text="Ride the city")) is Outcome.PASS
    measured = load("legible").measure(seen(tiny, reader, text="Ride the city"))
    judgement = load("legible").judge(measured, {})
    assert judgement.outcome is Outcome.BLOCK and "expected `ride the city` readable at 40 px" in judgement.message


def test_where_no_words_are_wanted_none_are_read() -> None:
    assert load("legible").measure(seen(picture(), "nobody", text="none")).score == 1
    assert load("legible").wants == ("text",)


def test_limits_can_be_set_and_switched_off() -> None:
    gate = load("text")
    assert gate.limits({}) == (0.0, 0.004) and gate.limits({"review": 0.1, "block": 0.2}) == (0.1, 0.2)
    read: Json = [{"text": "Ride", "box": [0, 0, 0.1, 0.1]}]
    little = Measured(score=0.001, facts={"read": read, "allowed": None})
    assert gate.judge(little, {}).outcome is Outcome.REVIEW
    assert gate.judge(little, {}).message == "expected no text, got `Ride` on 0.10%"


def test_words_are_held_against_words() -> None:
    assert words_of("None") == words_of(" ") == () and words_of("RIDE the—city!") == ("ride", "the", "city")
    assert (
        likeness("", "") == 1 and likeness("city", "city") == 1 and likeness("city", "cite") == 0.75 and likeness("ab", "") == 0
    )
    assert readable(("ride", "the", "city"), ("ride", "the", "city")) == 1
    assert readable(("ride", "city"), ("ridecity",)) == 1
    assert readable(("ride", "city"), ()) == 0 and readable((), ("x",)) == 1
