"""Widths measured at some windows → breakpoints of a slot. Arithmetic only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..model import MASTER, Breakpoint

_NEAR_PX = 1.0
Knot = tuple[int, float]  # window and box, CSS px


def fit(knots: Sequence[Knot]) -> tuple[Breakpoint, ...]:
    """Breakpoints of a box that was so wide at these windows, ascending; () for one that was never shown.

    Between two windows the box is taken to grow evenly; where it shrinks, the wider of both is taken throughout, so that no
    picture is ever too small for its box. Windows that differ by 1 px are both sides of a step. The picture is not cut.
    """
    shown = [width for _, width in knots if width >= 1]
    if not shown:
        return ()
    filled = [(at, width if width >= 1 else min(shown)) for at, width in knots]
    found: list[Breakpoint] = []
    for (low, narrow), (high, wide) in pairwise(filled):
        if high - low <= 1:
            continue
        rise = (wide - narrow) / (high - low)
        grows = 0.002 < rise <= 1
        point = Breakpoint(
            min_width=low if found else 0,
            ratio=MASTER,
            vw=round(rise * 100, 2) if grows else 0.0,
            offset=round(narrow - rise * low, 1) if grows else float(round(max(narrow, wide))),
        )
        before = found[-1] if found else None
        if before is None or any(abs(before.box_width(at) - width) > _NEAR_PX for at, width in ((low, narrow), (high, wide))):
            found.append(point)
    return tuple(found) or (Breakpoint(min_width=0, ratio=MASTER, vw=0.0, offset=float(round(max(shown)))),)


def at_most(width_px: float) -> tuple[Breakpoint, ...]:
    """A box that is as wide as the window, up to a width."""
    return (Breakpoint(min_width=0, ratio=MASTER, max_width=float(max(1, round(width_px)))),)
