"""The size that a service makes, next to the size that was asked for.

Takes sizes in pixels, yields one of them. Pure arithmetic: shape counts most, since a wrong one is cropped away, then area.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log, sqrt

from ...model import Size

_SHAPE_WEIGHT = 40.0  # 1 % of shape weighs as much as 40 % of area
SHAPE_TOLERANCE = 0.02  # what a crop takes away without anybody seeing it


def nearest_size(asked: Size, offered: Iterable[Size]) -> Size:
    """The offered size that is most like the one asked for; of equals the smaller."""

    def strangeness(size: Size) -> tuple[float, Size]:
        area = abs(log(size[0] * size[1] / (asked[0] * asked[1])))
        return _SHAPE_WEIGHT * shape_error(asked, size) + area, size

    return min(offered, key=strangeness)


def shape_error(asked: Size, got: Size) -> float:
    """How far two shapes are apart: 0.0 for equal ratios, about 0.01 for a ratio that differs by one per cent."""
    return abs(log(asked[0] * got[1] / (asked[1] * got[0])))


def sizes_by_step(
    asked: Size, *, step: int, longest: int, fewest_pixels: int, most_pixels: int, steepest: float
) -> Iterator[Size]:
    """Sizes around the one asked for where any will do whose sides are multiples of `step`, within a service's bounds.

    `steepest` is the largest ratio of the longer side to the shorter. At least one size comes, whatever is asked for.
    """
    ratio = min(max(asked[0] / asked[1], 1 / steepest), steepest)
    most_pixels = min(most_pixels, int(longest * longest / max(ratio, 1 / ratio)))
    pixels = min(max(asked[0] * asked[1], fewest_pixels), most_pixels)
    middle = round(sqrt(pixels * ratio) / step)
    reach = max(4, middle // 6)
    for across in range(max(1, middle - reach), middle + reach + 1):
        for down in {int(across / ratio), int(across / ratio) + 1}:
            width, height = across * step, down * step
            fits = max(width, height) <= longest and fewest_pixels <= width * height <= most_pixels
            if fits and max(width, height) <= steepest * min(width, height):
                yield width, height
