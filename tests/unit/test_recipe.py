from __future__ import annotations

from dataclasses import replace

import pytest

from aibild_build import recipe
from aibild_build.model import MASTER, Brief, Json, Origin, RatioRule, Recipe

BRIEF = Brief(
    id="quay",
    origin=Origin(path="briefs/quay.yaml", line=1),
    engine="sketch",
    parts=(("subject", "a quay"), ("light", "low sun")),
    parameters={"motif": "mesh", "grain": 0.2},
    size=(2400, 1350),
    ratios=(
        RatioRule(
            ratio="4:5",
            mode="regenerate",
            overrides={"subject": "a tall quay", "parameters": {"grain": 0.1}, "focal": [0.5, 0.2]},
        ),
        RatioRule(ratio="1:1", mode="regenerate", overrides={"size": [1024, 1024], "seed": 9}),
    ),
)
RECIPE = recipe.compose(
    engine="sketch",
    fingerprint=1,
    prompt="a quay",
    negative="",
    seed=5,
    size=(640, 360),
    parameters={"a": 1},
    inputs=[("file", "f" * 64)],
)


def test_the_master_is_the_brief_itself() -> None:
    assert recipe.for_ratio(BRIEF, MASTER) is BRIEF
    assert recipe.for_ratio(BRIEF, "16:9") is BRIEF


def test_overrides_replace_fields_and_merge_parameters() -> None:
    tall = recipe.for_ratio(BRIEF, "4:5")
    assert tall.parts == (("subject", "a tall quay"), ("light", "low sun"))
    assert tall.parameters == {"motif": "mesh", "grain": 0.1}
    assert tall.focal == (0.5, 0.2)
    assert recipe.for_ratio(BRIEF, "1:1").seed == 9


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("4:5", (1600, 2000)), ("1:1", (1024, 1024)), ("21:9", (2352, 1008)), ("9:16", (1296, 2304)), ("97:100", (1776, 1824))],
)
def test_a_ratio_of_its_own_keeps_the_area(ratio: str, size: tuple[int, int]) -> None:
    assert recipe.size_at(BRIEF, ratio) == size
    assert all(side % 8 == 0 for side in size) and max(size) <= max(BRIEF.size)


CHANGES = {
    "engine": "imported",
    "fingerprint": 2,
    "prompt": "a pier",
    "negative": "text",
    "seed": 6,
    "size": (640, 368),
    "parameters": {"a": 2},
    "inputs": (("file", "e" * 64),),
    "parents": ("d" * 64,),
    "watermark": {"id": "0a1b2c3d", "strength": 1.0},
    "schema": 2,
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_every_field_that_decides_pixels_is_in_the_key(field: str) -> None:
    assert replace(RECIPE, **{field: CHANGES[field]}).key != RECIPE.key  # type: ignore[arg-type]


def test_no_field_is_forgotten() -> None:
    assert set(CHANGES) | {"noted"} == set(Recipe.__dataclass_fields__)


def test_noted_fields_are_not_in_the_key() -> None:
    assert replace(RECIPE, noted={"driver": "9"}).key == RECIPE.key


def test_the_order_of_names_does_not_matter() -> None:
    one = recipe.compose(
        engine="x", fingerprint=1, prompt="", negative="", seed=0, size=(8, 8), parameters={"a": 1, "b": [1, {"c": 2, "d": 3}]}
    )
    two = recipe.compose(
        engine="x", fingerprint=1, prompt="", negative="", seed=0, size=(8, 8), parameters={"b": [1, {"d": 3, "c": 2}], "a": 1}
    )
    assert one.key == two.key


def test_text_is_normalised() -> None:
    composed = recipe.compose(engine="x", fingerprint=1, prompt="Caf\u00e9", negative="", seed=0, size=(8, 8), parameters={})
    decomposed = recipe.compose(engine="x", fingerprint=1, prompt="Cafe\u0301", negative="", seed=0, size=(8, 8), parameters={})
    assert composed.key == decomposed.key


def test_a_parameter_that_is_no_json_is_named() -> None:
    with pytest.raises(ValueError, match="parameter `strength`: nan is no JSON number"):
        recipe.compose(
            engine="x", fingerprint=1, prompt="", negative="", seed=0, size=(8, 8), parameters={"strength": float("nan")}
        )


def test_the_key_stands_still() -> None:
    """A recorded key: it may only change together with the schema number, since every lock file holds such keys."""
    assert RECIPE.key == "01a9e4fe42bc6bb9ac4eed47d81f3e1c41cb0105f6688ba3b9dbdaea8463158f"


def test_candidates_differ_in_their_seed_alone() -> None:
    seeds = [recipe.candidate(replace(RECIPE, seed=2**32 - 2), index).seed for index in range(4)]
    assert seeds == [2**32 - 2, 2**32 - 1, 0, 1]
    assert recipe.candidate(RECIPE, 0) is RECIPE


def test_differences_name_every_leaf() -> None:
    old: Json = {"prompt": "a", "parameters": {"motif": "mesh", "palette": [["#fff", 1], ["#000", 1]], "gone": True}}
    new: Json = {"prompt": "b", "parameters": {"motif": "mesh", "palette": [["#fff", 1], ["#111", 1]], "new": 1}}
    assert list(recipe.differences(old, new)) == [
        ("parameters.gone", True, None),
        ("parameters.new", None, 1),
        ("parameters.palette[1][0]", "#000", "#111"),
        ("prompt", "a", "b"),
    ]
    assert list(recipe.differences(old, old)) == []
