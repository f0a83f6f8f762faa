"""Layered paper landscape: a sky of cut sheets round a sun or moon, ridges in front of it, each with a soft shadow behind.

Takes a scene, yields planes. The sun stands at the focal point and the ridges sink towards it; from far to near they go from the
light end of the palette to its dark end. Sizes are shares of the shorter side, so that every ratio shows one composition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import noise, tones
from .noise import Floats
from .paint import Planes, blank, keep, strips
from .ridges import SUBCOLUMNS, Outline, outlines
from .scene import Scene
from .stream import Stream

_SHADOW_CELL = 4


@dataclass(frozen=True, slots=True)
class _Light:
    """Places on the ramp (0 dark, 1 light) for one time of day; `glow` and `shadow` are strengths 0–1."""

    sky_top: float
    sky_low: float
    far: float
    near: float
    haze: float
    glow: float
    shadow: float
    warm: float
    peak: float
    rim: float
    stars: int = 0


_LIGHTS = {
    "dawn": _Light(
        sky_top=0.56, sky_low=0.93, far=0.72, near=0.02, haze=0.44, glow=0.95, shadow=0.36, warm=0.42, peak=0.80, rim=0.26
    ),
    "day": _Light(
        sky_top=0.52, sky_low=0.80, far=0.66, near=0.02, haze=0.44, glow=0.95, shadow=0.34, warm=0.22, peak=0.85, rim=0.26
    ),
    "dusk": _Light(
        sky_top=0.26, sky_low=0.74, far=0.60, near=0.00, haze=0.38, glow=0.92, shadow=0.42, warm=0.55, peak=0.62, rim=0.20
    ),
    "night": _Light(
        sky_top=0.12,
        sky_low=0.50,
        far=0.62,
        near=0.03,
        haze=0.55,
        glow=0.80,
        shadow=0.50,
        warm=0.0,
        peak=0.45,
        rim=0.10,
        stars=170,
    ),
}


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A ridge ready to be painted: its outline, colours at the crest and in the haze below, and its shadow on a coarse grid."""

    outline: Outline
    crest: tones.Tone
    foot: tones.Tone
    rim: tones.Tone
    shade: tones.Tone
    depth_px: float
    shadow: Floats
    shadow_row: int


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the landscape; `progress` gets 0–1."""
    light = _LIGHTS.get(scene.word("time"), _LIGHTS["day"])
    ramp = tones.ramp(scene.palette)
    sky = Sky(scene, ramp, light)
    sheets = _sheets(scene, ramp, light)
    progress(0.25)
    planes = blank(scene.size)
    width, height = scene.size
    for first, rows in strips(height):
        covering = [index for index, sheet in enumerate(sheets) if sheet.outline.lowest_px < first]
        start = covering[-1] if covering else -1
        strip = sky.strip(first, rows) if start < 0 else np.empty((3, rows, width), np.float32)
        for sheet in sheets[max(start, 0) :]:
            _lay(strip, sheet, first)
        keep(planes, first, strip)
        progress(0.25 + 0.75 * (first + rows) / height)
    return planes


class Sky:
    """The sky, strip by strip: a gradient, cut sheets that open towards the sun, its glow, the disc, stars at night."""

    def __init__(self, scene: Scene, ramp: tones.Ramp, light: _Light) -> None:
        self._width, self._height = scene.size
        unit = min(scene.size)
        stream = scene.stream.fork("sky")
        self._centre = scene.focal[0] * self._width, scene.focal[1] * self._height
        self._radius = unit * stream.between(0.085, 0.105)
        top, low = ramp.at(light.sky_top), ramp.at(light.sky_low)
        warm = tones.mix(low, tones.accent(scene.palette), light.warm)
        self._gradient = _gradient((top, tones.mix(top, warm, 0.55), warm), scene.focal[1] + 0.12, self._height)
        self._disc = np.array(tones.mix(ramp.at(1.0), (255.0, 252.0, 244.0), 0.5), np.float32)
        self._warm = np.array(tones.mix(warm, tones.accent(scene.palette), light.warm * 0.5), np.float32)
        self._glow = np.array(tones.mix(warm, ramp.at(1.0), light.peak), np.float32)
        self._shade = np.array(tones.mix(top, ramp.at(0.0), 0.35), np.float32)
        reach = int((self._width**2 + self._height**2) ** 0.5) + unit
        self._lift, self._dim = _openings(reach * 4, self._radius, unit, light, stream)
        cell = unit * 0.34
        self._wobble_px = np.float32(unit * 0.085)
        self._wobble = noise.field(
            np.arange(self._height // 16 + 3) * 16 / cell, np.arange(self._width // 16 + 3) * 16 / cell, stream.seed()
        )
        self._wobble += noise.field(
            np.arange(self._height // 16 + 3) * 40 / cell, np.arange(self._width // 16 + 3) * 40 / cell, stream.seed()
        ) * np.float32(0.35)
        self._stars = _stars(scene, light.stars, stream.fork("stars"))

    def strip(self, first: int, rows: int) -> Floats:
        """Rows `first` … of the sky, (3, rows, width) float32, 0–255."""
        down = (np.arange(first, first + rows) + 0.5 - self._centre[1]).astype(np.float32)[:, None]
        across = (np.arange(self._width) + 0.5 - self._centre[0]).astype(np.float32)[None, :]
        distance = np.sqrt(down * down + across * across)
        place = noise.enlarged(self._wobble, 16, first, rows, self._width) * self._wobble_px
        # Close to the disc the sheets follow it, or the nearest one would cut into it.
        place *= np.minimum(distance / np.float32(self._radius * 3), np.float32(1))
        place += distance
        index = np.maximum(place * np.float32(4), np.float32(0)).astype(np.int32)
        lift, dim = np.take(self._lift, index, mode="clip"), np.take(self._dim, index, mode="clip")
        early = np.minimum(lift * np.float32(2), np.float32(1))
        late = np.maximum(lift * np.float32(2) - np.float32(1), np.float32(0))
        strip = np.empty((3, rows, self._width), np.float32)
        disc = np.minimum(np.maximum(np.float32(self._radius + 0.5) - distance, np.float32(0)), np.float32(1))
        for channel in range(3):
            ground = self._gradient[channel, first : first + rows, None]
            plane = (self._warm[channel] - ground) * early
            plane += ground
            plane += (self._glow[channel] - plane) * late
            plane += (self._shade[channel] - plane) * dim
            for row, column, strength in self._stars:
                if first <= row < first + rows:
                    plane[row - first, column] += (np.float32(255) - plane[row - first, column]) * np.float32(strength)
            plane += (self._disc[channel] - plane) * disc
            strip[channel] = plane
        return strip


def _gradient(stops: tuple[tones.Tone, ...], horizon: float, height: int) -> Floats:
    """(3, height) float32: `stops` from the top to the horizon (a share of the height), mixed in Oklab, constant below."""
    steps = 64
    ladder = []
    for step in range(steps + 1):
        place = step / steps * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        ladder.append(tones.mix(stops[index], stops[index + 1], place - index))
    table = np.array(ladder, np.float64)
    place = np.minimum((np.arange(height) + 0.5) / max(1.0, horizon * height), 1) * steps
    cell = np.minimum(place.astype(np.intp), steps - 1)
    share = (place - cell)[:, None]
    result: Floats = np.ascontiguousarray((table[cell] + (table[cell + 1] - table[cell]) * share).T.astype(np.float32))
    return result


def _openings(quarters: int, radius: float, unit: int, light: _Light, stream: Stream) -> tuple[Floats, Floats]:
    """By quarter pixel from the sun: how far the sky is lifted towards the glow, and how dark the sheets' shadows lie on it."""
    place = np.arange(quarters) / 4.0
    lift, dim = np.zeros(quarters), np.zeros(quarters)
    edge = radius * stream.between(1.75, 2.0)
    count = 5
    for index in range(count):
        inside = edge - place
        lift += np.minimum(np.maximum(inside + 0.5, 0), 1) * (light.glow / count)
        soft = unit * 0.035 * (1 + index * 0.25)
        near = np.minimum(np.maximum(1 - inside / soft, 0), 1) * (inside > -0.5)
        dim += (1 - dim) * near * near * (0.62 * light.shadow)
        edge += unit * stream.between(0.13, 0.19) * (1 + 0.28 * index)
    halo = noise.step(place, radius * 2.6, radius * 0.8)
    lift += (1 - lift) * halo * halo * 0.55
    return lift.astype(np.float32), dim.astype(np.float32)


