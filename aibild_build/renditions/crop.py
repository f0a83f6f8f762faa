"""Where a picture is cut: arithmetic on sizes, no pixels.

Takes the master's size, a ratio, the focal point and the safe areas; yields a `Crop` in master pixels. Knows no slot, no format
and no image library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from ..model import MASTER, Crop, SafeArea, Size, ratio_value

CLOSE_SHARE = 0.6  # of the largest box: near enough to recognise a subject at 320 px, far enough to keep its surroundings
_SAME_RATIO = Fraction(2, 100)  # generators round to multiples of 64: 1344×768 is meant as 16:9
_SLACK_PX = 0.5


def crop(master: Size, ratio: str, focal: tuple[float, float], safe_areas: Sequence[SafeArea] = ()) -> Crop:
    """The largest box of `ratio` in the master, moved so that the focal point keeps its relative place as nearly as it can.

    `focal` is (x, y) in fractions 0–1 of the master and always lies in the box. Safe areas declared for "*", for the master or
    for the master's own ratio are kept whole where the box can hold them, in the order of their declaration; areas declared for
    `ratio` itself replace these, since the author has then said where the text lies in the cut picture. `fits` is False, and
    `why` says which, when an area had to be cut. Raises ValueError for a size below one pixel or a ratio that is none.
    """
    width, height = largest_box(master, ratio)
    areas = _binding(master, ratio, safe_areas)
    across = [(area.x * master[0], (area.x + area.width) * master[0]) for _, area in areas]
    down = [(area.y * master[1], (area.y + area.height) * master[1]) for _, area in areas]
    x, lost_x = _place(master[0], width, focal[0], across)
    y, lost_y = _place(master[1], height, focal[1], down)
    lost = sorted(lost_x | lost_y)
    reasons = []
    for index in lost:
        number, area = areas[index]
        side, span, kept = ("x", across[index], (x, x + width)) if index in lost_x else ("y", down[index], (y, y + height))
        reasons.append(
            f"safe area {number} (`{area.ratio}`) needs {side} {span[0]:.0f} to {span[1]:.0f} px of the picture, "
            f"the {ratio} crop keeps {kept[0]} to {kept[1]}"
        )
    return Crop(x=x, y=y, width=width, height=height, fits=not lost, why="; ".join(reasons))


def text_areas(master: Size, ratio: str, box: Crop, safe_areas: Sequence[SafeArea]) -> tuple[SafeArea, ...]:
    """Where text lies in a cut picture: safe areas in fractions of the crop `box`, with `ratio`.

    Areas declared for `ratio` are meant in the cut picture and stay as they are; those of the master are carried over, and what
    the crop leaves of them is kept.
    """
    wanted = _value(master, ratio)
    if not _near(Fraction(*master), wanted) and (own := [area for area in safe_areas if _is_ratio(area, wanted)]):
        return tuple(replace(area, ratio=ratio) for area in own)
    areas = []
    for _, area in _binding(master, ratio, safe_areas):
        left, right = (_fraction((edge * master[0] - box.x) / box.width) for edge in (area.x, area.x + area.width))
        top, bottom = (_fraction((edge * master[1] - box.y) / box.height) for edge in (area.y, area.y + area.height))
        if right > left and bottom > top:
            areas.append(replace(area, ratio=ratio, x=left, y=top, width=right - left, height=bottom - top))
    return tuple(areas)


def close_crop(master: Size, ratio: str, focal: tuple[float, float], share: float = CLOSE_SHARE) -> Crop:
    """A box of `share` (0–1) of the largest box's sides, centred on the focal point as far as the master's edges allow."""
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not above 0 and at most 1")
    largest = largest_box(master, ratio)
    width, height = (max(1, round(side * share)) for side in largest)
    x, y = (
        min(max(round(_fraction(at) * length - side / 2), 0), length - side)
        for at, length, side in zip(focal, master, (width, height), strict=True)
    )
    return Crop(x=x, y=y, width=width, height=height)


def largest_box(master: Size, ratio: str) -> Size:
    """Width and height of the largest box of `ratio` within the master, whole pixels; all of it for the ratio `master`."""
    width, height = master
    if width < 1 or height < 1:
        raise ValueError(f"{width}×{height} is no size of a picture")
    value = _value(master, ratio)
    if width >= height * value:
        return min(width, max(1, round(height * value))), height
    return width, min(height, max(1, round(width / value)))


def _binding(master: Size, ratio: str, areas: Sequence[SafeArea]) -> list[tuple[int, SafeArea]]:
    """The areas that this crop must keep, in master fractions, with the number (from 1) each has in the brief."""
    own = Fraction(*master)
    wanted = _value(master, ratio)
    if not _near(own, wanted) and any(_is_ratio(area, wanted) for area in areas):
        return []
    return [(number, area) for number, area in enumerate(areas, 1) if area.ratio in ("*", MASTER) or _is_ratio(area, own)]


def _is_ratio(area: SafeArea, value: Fraction) -> bool:
    return area.ratio not in ("*", MASTER) and _near(value, ratio_value(area.ratio))


def _value(master: Size, ratio: str) -> Fraction:
    return Fraction(*master) if ratio == MASTER else ratio_value(ratio)


def _near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= _SAME_RATIO * other


def _fraction(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _place(length: int, side: int, focal: float, spans: Sequence[tuple[float, float]]) -> tuple[int, set[int]]:
    """Where the box starts on one axis, and the indices of the spans that it cannot hold beside the focal point."""
    focal_px = _fraction(focal) * length
    low = max(0, ceil(focal_px - side))
    high = min(length - side, floor(focal_px))
    lost = set()
    for index, (start, end) in enumerate(spans):
        first = max(low, ceil(end - side - _SLACK_PX))
        last = min(high, floor(start + _SLACK_PX))
        if first > last:
            lost.add(index)
        else:
            low, high = first, last
    return min(max(round(_fraction(focal) * (length - side)), low), high), lost
