"""The sky of a landscape: sheets of cut paper that open towards a sun or moon; and the light of each time of day.

Takes a scene and its ramp of tones, yields strips of pixels. The sun stands at the focal point. Everything round it depends on
the distance to it alone, bent by slow noise, and so is looked up in a table by quarter pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import noise, tones
from .noise import Floats
from .scene import Scene
from .stream import Stream


@dataclass(frozen=True, slots=True)
class Light:
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


LIGHTS = {
    "dawn": Light(
        sky_top=0.56, sky_low=0.93, far=0.72, near=0.02, haze=0.44, glow=0.95, shadow=0.36, warm=0.42, peak=0.80, rim=0.26
    ),
    "day": Light(
        sky_top=0.52, sky_low=0.80, far=0.66, near=0.02, haze=0.44, glow=0.95, shadow=0.34, warm=0.22, peak=0.85, rim=0.26
    ),
    "dusk": Light(
        sky_top=0.26, sky_low=0.74, far=0.60, near=0.00, haze=0.38, glow=0.92, shadow=0.42, warm=0.55, peak=0.62, rim=0.20
    ),
    "night": Light(
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


class Sky:
    """The sky, strip by strip: a gradient, cut sheets that open towards the sun, its glow, the disc, stars at night."""

    def __init__(self, scene: Scene, ramp: tones.Ramp, light: Light) -> None:
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
        reach = math.isqrt(self._width**2 + self._height**2) + unit
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


def _openings(quarters: int, radius: float, unit: int, light: Light, stream: Stream) -> tuple[Floats, Floats]:
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
                down, across = row + 0.5 - y, column + 0.5 - x
                away = math.sqrt(down * down + across * across)
                cover = min(1.0, max(0.0, size + 0.5 - away)) * strength
                if cover > 0.02 and 0 <= row < height and 0 <= column < width:
                    touched.append((row, column, cover))
    return touched
