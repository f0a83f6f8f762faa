"""Mesh gradient: a few large colours that flow into each other like light on silk.

Takes a scene, yields planes. Colours are mixed in Oklab on a coarse grid, where nothing is lost because nothing is sharp, and the
grid is then drawn large in sixteen bits. The brightest colour gathers at the focal point.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ... import colour as srgb
from . import calm, noise, tones
from .noise import Doubles, Floats
from .paint import Planes, blank, keep, strips
from .scene import Area, Scene
from .stream import Stream

_CELL = 4
_CODES = 4096


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the gradient; `progress` gets 0–1."""
    width, height = scene.size
    unit = min(scene.size)
    stream = scene.stream.fork("mesh")
    down = (np.arange(height // _CELL + 3) * _CELL + 0.5) / unit
    across = (np.arange(width // _CELL + 3) * _CELL + 0.5) / unit
    rows, columns = _flowed(down, across, scene.number("flow"), stream.fork("flow"))
    light = _folded(rows, columns, scene.number("folds"), stream.fork("folds"))
    colours = _blended(rows, columns, scene, stream.fork("points"))
    colours[0] += light
    for area in scene.areas:
        _ground(colours, area, down, across, scene)
    small = _to_srgb(colours)
    progress(0.4)
    planes = blank(scene.size)
    for first, count in strips(height):
        keep(planes, first, np.stack([noise.enlarged(plane, _CELL, first, count, width) for plane in small]))
        progress(0.4 + 0.6 * (first + count) / height)
    return planes


def _flowed(down: Doubles, across: Doubles, flow: float, stream: Stream) -> tuple[Doubles, Doubles]:
    """The grid's coordinates, bent by two octaves of slow noise, so that no colour stays a circle."""
    rows = np.repeat(down[:, None], len(across), axis=1)
    columns = np.repeat(across[None, :], len(down), axis=0)
    for scale, strength in ((0.9, 0.62), (1.9, 0.16)):
        shift = stream.between(0, 64)
        bend_rows = noise.field(down * scale + shift, across * scale, stream.seed())
        bend_columns = noise.field(down * scale, across * scale + shift, stream.seed())
        rows += bend_rows * (strength * flow)
        columns += bend_columns * (strength * flow)
    return rows, columns


def _blended(rows: Doubles, columns: Doubles, scene: Scene, stream: Stream) -> Doubles:
    """(3, rows, columns) Oklab: every point's colour, weighed by the inverse square of the squared distance."""
    unit = min(scene.size)
    high, wide = scene.size[1] / unit, scene.size[0] / unit
    total, chroma = np.zeros_like(rows), np.zeros_like(rows)
    mixed = np.zeros((3, *rows.shape))
    for y, x, colour, weight in _points(scene, high, wide, stream):
        away_rows, away_columns = rows - y, columns - x
        away = away_rows * away_rows + away_columns * away_columns + 0.03
        pull = weight / (away * away)
        total += pull
        chroma += pull * math.sqrt(colour[1] * colour[1] + colour[2] * colour[2])
        for channel in range(3):
            mixed[channel] += pull * colour[channel]
    mixed /= total
    # Two opposite hues meet in grey; giving the mixture the chroma of its parts keeps the way between them colourful.
    grey = np.sqrt(mixed[1] * mixed[1] + mixed[2] * mixed[2]) + 0.012
    mixed[1:] *= np.minimum(chroma / total / grey, 2.2) * 0.75 + 0.25
    return mixed


def _points(scene: Scene, high: float, wide: float, stream: Stream) -> list[tuple[float, float, tones.Oklab, float]]:
    """Colour points: the lightest at the focal point, the others in turn round the picture, as far apart as chance allows."""
    ordered = sorted(scene.palette, key=lambda swatch: tones.to_oklab(srgb.parse(swatch[0])), reverse=True)
    others = ordered[1:] or ordered
    points = [(scene.focal[1] * high, scene.focal[0] * wide, tones.to_oklab(srgb.parse(ordered[0][0])), ordered[0][1] * 0.5)]
    count, step = int(scene.number("points")), 2 if len(others) % 2 else 1
    for index in range(1, count):
        tries = [(stream.between(-0.12, 1.12) * high, stream.between(-0.08, 1.08) * wide) for _ in range(12)]
        y, x = max(tries, key=lambda place: min(_apart(place, point) for point in points))
        name, weight = others[index * step % len(others)]
        points.append((y, x, tones.to_oklab(srgb.parse(name)), weight))
    return points


def _apart(place: tuple[float, float], point: tuple[float, float, tones.Oklab, float]) -> float:
    down, across = place[0] - point[0], place[1] - point[1]
    return down * down + across * across


def _folded(rows: Doubles, columns: Doubles, folds: float, stream: Stream) -> Doubles:
    """Fold the bent grid like silk, in place: slow rises, quick falls along a slanting line. Returns the light on the folds."""
    slope, turn = stream.between(0.5, 1.1) * stream.pick((-1, 1)), stream.between(0.85, 1.25)
    place = (rows + columns * slope) * turn + stream.between(0, 16)
    share = place - np.floor(place)
    lift = noise.smooth(np.minimum(share / 0.80, (1 - share) / 0.20)) - 0.5
    rows += lift * (0.42 * folds)
    columns += lift * (0.42 * folds * slope)
    light: Doubles = lift * (0.09 * folds)
    return light


def _ground(colours: Doubles, area: Area, down: Doubles, across: Doubles, scene: Scene) -> None:
    """Let the gradient pass through a colour that carries the words: the palette's most colourful one that does, if any."""
    carrying = [name for name, _ in scene.palette if srgb.contrast(srgb.parse(name), area.text) >= 5.6]
    tone = tones.accent([(name, 1.0) for name in carrying]) if carrying else calm.ground_tone(area.text, scene)
    high, wide = down[-1], across[-1]
    rows = np.maximum(np.maximum(area.y * high - down, down - (area.y + area.height) * high), 0)[:, None]
    columns = np.maximum(np.maximum(area.x * wide - across, across - (area.x + area.width) * wide), 0)[None, :]
    share = noise.step(np.sqrt(rows * rows + columns * columns), 0.66, 0.0) * 0.82
    for plane, level in zip(colours, tones.to_oklab(tone), strict=True):
        plane += (level - plane) * share


def _to_srgb(colours: Doubles) -> list[Floats]:
    """Oklab planes → three planes of sRGB 0–255, by a table of 4096 steps of linear light and straight lines between."""
    lightness, a, b = colours
    long = _cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
    medium = _cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
    short = _cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
    table = encoding()
    planes = []
    for one, two, three in (
        (4.0767416621, -3.3077115913, 0.2309699292),
        (-1.2684380046, 2.6097574011, -0.3413193965),
        (-0.0041960863, -0.7034186147, 1.7076147010),
    ):
        linear = np.minimum(np.maximum(long * one + medium * two + short * three, 0), 1)
        place = np.sqrt(linear) * (_CODES - 1)
        cell = np.minimum(place.astype(np.intp), _CODES - 2)
        planes.append((table[cell] + (table[cell + 1] - table[cell]) * (place - cell)).astype(np.float32))
    return planes


def _cube(value: Doubles) -> Doubles:
    return value * value * value


def encoding() -> NDArray[np.float64]:
    """sRGB 0–255 in steps of 1/65536 at the squares of 0 … 1, where the curve is nearly straight."""
    codes = [round(srgb.to_srgb((code / (_CODES - 1)) ** 2) * 255 * 65536) / 65536 for code in range(_CODES)]
    return np.array(codes, np.float64)
