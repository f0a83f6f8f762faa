"""Soft bokeh: discs of light out of focus, from wide faint ones far behind to small bright ones, before a dim gradient.

Takes a scene, yields planes. Light adds up as it does on film, so discs are screened over each other; they gather round the focal
point and keep away from words. An edge is as soft as its disc is deep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ... import colour as srgb
from . import noise, tones
from .noise import Doubles, Floats
from .paint import Planes, blank, keep, strips
from .scene import Area, Scene
from .stream import Stream

_CELL = 8


@dataclass(frozen=True, slots=True)
class _Disc:
    """Centre and radius in pixels; `soft` is the width of its edge in pixels; `light` and `rim` are strengths 0–1."""

    x: float
    y: float
    radius: float
    soft: float
    light: float
    rim: float
    tone: tones.Tone


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the lights; `progress` gets 0–1."""
    width, height = scene.size
    ground = _ground(scene)
    discs = _discs(scene)
    progress(0.1)
    planes = blank(scene.size)
    for first, rows in strips(height):
        strip = np.stack([noise.enlarged(plane, _CELL, first, rows, width) for plane in ground])
        for disc in discs:
            _lay(strip, disc, first)
        keep(planes, first, strip)
        progress(0.1 + 0.9 * (first + rows) / height)
    return planes


