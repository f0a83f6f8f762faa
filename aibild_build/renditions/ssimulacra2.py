"""How far an encoded picture is from its original: SSIMULACRA2 in numpy, fast enough to steer an encoder by.

Takes pictures as (height, width, 3) uint8 sRGB, yields scores: 100 is equal, 90 not to be told apart, 70 good, 50 visibly coded.
After the published definition (J. Sneyers, Cloudinary, 2022). Terms whose weight is below 0.002 are left out, which moves a
score by less than 0.05 and spares two thirds of the time; `scripts/slow` holds it against an independent implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

# The published weights by (channel X Y B, scale): mean of structure, artefacts and lost detail, then their 4-norms.
_WEIGHTS: Mapping[tuple[int, int], tuple[float, float, float, float, float, float]] = {
    (0, 1): (0.0, 0.0, 0.0, 1.1041726426657346, 0.0, 0.0),
    (0, 2): (0.0, 0.0, 0.0, 1.8422455520539298, 11.441172603757666, 0.0),
    (0, 3): (0.0, 0.0, 0.0, 1.8787594979546387, 10.94906990605142, 0.0),
    (0, 4): (0.0, 0.9677937080626833, 0.0, 0.0, 0.9981766977854967, 0.0),
    (1, 0): (0.0, 0.0, 0.0, 7.466890328078848, 0.0, 17.445833984131262),
    (1, 1): (0.0, 0.0, 0.0, 6.683678146179332, 0.0, 1.027889937768264),
    (1, 2): (225.20515300849274, 0.0, 0.0, 19.213238186143016, 0.0, 0.0),
    (1, 3): (176.39317598450694, 0.0, 0.0, 24.43300999870476, 0.28520802612117757, 0.0),
    (1, 4): (0.0, 0.0, 0.0, 34.77906344483772, 44.835625328877896, 0.0),
    (2, 3): (0.0020827005846636437, 0.0, 0.0, 8.826982764996862, 23.19243343998926, 0.0),
    (2, 4): (95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0, 171.2667255897307, 0.9807858872435379),
}
_RADIUS = 5
_SIGMA = 1.5
_C2 = 0.0009
_ABSORBANCE = (  # opsin, of linear red, green, blue
    (0.30, 0.622, 0.078),
    (0.23, 0.692, 0.078),
    (0.24342268924547819, 0.20476744424496821, 0.55180986650955360),
)
_BIAS = 0.0037930732552754493
_LEAST_PX = 8


def _kernel() -> tuple[float, ...]:
    """A Gaussian's middle and one side, its whole sum being 1."""
    side = [float(np.exp(-(at * at) / (2 * _SIGMA * _SIGMA))) for at in range(_RADIUS + 1)]
    total = side[0] + 2 * sum(side[1:])
    return tuple(value / total for value in side)


