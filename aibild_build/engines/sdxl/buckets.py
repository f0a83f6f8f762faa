"""Sizes that SDXL was trained on.

Takes the size that a brief asks for, yields the size to generate at: the bucket of nearest shape. The table is that of the paper
(Podell et al. 2023, arXiv:2307.01952, appendix I) as width × height in pixels, landscape; portrait is its mirror.
"""

from __future__ import annotations

from math import log

from ...model import Size

_LANDSCAPE: tuple[Size, ...] = (
    (1024, 1024),
    (1024, 960),
    (1088, 960),
    (1088, 896),
    (1152, 896),
    (1152, 832),
    (1216, 832),
    (1280, 768),
    (1344, 768),
    (1344, 704),
    (1408, 704),
    (1472, 704),
    (1536, 640),
    (1600, 640),
    (1664, 576),
    (1728, 576),
    (1792, 576),
    (1856, 512),
    (1920, 512),
    (1984, 512),
    (2048, 512),
)
BUCKETS = tuple(sorted({*_LANDSCAPE, *((height, width) for width, height in _LANDSCAPE)}))
_TRAINED_SIDE = 1024


def bucket_for(size: Size, native: int = _TRAINED_SIDE) -> Size:
    """The bucket of nearest shape, for a model trained at `native` pixels a side (sides then stay multiples of 8)."""
    shape = log(size[0] / size[1])
    width, height = min(BUCKETS, key=lambda bucket: (abs(log(bucket[0] / bucket[1]) - shape), bucket))
    if native == _TRAINED_SIDE:
        return width, height
    return _scaled(width, native), _scaled(height, native)


def _scaled(side: int, native: int) -> int:
    return max(16, round(side * native / _TRAINED_SIDE / 8) * 8)
