"""Which widths a slot needs: arithmetic on its breakpoints, no pixels.

Takes a `Slot`; yields bands (stretches of the viewport with one ratio), each with its `media`, its `sizes` and the widths of its
candidates; and says which candidate a device takes. Knows no brief, no format and no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log

from ..model import MASTER, Breakpoint, Slot, ratio_value

# (viewport width in CSS px, device pixel ratio): the matrix that every slot must serve, Lighthouse's mobile device among them
DEVICES = ((360, 3.0), (412, 1.75), (768, 2.0), (1350, 1.0), (1920, 1.0))
MIN_DENSITY = 0.75  # of what a device needs; below it a picture looks soft, and Lighthouse's image-size-responsive fails
_NEAR = 1.08
# A browser that takes the nearer of two candidates, by their geometric mean, still has 1/√1.7 = 0.767 of its need
_WIDEST_GAP = 1.7
# Viewports are snapped to device pixels, so that 100vw of 412 px is 412.00003: 721 px then miss 1.75 by a hair, and Chromium 156
# takes the next larger file. Seen with 1 px too few; 2 cover a snap upwards as well.
_SNAP_PX = 2
_LAST_VIEWPORT = max(viewport for viewport, _ in DEVICES)
_ROUNDING = 1e-6
_BELOW = 0.02  # CSS px under the next breakpoint, so that two bands never match the same viewport


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Neighbouring breakpoints of one ratio: viewports from `low` up to but without `high` (None is no end), in CSS px."""

    ratio: str
    low: int
    high: int | None
    breakpoints: tuple[Breakpoint, ...]

    @property
    def media(self) -> str:
        """The media condition that holds in this band and in no other; empty for a band without ends."""
        below = "" if self.high is None else f"(max-width: {px(self.high - _BELOW)})"
        above = f"(min-width: {px(self.low)})" if self.low else ""
        return " and ".join(part for part in (above, below) if part)

    @property
    def sizes(self) -> str:
        """The `sizes` text: the box's width at every viewport of this band (HTML standard, section 4.8.4.2.2)."""
        steps = [step for at, high in reversed(list(self._ranges())) for step in _steps(at, high)]
        texts: list[tuple[float, str]] = []
        for threshold, text in steps:
            if texts and texts[-1][1] == text:
                texts.pop()
            texts.append((threshold, text))
        return ", ".join([*(f"(min-width: {px(at)}) {text}" for at, text in texts[:-1]), texts[-1][1]])

    def box_width(self, viewport: float) -> float:
        """Width of the box in CSS px at a viewport of this band."""
        return [at for at in self.breakpoints if at.min_width <= viewport][-1].box_width(viewport)

    def holds(self, viewport: float) -> bool:
        return self.low <= viewport and (self.high is None or viewport < self.high)

    @property
    def widest(self) -> float:
        """The widest the box gets in CSS px; a box that grows without end counts at the widest device of the matrix."""
        return max(
            at.box_width(edge) for at, high in self._ranges() for edge in (at.min_width, _LAST_VIEWPORT if high is None else high)
        )

    def _ranges(self) -> Iterator[tuple[Breakpoint, int | None]]:
        ends = [*(at.min_width for at in self.breakpoints[1:]), self.high]
        return zip(self.breakpoints, ends, strict=True)


def bands(slot: Slot) -> tuple[Band, ...]:
    """The slot's breakpoints from narrow to wide, neighbours of equal ratio joined. Their media conditions exclude each other."""
    groups: list[list[Breakpoint]] = []
    for at in slot.breakpoints:
        if groups and _same(groups[-1][0].ratio, at.ratio):
            groups[-1].append(at)
        else:
            groups.append([at])
    lows = [0, *(group[0].min_width for group in groups[1:])]
    ends = [*lows[1:], None]
    return tuple(
        Band(ratio=group[0].ratio, low=low, high=high, breakpoints=tuple(group))
        for group, low, high in zip(groups, lows, ends, strict=True)
    )


def _same(one: str, other: str) -> bool:
    return one == other or (MASTER not in (one, other) and ratio_value(one) == ratio_value(other))


def needs(band: Band) -> tuple[int, ...]:
    """Pixels of width that each device of the matrix wants here, for those whose viewport lies in the band."""
    return tuple(_need(band, viewport, dpr) for viewport, dpr in _devices(band))


def widths(band: Band, limit_px: int) -> tuple[int, ...]:
    """Candidate widths in pixels, ascending: what the devices need and the widest box once and twice, never above `limit_px`.

    Of two that differ by less than 8 % the larger stays; gaps above 1.7 are filled in equal proportions.
    """
    once = max(1, _whole(band.widest))
    snapped = [_need(band, viewport, dpr) + (_SNAP_PX if _grows(band, viewport) else 0) for viewport, dpr in _devices(band)]
    asked = sorted({min(limit_px, width) for width in (*snapped, once, 2 * once)})
    kept: list[int] = []
    for width in reversed(asked):
        if not kept or kept[-1] >= width * _NEAR:
            kept.append(width)
    return _filled(kept[::-1])


def chosen(candidates: Sequence[int], box_px: float, dpr: float) -> int:
    """The width that a browser takes from ascending candidates for a box of `box_px` CSS px.

    The smallest whose density reaches `dpr`, else the largest. The HTML standard (section 4.8.4.3.6) leaves the choice to the
    browser; this is Chromium 156's, measured.
    """
    return next((width for width in candidates if width / box_px >= dpr), candidates[-1])


def px(value: float) -> str:
    """A CSS length: at most two decimals, no trailing zeros."""
    return f"{_number(value)}px"


def _devices(band: Band) -> Iterator[tuple[int, float]]:
    return ((viewport, dpr) for viewport, dpr in DEVICES if band.holds(viewport))


def _need(band: Band, viewport: int, dpr: float) -> int:
    return max(1, _whole(band.box_width(viewport) * dpr))


def _grows(band: Band, viewport: int) -> bool:
    return band.box_width(viewport) != band.box_width(viewport + 1)


def _whole(value: float) -> int:
    return ceil(value - _ROUNDING)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _filled(ladder: list[int]) -> tuple[int, ...]:
    filled = ladder[:1]
    for low, high in pairwise(ladder):
        parts = max(1, ceil(log(high / low, _WIDEST_GAP)))
        filled += [*(round(low * (high / low) ** (step / parts)) for step in range(1, parts)), high]
    return tuple(filled)


def _steps(at: Breakpoint, high: int | None) -> list[tuple[float, str]]:
    """From wide to narrow: (viewport from which it holds, length) of one breakpoint, its cap apart from its growing part."""
    grows = _length(at)
    if not at.max_width:
        return [(at.min_width, grows)]
    cap = px(at.max_width)
    if at.vw <= 0:
        return [(at.min_width, grows if at.offset < at.max_width else cap)]
    reached = ceil((at.max_width - at.offset) / at.vw * 10_000 - _ROUNDING) / 100
    if reached <= at.min_width:
        return [(at.min_width, cap)]
    if high is not None and reached >= high:
        return [(at.min_width, grows)]
    return [(reached, cap), (at.min_width, grows)]


def _length(at: Breakpoint) -> str:
    if not at.vw:
        return px(max(0.0, at.offset))
    if not at.offset:
        return f"{_number(at.vw)}vw"
    return f"calc({_number(at.vw)}vw {'+' if at.offset > 0 else '-'} {px(abs(at.offset))})"
