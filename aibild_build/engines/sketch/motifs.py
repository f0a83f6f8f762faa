"""The table of motifs: what each may be asked, and where it is painted. No array library is loaded here.

To add a motif: one file with `paint(scene, progress) -> planes`, a loader with a real import in its body, one row in `MOTIFS`
with the parameters it reads, one line in the docs page "Engines". `tests/unit/engines/test_sketch.py` then asks it the same
questions as all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...model import Json
from .scene import Scene

Paint: TypeAlias = Callable[[Scene, Callable[[float], None]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing a brief may set: a choice among `options`, else a number from `low` to `high` (`whole` or not)."""

    default: str | float | int
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    options: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        if self.options:
            return "one of " + ", ".join(self.options)
        return f"{'integer' if self.whole else 'number'} {self.low:g}–{self.high:g}"

    def accepts(self, value: Json) -> bool:
        if self.options:
            return value in self.options
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return self.low <= float(value) <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Motif:
    """`palettes` names the row of `tones.PALETTES` used when a brief has no palette; empty: the row of its `time`."""

    load: Callable[[], Paint]
    palettes: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def _landscape() -> Paint:
    from .landscape import paint

    return paint


def _mesh() -> Paint:
    from .mesh import paint

    return paint


# Grain is felt more than seen: above about 0.6 it costs a quarter more bytes in every format.
COMMON: Mapping[str, Parameter] = {"grain": Parameter(default=0.35)}
TIMES = ("dawn", "day", "dusk", "night")

MOTIFS: Mapping[str, Motif] = {
    "landscape": Motif(
        load=_landscape,
        parameters={
            "time": Parameter(default="day", options=TIMES),
            "layers": Parameter(default=7, low=3, high=12, whole=True),
            "relief": Parameter(default=0.5),
            "trees": Parameter(default=0.5),
        },
    ),
    "mesh": Motif(
        load=_mesh,
        palettes="mesh",
        parameters={
            "points": Parameter(default=6, low=3, high=12, whole=True),
            "flow": Parameter(default=0.6),
            "folds": Parameter(default=0.35),
        },
    ),
}
DEFAULT_MOTIF = "landscape"
