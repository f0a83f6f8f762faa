"""Nouns go to JSON and come back equal; anything else is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass

import pytest

from aibild_build import model
from aibild_build.canonical import canonical
from aibild_build.model import Asset, Cache, FileFacts, Finding, Json, Level, Made, Origin, Output, Page, PictureRef, Rendition
from aibild_build.wire import from_json, to_json

FACTS = FileFacts(
    media_type="image/avif",
    width=800,
    height=450,
    bytes=12345,
    unsigned="u" * 64,
    fields={"Credit": "Anna Bäcker", "Rights": "© 2026"},
    hashes={"phash": "ff00"},
)
NOUNS = [
    Asset(
        recipe="a" * 64,
        pixels="b" * 64,
        digest="c" * 64,
        size=(2400, 1350),
        mode="RGB",
        source_type="algorithmicMedia",
        made=Made(engine="sketch", environment={"numpy": "2.1", "cores": [1, 2]}, seconds=2.0, when="2026-11-23", credits=0.25),
    ),
    Rendition(encode="e" * 64, delivery="d" * 64, digest="c" * 64, format="avif", facts=FACTS, url="i/hero-800.abc.avif"),
    Output(path="index.html", digest="c" * 64, bytes=3, media_type="text/html", cache=Cache.REVALIDATE),
    Output(path="i/a.avif", digest="c" * 64, bytes=3, media_type="image/avif", cache=Cache.IMMUTABLE, facts=FACTS),
    Finding(rule="page-bytes-over", level=Level.ERROR, message="m", origin=Origin(path="a.md", line=3), measured=12, limit=1.5),
    Finding(rule="r", level=Level.NOTE, message="m", measured="much"),
    Page(
        id="a",
        lang="en",
        url="a/",
        path="a/index.html",
        origin=Origin(path="site/a.md"),
        digest="c" * 64,
        template="page.html",
        title="A",
        description="",
        body=(
            "<p>",
            PictureRef(brief="hero", slot="prose", alt="x", caption="", origin=Origin(path="site/a.md", line=4)),
            "</p>",
        ),
        tags=("x", "y"),
        order=3.0,
        extra={"deep": {"er": [1, None, True]}},
    ),
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
def test_comes_back_equal_through_canonical_bytes(noun: object) -> None:
    back: object = from_json(type(noun), json.loads(canonical(to_json(noun))))
    assert back == noun


def test_types_survive_and_not_only_values() -> None:
    asset = from_json(Asset, json.loads(canonical(to_json(NOUNS[0]))))
    assert isinstance(asset.size, tuple)
    assert isinstance(asset.made.seconds, float)  # canonical JSON wrote 2
    output = from_json(Output, to_json(NOUNS[2]))
    assert isinstance(output.cache, Cache)
    assert output.facts is None


def test_every_noun_can_be_read() -> None:
    for name in model.__all__:
        noun = getattr(model, name)
        if is_dataclass(noun):
            assert isinstance(noun, type)
            with pytest.raises(ValueError, match=f"expected a mapping of {name}"):
                from_json(noun, None)


def test_absent_fields_take_their_defaults() -> None:
    assert from_json(FileFacts, {"media_type": "image/png"}) == FileFacts(media_type="image/png")


OUTPUT = to_json(NOUNS[3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bytes": "3"}, "bytes: expected a whole number, got '3'"),
        ({"bytes": 3.5}, "bytes: expected a whole number, got 3.5"),
        ({"bytes": True}, "bytes: expected a whole number, got True"),
        ({"path": None}, "path: expected text, got None"),
        ({"cache": "forever"}, "cache: expected one of immutable, revalidate, got 'forever'"),
        ({"colour": "red"}, "colour: expected a field of Output, got an unknown name"),
        ({"facts": {"media_type": "x", "width": "wide"}}, "facts.width: expected a whole number, got 'wide'"),
        ({"facts": {"media_type": "x", "fields": {"Credit": 3}}}, "facts.fields.Credit: expected text, got 3"),
        ({"facts": {}}, "facts.media_type: expected a value, got none"),
        ({"facts": 7}, "facts: expected FileFacts or NoneType, got 7"),
    ],
)
def test_a_wrong_shape_is_named_with_its_path(change: dict[str, Json], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_json(Output, {**OUTPUT, **change})
    assert str(caught.value) == message


@pytest.mark.parametrize("size", [[1], [1, 2, 3], "12", {"0": 1}, [1, "2"]])
def test_a_pair_is_two_numbers(size: Json) -> None:
    with pytest.raises(ValueError, match=r"^size"):
        from_json(Asset, {**to_json(NOUNS[0]), "size": size})


def test_steps_into_lists_are_counted() -> None:
    with pytest.raises(ValueError, match=r"^body\[1\]\.slot: expected text, got 3$"):
        page = json.loads(canonical(to_json(NOUNS[6])))
        page["body"][1]["slot"] = 3
        from_json(Page, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    value: object = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    either: float | int | str = 0


def test_what_json_cannot_carry_is_refused() -> None:
    for value in (b"bytes", {1: "number as a key"}, {"set": {1, 2}}, Odd):
        with pytest.raises(ValueError):
            to_json(Odd(value=value))
    with pytest.raises(ValueError, match="expected a dataclass instance, got dict"):
        to_json({})
    with pytest.raises(ValueError, match="dict is no dataclass"):
        from_json(dict, {})


def test_a_whole_number_stays_one_in_a_union() -> None:
    assert isinstance(from_json(Odd, {"either": 3}).either, int)
    assert isinstance(from_json(Odd, {"either": 3.5}).either, float)
    assert isinstance(from_json(Odd, {"numbers": {"a": 3}}).numbers["a"], float)
