"""From planes to samples: paper grain, and dithering from 16 bits down to 8.

Takes planes (3, height, width) uint16 holding sRGB in 1/256 steps (0–65280), yields bytes. A motif paints planes strip by strip,
so that a strip stays in the processor's cache and the working memory does not grow with the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .noise import Floats, blurred, enlarged, field, hashed

Planes: TypeAlias = NDArray[np.uint16]

STRIP_ROWS = 32
_TILE = 512
# The plastic number's two fractions in 1/65536: neighbouring pixels get thresholds far apart, as in blue noise.
# Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018.
_DITHER_X, _DITHER_Y = 49471, 37345


def strips(height: int) -> Iterator[tuple[int, int]]:
    """(first row, rows) of every strip, from the top."""
    for first in range(0, height, STRIP_ROWS):
        yield first, min(STRIP_ROWS, height - first)


def blank(size: tuple[int, int]) -> Planes:
    return np.zeros((3, size[1], size[0]), np.uint16)


def keep(planes: Planes, first: int, strip: Floats) -> None:
    """Round a strip (3, rows, width) of 0–255 floats into its place; the strip is used up."""
    np.multiply(strip, np.float32(256), out=strip)
    np.add(strip, np.float32(0.5), out=strip)
    np.maximum(strip, np.float32(0), out=strip)
    np.minimum(strip, np.float32(65280), out=strip)
    planes[:, first : first + strip.shape[1]] = strip


def paper(seed: int) -> NDArray[np.float32]:
    """A tile of paper tooth (512, 512) about −1 to 1: fine grain over short fibres, the same at all four edges."""
    axis = np.arange(_TILE)
    fine = (hashed(axis[:, None], axis[None, :], seed=seed) >> np.uint32(20)).astype(np.int32) - 2048
    other = (hashed(axis[:, None], axis[None, :], seed=seed + 1) >> np.uint32(20)).astype(np.int32) - 2048
    wrapped = np.pad(other, 8, mode="wrap")
    soft = blurred(wrapped, 1)[8:-8, 8:-8] * 3
    coarse = blurred(wrapped, 3)[8:-8, 8:-8] * 5
    tile: NDArray[np.float32] = (fine * 2 + soft * 3 + coarse * 2).astype(np.float32) / np.float32(10240)
    return tile


def finish(planes: Planes, grain: float, hush: Floats, seed: int, progress: Callable[[float], None]) -> bytes:
    """Planes → RGB samples: multiply by the grain, add the threshold, drop eight bits.

    `grain` 0–1; `hush` is a grid of 1/16 of the size, 1 where the grain is full, less over safe areas; `progress` gets 0–1.
    """
    _, height, width = planes.shape
    samples = np.empty((height, width, 3), np.uint8)
    tile = np.tile(paper(seed), (1, -(-width // _TILE))) * np.float32(grain * 0.03)
    mottle = field(np.arange(height // 16 + 2) / 5.0, np.arange(width // 16 + 2) / 5.0, seed + 2) * np.float32(grain * 0.012)
    across = (np.arange(width) * _DITHER_X).astype(np.uint16)
    for first, rows in strips(height):
        texture = tile[first % _TILE : first % _TILE + rows, :width] + enlarged(mottle, 16, first, rows, width)
        texture *= enlarged(hush, 16, first, rows, width)
        texture += np.float32(1)
        down = (np.arange(first, first + rows) * _DITHER_Y).astype(np.uint16)
        threshold = ((down[:, None] + across[None, :]) >> np.uint16(8)).astype(np.uint16)
        for channel in range(3):
            toothed = planes[channel, first : first + rows] * texture
            np.minimum(toothed, np.float32(65280), out=toothed)
            samples[first : first + rows, :, channel] = (toothed.astype(np.uint16) + threshold) >> np.uint16(8)
        progress((first + rows) / height)
    return samples.tobytes()
