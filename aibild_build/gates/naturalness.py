"""How natural the fine structure of a picture is: the 36 features of BRISQUE, in plain numpy.

Takes brightness as a (height, width) array, yields the features. Mittal, Moorthy, Bovik: No-Reference Image Quality Assessment
in the Spatial Domain, IEEE TIP 21 (2012), sections III A and B: locally normalised brightness and the products of neighbours,
each fitted by a generalised Gaussian, at two scales. What a set of features is worth is not known here.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

FEATURES = 36
LEAST_PX = 32  # of a side; below it the second scale has too few pixels for a fit
_SIGMA, _RADIUS = 7 / 6, 3
_FLOOR = 1.0  # a level of 255: keeps flat areas from being divided by nothing


def features_of(bright: Floats) -> Floats:
    """36 numbers for brightness in levels 0–255: 18 at the given size, 18 at half of it (means of 2×2 pixels)."""
    import numpy as np

    height, width = bright.shape[0] // 2 * 2, bright.shape[1] // 2 * 2
    even = bright[:height, :width]
    half = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    found: Floats = np.array([*_at_scale(bright), *_at_scale(half)])
    return found


def _at_scale(bright: Floats) -> list[float]:
    import numpy as np

    mean = _blur(bright)
    spread = np.sqrt(np.abs(_blur(bright * bright) - mean * mean))
    normal = (bright - mean) / (spread + _FLOOR)
    shape, left, right, _ = _fit(normal)
    found = [shape, (left + right) / 2]
    for product in (
        normal[:, :-1] * normal[:, 1:],
        normal[:-1] * normal[1:],
        normal[:-1, :-1] * normal[1:, 1:],
        normal[1:, :-1] * normal[:-1, 1:],
    ):
        shape, left, right, centre = _fit(product)
        found += [shape, centre, left, right]
    return found


def _fit(values: Floats) -> tuple[float, float, float, float]:
    """(shape, left variance, right variance, mean) of an asymmetric generalised Gaussian, by matching moments."""
    import numpy as np

    below, above = values[values < 0], values[values >= 0]
    left = float((below * below).mean()) if below.size else 1e-6
    right = float((above * above).mean()) if above.size else 1e-6
    left, right = max(left, 1e-6), max(right, 1e-6)
    skew = math.sqrt(left / right)
    squares = max(float((values * values).mean()), 1e-12)
    ratio = float(np.abs(values).mean()) ** 2 / squares * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shapes, ratios = _table()
    shape = float(shapes[int(np.abs(ratios - ratio).argmin())])
    scale = math.exp((math.lgamma(1 / shape) - math.lgamma(3 / shape)) / 2)
    centre = (math.sqrt(right) - math.sqrt(left)) * scale * math.exp(math.lgamma(2 / shape) - math.lgamma(1 / shape))
    return shape, left, right, centre


@cache
def _table() -> tuple[Floats, Floats]:
    """Shapes 0.2–10 and the ratio of moments that belongs to each."""
    import numpy as np

    shapes = np.arange(0.2, 10.0005, 0.005)
    ratios = [math.exp(2 * math.lgamma(2 / one) - math.lgamma(1 / one) - math.lgamma(3 / one)) for one in shapes]
    return shapes, np.array(ratios)


def _blur(values: Floats) -> Floats:
    import numpy as np

    weights = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    height, width = values.shape
    tall = np.pad(values, ((_RADIUS, _RADIUS), (0, 0)), mode="reflect")
    down = sum(weight * tall[at : at + height] for at, weight in enumerate(weights))
    wide = np.pad(np.asarray(down), ((0, 0), (_RADIUS, _RADIUS)), mode="reflect")
    across: Floats = np.asarray(sum(weight * wide[:, at : at + width] for at, weight in enumerate(weights)))
    return across
