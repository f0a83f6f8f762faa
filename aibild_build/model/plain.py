"""Plain values that every noun is made of: JSON, sizes, ratios."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"
Size: TypeAlias = tuple[int, int]

RECIPE_SCHEMA = 1
RENDITION_SCHEMA = 1
PROMPT_PARTS = ("subject", "setting", "composition", "light", "style", "constraints")
MASTER = "master"


def ratio_value(ratio: str) -> Fraction:
    """`"16:9"` → 16/9. Raises ValueError unless both sides are whole numbers from 1 to 100."""
    width, colon, height = ratio.partition(":")
    if not (colon and width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise ValueError(f"{ratio!r} is no ratio like 16:9")
    if not (1 <= int(width) <= 100 and 1 <= int(height) <= 100):
        raise ValueError(f"{ratio!r} has a side that is not 1 to 100")
    return Fraction(int(width), int(height))