def _ground(scene: Scene) -> list[Floats]:
    """The dark before which the lights stand: a wide glow at the focal point, drifts of the palette's deeper tones."""
    unit = min(scene.size)
    stream = scene.stream.fork("ground")
    down = (np.arange(scene.size[1] // _CELL + 3) * _CELL + 0.5) / unit
    across = (np.arange(scene.size[0] // _CELL + 3) * _CELL + 0.5) / unit
    rows = down[:, None] - scene.focal[1] * scene.size[1] / unit
    columns = across[None, :] - scene.focal[0] * scene.size[0] / unit
    away = np.sqrt(rows * rows + columns * columns)
    place = 0.03 + 0.40 * noise.step(away, 1.25, 0.0)
    place = place + noise.field(down * 0.9, across * 0.9, stream.seed()) * 0.10
    place = place + noise.field(down * 2.1, across * 2.1, stream.seed()) * 0.03
    for area in scene.areas:
        place = _lit(place, area, down, across)
    ramp = tones.ramp(scene.palette)
    table = np.array([ramp.at(step / 128) for step in range(130)], np.float64)
    place = np.minimum(np.maximum(place, 0), 1) * 128
    cell = place.astype(np.intp)
    share = (place - cell)[:, :, None]
    colours = table[cell] + (table[cell + 1] - table[cell]) * share
    return [np.ascontiguousarray(colours[:, :, channel]).astype(np.float32) for channel in range(3)]


def _lit(place: Doubles, area: Area, down: Doubles, across: Doubles) -> Doubles:
    """Under the words the ground goes over, from far away, into the end of the palette that they need."""
    wanted = 0.93 if _wants_light(area) else 0.03
    high, wide = down[-1], across[-1]
    rows = np.maximum(np.maximum(area.y * high - down, down - (area.y + area.height) * high), 0)[:, None]
    columns = np.maximum(np.maximum(area.x * wide - across, across - (area.x + area.width) * wide), 0)[None, :]
    lit: Doubles = place + (wanted - place) * noise.step(np.sqrt(rows * rows + columns * columns), 0.95, 0.0)
    return lit


def _wants_light(area: Area) -> bool:
    return srgb.contrast(area.text, (0, 0, 0)) < srgb.contrast(area.text, (255, 255, 255))


def _discs(scene: Scene) -> list[_Disc]:
    """All discs, the farthest first."""
    stream = scene.stream.fork("discs")
    count, depth, rim = int(scene.number("discs")), scene.number("depth"), scene.number("rim")
    lights = _lights(scene)
    discs = []
    for index in range(count):
        discs.append(_disc(scene, stream.fork(index), index / max(1, count - 1), depth, rim, lights))
    return [disc for disc in discs if disc.light > 0.01]


def _lights(scene: Scene) -> list[tones.Tone]:
    """What the lights are coloured with: the palette's lighter two thirds, each as often as its weight asks."""
    ordered = sorted(scene.palette, key=lambda swatch: tones.to_oklab(srgb.parse(swatch[0])))
    light = ordered[len(ordered) * 2 // 5 :] if len(ordered) > 2 else ordered
    ramp = tones.ramp(scene.palette)
    if any(_wants_light(area) for area in scene.areas):
        # On ground as light as dark words need it, anything darker would look like a stain.
        return [ramp.at(0.86), ramp.at(0.93), ramp.at(1.0)]
    found = [_tone(name) for name, weight in light for _ in range(max(1, round(weight * 2)))]
    warm = tones.accent(scene.palette)
    return [*found, warm, warm, warm, ramp.at(0.92)]


def _tone(name: str) -> tones.Tone:
    red, green, blue = srgb.parse(name)
    return float(red), float(green), float(blue)


def _disc(scene: Scene, stream: Stream, near: float, depth: float, rim: float, lights: list[tones.Tone]) -> _Disc:
    """One disc; `near` 0 is far behind (wide, soft, faint), 1 the plane of the lights (small, firm, bright)."""
    width, height = scene.size
    unit = min(scene.size)
    # Two throws of the die halved gather the discs along a diagonal drift through the focal point.
    drift = (stream.unit() + stream.unit() + stream.unit()) * 2 / 3 - 1
    aside = (stream.unit() + stream.unit()) - 1
    x = scene.focal[0] * width + drift * width * (0.62 + 0.25 * (1 - near)) + aside * unit * 0.12
    y = scene.focal[1] * height + aside * height * (0.38 + 0.35 * (1 - near)) - drift * height * 0.16
    size = (0.034 + 0.125 * (1 - near) * depth + 0.05 * (1 - depth)) * stream.between(0.55, 1.45)
    radius = unit * size
    light = (0.20 + 0.50 * near * near) * stream.between(0.5, 1.25)
    light *= 1 - max((_under(x / width, y / height, radius / width, radius / height, area) for area in scene.areas), default=0.0)
    soft = max(1.5, radius * (0.07 + 0.75 * (1 - near) * (1 - near) * (0.35 + depth)))
    return _Disc(x, y, radius, soft, light, rim * (0.35 + 0.65 * near), stream.pick(lights))


def _under(x: float, y: float, wide: float, high: float, area: Area) -> float:
    """How far a disc lies in a safe area: all within gives 0.92, clear of it 0."""
    across = max(area.x - x, x - area.x - area.width) / max(wide, 1e-6)
    down = max(area.y - y, y - area.y - area.height) / max(high, 1e-6)
    return 0.92 * min(1.0, max(0.0, (2.4 - max(across, down)) / 2.4 * 1.3))


def _lay(strip: Floats, disc: _Disc, first: int) -> None:
    """Screen one disc over the rows of the strip that it touches."""
    _, rows, width = strip.shape
    reach = disc.radius + disc.soft
    top, bottom = max(0, int(disc.y - reach) - first), min(rows, int(disc.y + reach) + 2 - first)
    left, right = max(0, int(disc.x - reach)), min(width, int(disc.x + reach) + 2)
    if top >= bottom or left >= right:
        return
    down = (np.arange(first + top, first + bottom) + 0.5 - disc.y).astype(np.float32)[:, None]
    across = (np.arange(left, right) + 0.5 - disc.x).astype(np.float32)[None, :]
    away = np.sqrt(down * down + across * across)
    cover = np.minimum(np.maximum((np.float32(disc.radius + disc.soft / 2) - away) * np.float32(1 / disc.soft), 0), 1)
    cover *= cover * (np.float32(3) - cover * np.float32(2))
    # A lens draws its discs a little brighter towards the edge.
    share = away * np.float32(1 / disc.radius)
    share *= share
    cover *= np.float32(disc.light * (1 - 0.45 * disc.rim)) + share * share * np.float32(disc.light * 0.60 * disc.rim)
    for plane, level in zip(strip[:, top:bottom, left:right], disc.tone, strict=True):
        # Half of it tints, half of it adds: all tint would look like paint, all light would lose its colour.
        plane += (np.float32(level) - plane) * (cover * np.float32(0.72))
        plane += (np.float32(255) - plane) * (cover * np.float32(0.30 * level / 255))