_KERNEL = _kernel()
_LEVELS = np.arange(256, dtype=np.float64) / 255.0
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One channel of the original at one scale, with what is the same for every encode of it."""

    plane: Plane
    mean: Plane
    spread: Plane  # the variance
    edge: Plane  # 1 + distance from the mean


class Original:
    """A picture that encodes are held against; what it alone decides is worked out once. At least 8 px a side."""

    def __init__(self, samples: NDArray[np.uint8]) -> None:
        self.shape = samples.shape
        self._scales: list[dict[int, _Seen]] = []
        for scale, linear in enumerate(_scales(samples)):
            self._scales.append({channel: _seen(plane) for channel, plane in _channels(linear, scale).items()})

    def score(self, samples: NDArray[np.uint8]) -> float:
        """SSIMULACRA2 of an encode of this picture, decoded: at most 100. Raises ValueError when the sizes differ."""
        if samples.shape != self.shape:
            raise ValueError(f"expected {self.shape}, got {samples.shape}")
        total = 0.0
        for scale, (linear, seen) in enumerate(zip(_scales(samples), self._scales, strict=True)):
            for channel, plane in _channels(linear, scale).items():
                total += _differences(seen[channel], plane, _WEIGHTS[channel, scale])
        total *= 0.9562382616834844
        total = 2.326765642916932 * total - 0.020884521182843837 * total**2 + 6.248496625763138e-05 * total**3
        return 100.0 - 10.0 * total**0.6276336467831387 if total > 0 else 100.0


def _scales(samples: NDArray[np.uint8]) -> Sequence[Plane]:
    """Linear light as (3, height, width), each scale half of the one before."""
    linear = np.ascontiguousarray(np.moveaxis(_LINEAR[samples], -1, 0))
    scales = [linear]
    while len(scales) < 6:
        linear = _halved(linear)
        if min(linear.shape[1:]) < _LEAST_PX:
            break
        scales.append(linear)
    return scales


def _halved(planes: Plane) -> Plane:
    """Means of two by two; an odd edge counts twice."""
    _, height, width = planes.shape
    if height % 2 or width % 2:
        planes = np.pad(planes, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    rows = planes[:, 0::2] + planes[:, 1::2]
    halved: Plane = (rows[:, :, 0::2] + rows[:, :, 1::2]) * np.float32(0.25)
    return halved


def _channels(linear: Plane, scale: int) -> dict[int, Plane]:
    """Those of X, Y and B (as XYB, made positive) that count at this scale."""
    counted = [channel for channel in range(3) if (channel, scale) in _WEIGHTS]
    long, middle = _cone(linear, 0), _cone(linear, 1)
    light = np.float32(0.5) * (long + middle)
    planes: dict[int, Plane] = {}
    if 0 in counted:
        planes[0] = np.float32(14 * 0.5) * (long - middle) + np.float32(0.42)
    if 1 in counted:
        planes[1] = light + np.float32(0.01)
    if 2 in counted:
        planes[2] = _cone(linear, 2) - light + np.float32(0.55)
    return planes


def _cone(linear: Plane, which: int) -> Plane:
    red, green, blue = (np.float32(part) for part in _ABSORBANCE[which])
    mixed = red * linear[0] + green * linear[1]
    mixed += blue * linear[2]
    mixed += np.float32(_BIAS)
    cone: Plane = np.cbrt(mixed) - np.float32(_BIAS ** (1 / 3))
    return cone


def _seen(plane: Plane) -> _Seen:
    mean = _blurred(plane)
    return _Seen(plane, mean, _blurred(plane * plane) - mean * mean, 1 + np.abs(plane - mean))


def _differences(seen: _Seen, plane: Plane, weights: Sequence[float]) -> float:
    """The weighted sum of what one channel says at one scale."""
    mean = _blurred(plane)
    total = 0.0
    if weights[0] or weights[3]:
        between = _blurred(seen.plane * plane) - seen.mean * mean
        spread = _blurred(plane * plane) - mean * mean
        gap = seen.mean - mean
        structure = 1 - (1 - gap * gap) * (2 * between + np.float32(_C2)) / (seen.spread + spread + np.float32(_C2))
        total += _norms(np.maximum(structure, 0), weights[0], weights[3])
    if weights[1] or weights[2] or weights[4] or weights[5]:
        edges = (1 + np.abs(plane - mean)) / seen.edge - 1
        total += _norms(np.maximum(edges, 0), weights[1], weights[4])
        total += _norms(np.maximum(-edges, 0), weights[2], weights[5])
    return total


def _norms(plane: Plane, plain: float, fourth: float) -> float:
    total = plain * float(plane.mean(dtype=np.float64)) if plain else 0.0
    if fourth:
        squares: Any = plane * plane
        total += fourth * float(np.mean(squares * squares, dtype=np.float64)) ** 0.25
    return total


def _blurred(plane: Plane) -> Plane:
    """A Gaussian blur: mirrored above and below, black beyond left and right, as implementations of the metric have it."""
    height, width = plane.shape
    tall = np.pad(plane, ((_RADIUS, _RADIUS), (0, 0)), mode="symmetric")
    rows = tall[_RADIUS : _RADIUS + height] * np.float32(_KERNEL[0])
    for away in range(1, _RADIUS + 1):
        both = tall[_RADIUS - away : _RADIUS - away + height] + tall[_RADIUS + away : _RADIUS + away + height]
        both *= np.float32(_KERNEL[away])
        rows += both
    wide = np.pad(rows, ((0, 0), (_RADIUS, _RADIUS)))
    blurred: Plane = wide[:, _RADIUS : _RADIUS + width] * np.float32(_KERNEL[0])
    for away in range(1, _RADIUS + 1):
        both = wide[:, _RADIUS - away : _RADIUS - away + width] + wide[:, _RADIUS + away : _RADIUS + away + width]
        both *= np.float32(_KERNEL[away])
        blurred += both
    return blurred
