"""Noise and soft shapes on arrays, equal to the last bit on every machine.

Takes coordinates and seeds, yields arrays; knows no colours. Lattice values come from an integer hash. On floats only `+ − × ÷`,
`floor`, `minimum`, `maximum` and `sqrt` are used: IEEE 754 rounds each of them exactly, which no library promises for sines,
powers, dot products or sums, whose order and fused steps differ between processors.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int32]


def hashed(*axes: NDArray[Any], seed: int) -> NDArray[np.uint32]:
    """A hash of whole coordinates (broadcast together), each bit as good as random; two rounds of multiply and shift."""
    state = np.full((), seed & 0xFFFFFFFF, np.uint32)
    for factor, axis in zip((0x9E3779B1, 0x85EBCA77), axes, strict=False):
        state = state + axis.astype(np.uint32) * np.uint32(factor)
    state = (state ^ (state >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    state ^= state >> np.uint32(12)
    state *= np.uint32(0x297A2D39)
    state ^= state >> np.uint32(15)
    return state


def smooth(share: Any) -> Any:
    """0–1 → 0–1 without a corner at either end: 6t⁵ − 15t⁴ + 10t³."""
    return share * share * share * (share * (share * 6 - 15) + 10)


def step(value: Any, low: float, high: float) -> Any:
    """0 below `low`, 1 above `high`, smooth between; `low` may be above `high` to turn it round."""
    return smooth(np.minimum(np.maximum((value - low) / (high - low), 0), 1))


def wave(place: Doubles, seed: int, *, straight: bool = False) -> Doubles:
    """One-dimensional value noise −1 to 1 at `place`, one lattice value a unit; `straight` joins them by lines."""
    whole = np.floor(place)
    share = place - whole
    cell = whole.astype(np.int64)
    left, right = (_signed(hashed(cell + side, seed=seed)) for side in (0, 1))
    return left + (right - left) * (share if straight else smooth(share))


def waves(place: Doubles, seed: int, octaves: int, *, rough: float = 0.5, straight: bool = False) -> Doubles:
    """Octaves of `wave`, each twice as dense and `rough` times as high, scaled back to about −1 to 1."""
    total, height, sum_of_heights = np.zeros_like(place), 1.0, 0.0
    for octave in range(octaves):
        total = total + wave(place * 2.0**octave + 0.37 * octave, seed + 7919 * octave, straight=straight) * height
        sum_of_heights += height
        height *= rough
    return total / sum_of_heights


def _signed(words: NDArray[np.uint32]) -> Doubles:
    return words.astype(np.float64) / 2.0**31 - 1


def field(rows: Doubles, columns: Doubles, seed: int) -> Floats:
    """Two-dimensional value noise −1 to 1 on the grid of two axes (in lattice units): (len(rows), len(columns)) float32."""
    top, left = np.floor(rows), np.floor(columns)
    down, across = smooth(rows - top)[:, None], smooth(columns - left)[None, :]
    first_row, first_column = int(top.min()), int(left.min())
    lattice_rows = np.arange(first_row, int(top.max()) + 2)
    lattice_columns = np.arange(first_column, int(left.max()) + 2)
    lattice = _signed(hashed(lattice_rows[:, None], lattice_columns[None, :], seed=seed))
    row, column = top.astype(np.intp) - first_row, left.astype(np.intp) - first_column
    above, below = lattice[row], lattice[row + 1]
    stretched = above + (below - above) * down
    west, east = stretched[:, column], stretched[:, column + 1]
    result: Floats = (west + (east - west) * across).astype(np.float32)
    return result


def blurred(values: Integers, radius: int) -> Integers:
    """A soft blur of a two-dimensional int32 array: two box means of width 2·radius + 1 along each axis, edges repeated."""
    if radius < 1:
        return values
    width = 2 * radius + 1
    for axis in (0, 1, 0, 1) if len(values) > 1 else (1, 1):
        edges = [(0, 0), (0, 0)]
        edges[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(values, edges, mode="edge"), axis=axis, dtype=np.int64)
        ends = [slice(None), slice(None)]
        starts = [slice(None), slice(None)]
        ends[axis], starts[axis] = slice(width, None), slice(None, -width)
        values = ((total[tuple(ends)] - total[tuple(starts)]) // width).astype(np.int32)
    return values


def enlarged(small: Floats, factor: int, first_row: int, rows: int, columns: int) -> Floats:
    """Rows `first_row` … of a grid drawn `factor` times larger, straight lines between its points: (rows, columns) float32.

    Point (i, j) of `small` lies at pixel (i·factor, j·factor); `small` must reach one point past the last pixel.
    """
    place = np.arange(first_row, first_row + rows)
    cell, share = place // factor, (place % factor).astype(np.float32)[:, None] / np.float32(factor)
    lines = small[cell]
    lines += (small[cell + 1] - lines) * share
    count = -(-columns // factor)
    left, slope = lines[:, :count, None], (lines[:, 1 : count + 1] - lines[:, :count])[:, :, None]
    across = np.arange(factor, dtype=np.float32) / np.float32(factor)
    result: Floats = (slope * across + left).reshape(rows, count * factor)[:, :columns]
    return result
