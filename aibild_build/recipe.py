"""`Brief` + what the engine resolved → `Recipe`, and what differs between two recipes.

Takes nouns and plain values, yields the recipe whose `key` names the picture that was asked for. Standard library only; it opens
no file and knows no engine: the digests of input files are handed in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isqrt

from .canonical import canonical
from .model import MASTER, PROMPT_PARTS, Brief, Json, Recipe, Size, ratio_value

_FEW = 4  # below so many units of an exact ratio, rounding each side keeps more of the area


def for_ratio(brief: Brief, ratio: str) -> Brief:
    """The brief as it stands for one ratio: its `overrides` applied. `MASTER` and ratios without a rule give the brief itself."""
    rule = next((rule for rule in brief.ratios if rule.ratio == ratio), None)
    if ratio == MASTER or rule is None or not rule.overrides:
        return brief
    over = rule.overrides
    parts = {**dict(brief.parts), **{name: str(over[name]) for name in PROMPT_PARTS if name in over}}
    changes: dict[str, object] = {"parts": tuple((name, parts[name]) for name in PROMPT_PARTS if name in parts)}
    for name in ("negative", "seed"):
        if name in over:
            changes[name] = over[name]
    for name in ("size", "focal"):
        value = over.get(name)
        if isinstance(value, list | tuple):
            changes[name] = (value[0], value[1])
    extra = over.get("parameters")
    if isinstance(extra, Mapping):
        changes["parameters"] = {**brief.parameters, **extra}
    return replace(brief, **changes)  # type: ignore[arg-type]


def size_at(brief: Brief, ratio: str) -> Size:
    """The size of an asset that is made for one ratio: the overridden size, or the master's area in that shape.

    Sides are multiples of 8, as SDXL's latents want them, of exactly that ratio where its terms are small enough, and never
    longer than the master's longer side.
    """
    rule = next((rule for rule in brief.ratios if rule.ratio == ratio), None)
    size = rule.overrides.get("size") if rule else None
    if isinstance(size, list | tuple):
        return int(str(size[0])), int(str(size[1]))
    value, longest = ratio_value(ratio), max(brief.size)
    wide, tall = 8 * value.numerator, 8 * value.denominator
    count = min(isqrt(brief.size[0] * brief.size[1] // (wide * tall)), longest // max(wide, tall))
    if count >= _FEW:
        return count * wide, count * tall
    width = min((brief.size[0] * brief.size[1] * float(value)) ** 0.5, longest, longest * float(value))
    return max(8, round(width / 8) * 8), max(8, round(width / float(value) / 8) * 8)


def compose(
    *,
    engine: str,
    fingerprint: int,
    prompt: str,
    negative: str,
    seed: int,
    size: Size,
    parameters: Mapping[str, Json],
    inputs: Sequence[tuple[str, str]] = (),
    parents: Sequence[str] = (),
    noted: Mapping[str, Json] | None = None,
    watermark: Mapping[str, Json] | None = None,
) -> Recipe:
    """The recipe of one candidate. Text is normalised (Unicode NFC), inputs are sorted by role.

    Raises ValueError when a parameter is no JSON value, naming it.
    """
    for name, value in parameters.items():
        try:
            canonical(value)
        except ValueError as error:
            raise ValueError(f"parameter `{name}`: {error}") from error
    return Recipe(
        engine=engine,
        fingerprint=fingerprint,
        prompt=unicodedata.normalize("NFC", prompt),
        negative=unicodedata.normalize("NFC", negative),
        seed=seed,
        size=size,
        parameters=parameters,
        inputs=tuple(sorted(inputs)),
        parents=tuple(parents),
        noted=noted or {},
        watermark=watermark or {},
    )


def candidate(recipe: Recipe, index: int) -> Recipe:
    """The recipe of candidate `index`: the same but for the seed, which counts up and wraps at 2**32."""
    return recipe if index == 0 else replace(recipe, seed=(recipe.seed + index) % 2**32)


def differences(old: Json, new: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """Every leaf that differs between two JSON values, as (path, old, new), in the order of their names. Absent is None."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from differences(old.get(name), new.get(name), f"{path}.{name}" if path else name)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{index}]")
    elif old != new:
        yield path, old, new
