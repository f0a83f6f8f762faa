"""Control images: given as they are, edges by Canny's method, or depth by a configured estimator.

Takes a picture, yields an RGB picture of the wanted size. Edge detection is ours (Canny 1986, "A Computational Approach to Edge
Detection": smoothing, gradient, thinning along its direction, two thresholds), so that it needs no library and stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import Json, Size
from .canvas import cover

_TAN_22_5 = 0.41421356


def control_image(picture: Any, size: Size, derive: Mapping[str, Json], estimator: Any) -> Any:
    """The control image at `size`. `estimator` is a depth model, needed for `depth` alone."""
    picture = cover(picture, size)
    if derive["name"] == "canny":
        return canny(picture, sigma=_real(derive["sigma"]), low=_real(derive["low"]), high=_real(derive["high"]))
    if derive["name"] == "depth":
        return depth(picture, estimator)
    return picture


def canny(picture: Any, *, sigma: float, low: float, high: float) -> Any:
    """White edges on black. Thresholds are shares of the strongest gradient; `sigma` is in pixels."""
    import numpy
    from PIL import Image, ImageFilter

    grey = picture.convert("L").filter(ImageFilter.GaussianBlur(sigma))
    values = numpy.asarray(grey, dtype=numpy.float64)
    down, across = numpy.gradient(values)
    strength = numpy.hypot(across, down)
    strength = strength / (strength.max() or 1.0)
    thin = numpy.where(_is_ridge(strength, across, down), strength, 0.0)
    strong, weak = thin >= max(high, 1e-6), thin >= max(low, 1e-6)
    edges = _grown(strong, weak)
    return Image.fromarray((edges * 255).astype(numpy.uint8)).convert("RGB")


def _is_ridge(strength: Any, across: Any, down: Any) -> Any:
    """Where no neighbour along the gradient's direction, rounded to 45°, is stronger."""
    import numpy

    steep, flat = numpy.abs(down), numpy.abs(across)
    directions = (
        (steep <= flat * _TAN_22_5, (0, 1)),
        (flat <= steep * _TAN_22_5, (1, 0)),
        (across * down > 0, (1, 1)),
        (across * down <= 0, (1, -1)),
    )
    ridge = numpy.zeros(strength.shape, dtype=bool)
    decided = numpy.zeros(strength.shape, dtype=bool)
    for where, (rows, columns) in directions:
        ahead, behind = _moved(strength, rows, columns), _moved(strength, -rows, -columns)
        here = where & ~decided
        ridge |= here & (strength >= ahead) & (strength > behind)
        decided |= where
    return ridge


def _moved(values: Any, rows: int, columns: int) -> Any:
    import numpy

    height, width = values.shape
    padded = numpy.pad(values, 1)
    return padded[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]


def _grown(strong: Any, weak: Any) -> Any:
    """Strong pixels, and weak ones that are joined to them."""
    edges = strong
    while True:
        reach = edges
        for rows in (-1, 0, 1):
            for columns in (-1, 0, 1):
                reach = reach | _moved(edges, rows, columns)
        grown = reach & weak
        grown = grown | edges
        if (grown == edges).all():
            return edges
        edges = grown


def depth(picture: Any, estimator: Any) -> Any:
    """Near is bright. Scaled so that the nearest point is white and the farthest black."""
    import numpy
    from PIL import Image

    from ... import tensors

    torch = tensors.torch()
    side = int(getattr(estimator.config, "image_size", 384) or 384)
    small = numpy.asarray(picture.resize((side, side), Image.Resampling.BICUBIC), dtype=numpy.float32) / 127.5 - 1.0
    pixels = torch.from_numpy(small.transpose(2, 0, 1)[None]).to(device=estimator.device, dtype=estimator.dtype)
    with torch.no_grad():
        found = estimator(pixel_values=pixels).predicted_depth[0].float().cpu().numpy()
    found = (found - found.min()) / ((found.max() - found.min()) or 1.0)
    grey = Image.fromarray((found * 255).round().astype(numpy.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
    return grey.convert("RGB")


def _real(value: Json) -> float:
    return float(str(value))