def _stars(scene: Scene, count: int, stream: Stream) -> list[tuple[int, int, float]]:
    """(row, column, strength) of every pixel that a star touches."""
    width, height = scene.size
    unit, touched = min(scene.size), []
    for _ in range(count):
        x, y = stream.unit() * width, stream.unit() * scene.focal[1] * 1.25 * height
        size, strength = unit * stream.between(0.0006, 0.0016), stream.between(0.25, 0.95)
        reach = int(size + 1)
        for row in range(int(y) - reach, int(y) + reach + 1):
            for column in range(int(x) - reach, int(x) + reach + 1):
                away = ((row + 0.5 - y) ** 2 + (column + 0.5 - x) ** 2) ** 0.5
                cover = min(1.0, max(0.0, size + 0.5 - away)) * strength
                if cover > 0.02 and 0 <= row < height and 0 <= column < width:
                    touched.append((row, column, cover))
    return touched


def _sheets(scene: Scene, ramp: tones.Ramp, light: _Light) -> list[_Sheet]:
    ridges = outlines(scene)
    sheets = []
    warm = tones.accent(scene.palette)
    for index, outline in enumerate(ridges):
        z = index / max(1, len(ridges) - 1)
        crest = ramp.at(light.far + (light.near - light.far) * z)
        crest = tones.mix(crest, warm, light.warm * 0.3 * (1 - z))
        behind = ramp.at(min(1.0, light.far + (light.near - light.far) * (z - 0.33)))
        shadow, row = _shadow(outline, scene.size, z, light.shadow)
        sheets.append(
            _Sheet(
                outline=outline,
                crest=crest,
                foot=tones.mix(crest, behind, light.haze * (1.25 - 0.6 * z)),
                rim=tones.mix(crest, ramp.at(1.0), light.rim * (1 - 0.8 * z)),
                shade=tones.mix(ramp.at(0.0), (0.0, 0.0, 0.0), 0.25),
                depth_px=scene.size[1] * (0.16 + 0.10 * z),
                shadow=shadow,
                shadow_row=row,
            )
        )
    return sheets


