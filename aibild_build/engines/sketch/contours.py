"""Topographic contours: a country of round hills as stacked paper, one sheet a level, with a fine line along every edge.

Takes a scene, yields planes. Heights live on a coarse grid, smooth enough to be drawn large by straight lines; an edge's distance
in pixels is the height left to it over the slope. The highest hill stands at the focal point, and words get a plain of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import colour as srgb
from . import noise, tones
from .noise import Doubles, Floats
from .paint import Planes, blank, keep, strips
from .scene import Area, Scene
from .stream import Stream

_CELL = 4
_SHADOW = 0.042  # of the shorter side: as far as a sheet's shadow reaches
_MARGIN = 3  # sheets below and above the country, so that an edge always has two sides


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the map; `progress` gets 0–1."""
    width, height = scene.size
    levels = int(scene.number("levels"))
    heights = _country(scene, levels)
    down, across = _slopes(heights)
    peaks = _tallest(heights, max(1, round(min(scene.size) * _SHADOW / _CELL)))
    progress(0.3)
    sheets = _sheets(scene, levels)
    planes = blank(scene.size)
    for first, rows in strips(height):
        grids = [noise.enlarged(grid, _CELL, first, rows, width) for grid in (heights, down, across, peaks)]
        keep(planes, first, _strip(grids, sheets, scene))
        progress(0.3 + 0.7 * (first + rows) / height)
    return planes


