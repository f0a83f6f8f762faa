"""What a motif is asked to paint: a recipe's parameters, read back with types.

Takes a recipe, yields a `Scene`; knows no pixels. A recipe may come from an old lock or another tool: nothing is trusted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ... import colour as srgb
from ...errors import EngineRefused
from ...model import Json, Recipe, Size
from .stream import Stream

MAX_PIXELS = 67_108_864


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A safe area in fractions of the picture, and the colour of the text that will lie on it."""

    x: float
    y: float
    width: float
    height: float
    text: srgb.Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`focal` in fractions; `palette` as (#rrggbb, weight); `options` holds the motif's own parameters."""

    motif: str
    size: Size
    palette: tuple[tuple[str, float], ...]
    focal: tuple[float, float]
    areas: tuple[Area, ...]
    grain: float
    options: Mapping[str, Json]
    stream: Stream

    def number(self, name: str) -> float:
        value = self.options.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise EngineRefused(f"expected {name} as number, got {value!r}", hint="make the recipe from its brief again")
        return float(value)

    def word(self, name: str) -> str:
        value = self.options.get(name)
        if not isinstance(value, str):
            raise EngineRefused(f"expected {name} as text, got {value!r}", hint="make the recipe from its brief again")
        return value


def read_scene(recipe: Recipe) -> Scene:
    """The scene of a recipe. Raises EngineRefused when its parameters are not what `resolve` writes."""
    width, height = recipe.size
    if width < 16 or height < 16 or width * height > MAX_PIXELS:
        raise EngineRefused(f"expected a size from 16×16 to {MAX_PIXELS} pixels, got {width}×{height}")
    given = recipe.parameters
    try:
        focal_x, focal_y = (float(value) for value in _items(given["focal"]))
        palette = tuple((srgb.to_hex(srgb.parse(str(pair[0]))), float(pair[1])) for pair in map(_items, _items(given["palette"])))
        areas = tuple(_area(area) for area in _items(given["safe_areas"]))
        motif, grain = str(given["motif"]), float(_items([given["grain"]])[0])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise EngineRefused(
            f"sketch cannot read the recipe's parameters: {error}", hint="make it from its brief again"
        ) from error
    if (
        not palette
        or any(not 0 < weight < 1e6 for _, weight in palette)
        or not all(0 <= v <= 1 for v in (focal_x, focal_y, grain))
    ):
        raise EngineRefused("expected a palette with weights above 0, focal and grain within 0–1")
    options = {name: value for name, value in given.items() if name not in ("motif", "palette", "focal", "safe_areas", "grain")}
    return Scene(
        motif=motif,
        size=recipe.size,
        palette=palette,
        focal=(focal_x, focal_y),
        areas=areas,
        grain=grain,
        options=options,
        stream=Stream(recipe.seed, recipe.prompt, motif),
    )


def _items(value: Json) -> list[float]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return list(value)  # type: ignore[arg-type]


def _area(value: object) -> Area:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no safe area")
    x, y, width, height = (float(value[side]) for side in ("x", "y", "width", "height"))
    if not (0 <= x <= 1 and 0 <= y <= 1 and width > 0 and height > 0):
        raise ValueError("a safe area lies outside the picture")
    return Area(x=x, y=y, width=min(width, 1 - x), height=min(height, 1 - y), text=srgb.parse(str(value["colour"])))