def _shadow(outline: Outline, size: tuple[int, int], z: float, strength: float) -> tuple[Floats, int]:
    """The ridge's blurred shape in `strength`, moved aside, one value every four pixels; and the grid row at which it begins."""
    width, height = size
    near, wide = max(1, round(min(size) * (0.004 + 0.004 * z)) // _SHADOW_CELL), max(2, round(min(size) * 0.022) // _SHADOW_CELL)
    top = max(0, int(outline.highest_px) // _SHADOW_CELL - wide * 4)
    bottom = min(height, int(outline.lowest_px) + _SHADOW_CELL * 4) // _SHADOW_CELL + 3
    columns = width // _SHADOW_CELL + 3
    picked = np.minimum(np.arange(columns) * _SHADOW_CELL * SUBCOLUMNS, outline.crest.shape[1] * SUBCOLUMNS - 1)
    crest = outline.crest[picked % SUBCOLUMNS, picked // SUBCOLUMNS]
    rows = np.arange(top, max(bottom, top + 2)) * _SHADOW_CELL
    depth = (rows[:, None] - crest[None, :]) * np.float32(256 / _SHADOW_CELL) + np.float32(128)
    mask = np.minimum(np.maximum(depth, 0), 256).astype(np.int32) * 16
    tight, broad = noise.blurred(mask, near), noise.blurred(mask, wide)
    shift = max(1, near // 2)
    tight = np.roll(tight, shift, axis=1)
    tight[:, :shift] = tight[:, shift : shift + 1]
    both = (tight * 5 + broad * 7).astype(np.float32) / np.float32(12 * 4096)
    return both * np.float32(strength * (0.75 + 0.5 * z)), top


def _lay(strip: Floats, sheet: _Sheet, first: int) -> None:
    """Lay one ridge over the strip: its shadow on what is there, then its paper up to the crest, with a lit rim."""
    _, rows, width = strip.shape
    outline = sheet.outline
    if sheet.shadow_row * _SHADOW_CELL >= first + rows:
        return
    if first <= outline.lowest_px:
        begin = max(first, sheet.shadow_row * _SHADOW_CELL)
        grid_row = sheet.shadow_row * _SHADOW_CELL
        last = (len(sheet.shadow) - 1) * _SHADOW_CELL + grid_row
        count = min(first + rows, last) - begin
        if count > 0:
            dark = noise.enlarged(sheet.shadow, _SHADOW_CELL, begin - grid_row, count, width)
            for plane, colour in zip(strip[:, begin - first : begin - first + count], sheet.shade, strict=True):
                plane += (np.float32(colour) - plane) * dark
    if outline.highest_px > first + rows:
        return
    depth = np.arange(first, first + rows, dtype=np.float32)[:, None] - outline.base[None, :]
    share = np.minimum(np.maximum(depth * np.float32(1 / sheet.depth_px), np.float32(0)), np.float32(1))
    share *= np.float32(2) - share
    if first > outline.lowest_px + 4:
        for plane, crest, foot in zip(strip, sheet.crest, sheet.foot, strict=True):
            np.multiply(share, np.float32(foot - crest), out=plane)
            plane += np.float32(crest)
        return
    cover = _cover(outline, first - 2, rows + 2)
    lit = cover[2:] - cover[:-2]
    cover = cover[2:]
    for plane, crest, foot, rim in zip(strip, sheet.crest, sheet.foot, sheet.rim, strict=True):
        colour = share * np.float32(foot - crest)
        colour += np.float32(crest)
        colour += (np.float32(rim) - colour) * lit
        colour -= plane
        colour *= cover
        plane += colour


def _cover(outline: Outline, first: int, rows: int) -> Floats:
    """How much of each pixel the ridge covers, 0–1, from its crest at several places across the pixel."""
    place = np.arange(first + 1, first + 1 + rows, dtype=np.float32)[:, None]
    total = np.zeros((rows, outline.base.size), np.float32)
    for crest in outline.crest:
        total += np.minimum(np.maximum(place - crest[None, :], np.float32(0)), np.float32(1))
    total *= np.float32(1 / SUBCOLUMNS)
    return total