def _country(scene: Scene, levels: int) -> Floats:
    """Heights in levels on the coarse grid: hills on bent ground, a plain under each safe area."""
    unit = min(scene.size)
    down = (np.arange(scene.size[1] // _CELL + 3) * _CELL + 0.5) / unit
    across = (np.arange(scene.size[0] // _CELL + 3) * _CELL + 0.5) / unit
    stream = scene.stream.fork("country")
    rows = np.repeat(down[:, None], len(across), axis=1)
    columns = np.repeat(across[None, :], len(down), axis=0)
    for scale, strength in ((1.1, 0.30), (2.6, 0.085)):
        rows += noise.field(down * scale, across * scale, stream.seed()) * strength
        columns += noise.field(down * scale, across * scale, stream.seed()) * strength
    # The bent ground is moved back so that the peak stays where it is asked for.
    row, column = (min(int(scene.focal[1 - axis] * scene.size[1 - axis] / _CELL), rows.shape[axis] - 1) for axis in (0, 1))
    high, wide = scene.size[1] / unit, scene.size[0] / unit
    peak = float(rows[row, column]), float(columns[row, column])
    total = _hill(rows, columns, peak, 0.46, 1.0)
    for place, reach, rise in _hills(scene, high, wide, stream.fork("hills")):
        total += _hill(rows, columns, place, reach, rise)
    total += noise.field(down * 0.8, across * 0.8, stream.seed()) * 0.10
    total = total / 1.12 * levels
    for area in scene.areas:
        _level(total, area, down, across, scene, levels)
    result: Floats = total.astype(np.float32)
    return result


def _hill(rows: Doubles, columns: Doubles, place: tuple[float, float], reach: float, rise: float) -> Doubles:
    """One round hill: 1 / (1 + d²)², which has no edge."""
    away_rows, away_columns = (rows - place[0]) / reach, (columns - place[1]) / reach
    away = 1 + away_rows * away_rows + away_columns * away_columns
    hill: Doubles = rise / (away * away)
    return hill


def _hills(scene: Scene, high: float, wide: float, stream: Stream) -> list[tuple[tuple[float, float], float, float]]:
    """(place, reach, rise) of the lesser hills, as far from each other and from the peak as chance allows."""
    places = [(scene.focal[1] * high, scene.focal[0] * wide)]
    hills = []
    for _ in range(3 + int(wide * high * 1.8)):
        tries = [(stream.between(-0.15, 1.15) * high, stream.between(-0.1, 1.1) * wide) for _ in range(6)]
        y, x = max(tries, key=lambda one: min((one[0] - y) * (one[0] - y) + (one[1] - x) * (one[1] - x) for y, x in places))
        places.append((y, x))
        hills.append(((y, x), stream.between(0.22, 0.44), stream.between(0.30, 0.72)))
    return hills


def _level(heights: Doubles, area: Area, down: Doubles, across: Doubles, scene: Scene, levels: int) -> None:
    """Make a plain under the words, at the level whose paper carries them best."""
    unit = min(scene.size)
    high, wide = scene.size[1] / unit, scene.size[0] / unit
    plain = levels * 0.98 if srgb.contrast(area.text, (0, 0, 0)) < srgb.contrast(area.text, (255, 255, 255)) else 0.5
    rows = np.maximum(np.maximum(area.y * high - down, down - (area.y + area.height) * high), 0)[:, None]
    columns = np.maximum(np.maximum(area.x * wide - across, across - (area.x + area.width) * wide), 0)[None, :]
    away = np.sqrt(rows * rows + columns * columns)
    drift = noise.field(down * 2.2, across * 2.2, scene.stream.fork("plain").seed()) * 0.10
    share = noise.step(away + drift * np.minimum(away * 6, 1), 0.52, 0.03)
    heights += (plain - heights) * share


def _slopes(heights: Floats) -> tuple[Floats, Floats]:
    """The rise a pixel downwards and to the right, on the same grid."""
    padded = np.pad(heights, 1, mode="edge")
    scale = np.float32(1 / (2 * _CELL))
    return (padded[2:, 1:-1] - padded[:-2, 1:-1]) * scale, (padded[1:-1, 2:] - padded[1:-1, :-2]) * scale


def _tallest(heights: Floats, reach: int) -> Floats:
    """The greatest height within `reach` grid cells, by steps that halve."""
    tallest = heights
    while reach > 0:
        step = (reach + 1) // 2
        for axis in (0, 1):
            edges = [(0, 0), (0, 0)]
            edges[axis] = (step, step)
            padded = np.pad(tallest, edges, mode="edge")
            before, after = [slice(None), slice(None)], [slice(None), slice(None)]
            before[axis], after[axis] = slice(None, -2 * step), slice(2 * step, None)
            tallest = np.maximum(tallest, np.maximum(padded[tuple(before)], padded[tuple(after)]))
        reach -= step
    return tallest


def _sheets(scene: Scene, levels: int) -> Floats:
    """(3, sheets) tones from the valley to the peak, with some to spare at both ends; the sheets get lighter as they rise."""
    ramp = tones.ramp(scene.palette)
    places = [min(1.0, max(0.0, (index - _MARGIN) / (levels - 1))) for index in range(levels + 2 * _MARGIN + 1)]
    found = [ramp.at(0.05 + 0.93 * place) for place in places]
    return np.array(found, np.float32).T


def _strip(grids: list[Floats], sheets: Floats, scene: Scene) -> Floats:
    """Paper, shadow, lit edge and line of one strip, (3, rows, width) float32."""
    place, fall, drift, peaks = grids
    unit = min(scene.size)
    relief, lines = np.float32(scene.number("relief")), scene.number("lines")
    slope = np.sqrt(fall * fall + drift * drift) + np.float32(1e-5)
    place = np.minimum(np.maximum(place + np.float32(_MARGIN), np.float32(1)), np.float32(sheets.shape[1] - 2))
    edge = np.floor(place + np.float32(0.5))
    side = (place - edge) / slope  # pixels inside the nearest edge, below 0 outside it
    index = edge.astype(np.intp)
    cover = np.minimum(np.maximum(side + np.float32(0.5), 0), 1)
    # Light comes from the upper left, so shadows lie longest at the lower right of a sheet.
    slant = np.float32(0.62) - (fall + drift) / slope * np.float32(0.30)
    outside = _shade(np.maximum(-side, 0), unit, slant)
    inside = _shade(np.maximum((edge + 1 - place) / slope, 0), unit, slant) * (side > 0)
    # On a summit the slope still speaks of a next sheet, but there is none; a shadow needs something that throws it.
    spare = (peaks + np.float32(_MARGIN) - edge) * np.float32(4)
    outside *= np.minimum(np.maximum(spare, 0), 1) * relief
    inside *= np.minimum(np.maximum(spare - 4, 0), 1) * relief
    rim = np.minimum(np.maximum(np.float32(unit * 0.0016 + 1) - side, 0), 1) * cover
    rim *= (np.float32(1) - slant) * relief * np.float32(0.42)
    ink = _ink(side, slope, edge, unit, lines)
    strip = np.empty((3, *place.shape), np.float32)
    shade = tones.mix(tones.ramp(scene.palette).at(0.0), (0.0, 0.0, 0.0), 0.35)
    for plane, colours, dark in zip(strip, sheets, shade, strict=True):
        low, own = np.take(colours, index - 1), np.take(colours, index)
        low += (np.float32(dark) - low) * outside
        own += (np.float32(dark) - own) * inside
        own += (np.float32(255) - own) * rim
        own -= low
        own *= cover
        np.add(low, own, out=plane)
        plane += (np.float32(dark) - plane) * ink
    return strip


def _shade(away: Floats, unit: int, slant: Floats) -> Floats:
    """The shadow that a sheet throws on the one below, by distance in pixels: a dark seam in a wide soft fall."""
    near = np.maximum(1 - away / np.float32(unit * 0.008), 0)
    far = np.maximum(1 - away / np.float32(unit * _SHADOW), 0)
    shadow: Floats = (near * near * np.float32(0.24) + far * far * np.float32(0.42)) * slant
    return shadow


def _ink(side: Floats, slope: Floats, edge: Floats, unit: int, lines: float) -> Floats:
    """A line along every edge, a heavier one along every fifth; where the ground is all but flat a line would become a stain."""
    heavy = (edge.astype(np.int32) - _MARGIN) % 5 == 0
    half = np.where(heavy, np.float32(unit * 0.00115), np.float32(unit * 0.0005)) + np.float32(0.15)
    away = np.maximum(side, -side)
    drawn = np.minimum(np.maximum(half + np.float32(0.5) - away, 0), 1)
    flat = np.minimum(slope * np.float32(unit * 0.06), 1)
    ink: Floats = drawn * flat * np.where(heavy, np.float32(lines * 0.95), np.float32(lines * 0.55))
    return ink
