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
    """`palettes` names the row of `tones.PALETTES` used when a brief has no palette; empty: the row of its `time`.

    `calm` and `reach` say how safe areas are calmed, see `calm.settle`.
    """

    load: Callable[[], Paint]
    palettes: str = ""
    calm: str = "mist"
    reach: float = 1.0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def _landscape() -> Paint:
    from .landscape import paint

    return paint


def _mesh() -> Paint:
    from .mesh import paint

    return paint


def _contours() -> Paint:
    from .contours import paint

    return paint


def _weave() -> Paint:
    from .weave import paint

    return paint


def _tiles() -> Paint:
    from .tiles import paint

    return paint


def _bokeh() -> Paint:
    from .bokeh import paint

    return paint


# Grain is felt more than seen: above about 0.6 it costs a quarter more bytes in every format.
COMMON: Mapping[str, Parameter] = {"grain": Parameter(default=0.35)}
TIMES = ("dawn", "day", "dusk", "night")
SHAPES = ("mixed", "arcs", "triangles")

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
    "contours": Motif(
        load=_contours,
        palettes="contours",
        calm="tint",
        reach=0.35,
        parameters={
            "levels": Parameter(default=14, low=6, high=32, whole=True),
            "relief": Parameter(default=0.6),
            "lines": Parameter(default=0.5),
        },
    ),
    "weave": Motif(
        load=_weave,
        palettes="weave",
        calm="veil",
        reach=1.2,
        parameters={
            "strands": Parameter(default=12, low=4, high=28, whole=True),
            "over": Parameter(default=3, low=1, high=7, whole=True),
            "bend": Parameter(default=0.5),
            "threads": Parameter(default=0.5),
        },
    ),
    "tiles": Motif(
        load=_tiles,
        palettes="tiles",
        calm="tint",
        reach=0.03,
        parameters={
            "rows": Parameter(default=6, low=3, high=14, whole=True),
            "density": Parameter(default=0.45),
            "shapes": Parameter(default="mixed", options=SHAPES),
        },
    ),
    "bokeh": Motif(
        load=_bokeh,
        palettes="bokeh",
        reach=0.7,
        parameters={
            "discs": Parameter(default=46, low=8, high=120, whole=True),
            "depth": Parameter(default=0.6),
            "rim": Parameter(default=0.5),
        },
    ),
}
DEFAULT_MOTIF = "landscape"
