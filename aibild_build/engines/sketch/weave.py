"""Woven ribbons: long bands that flow side by side, and a second set that holds them, over one and under several.

Takes a scene, yields planes. Every pixel knows its place across both sets in units of a ribbon; which set lies on top follows
from the two whole numbers, the roundness and the shadows from the two fractions. Light falls on the weave at the focal point.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import colour as srgb
from . import noise, tones
from .noise import Floats
from .paint import Planes, blank, keep, strips
from .scene import Scene
from .stream import Stream

_CELL = 8
_WIDTH = np.float32(0.90)  # of a ribbon's place; the rest is gap
_TONES = 4096  # a whole number of rounds of a set's 64 tones
_HALF = np.float32(0.5)


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the cloth; `progress` gets 0–1."""
    width, height = scene.size
    stream = scene.stream.fork("cloth")
    warp, weft, light = _grids(scene, stream)
    sets = _ribbons(scene, stream.fork("tones"))
    progress(0.15)
    planes = blank(scene.size)
    for first, rows in strips(height):
        places = [noise.enlarged(grid, _CELL, first, rows, width) for grid in (warp, weft, light)]
        keep(planes, first, _strip(places, sets, scene))
        progress(0.15 + 0.85 * (first + rows) / height)
    return planes


def _grids(scene: Scene, stream: Stream) -> tuple[Floats, Floats, Floats]:
    """Place across the one set and across the other, in ribbons, and the light 0–1; on the coarse grid."""
    unit, bend = min(scene.size), scene.number("bend")
    down = (np.arange(scene.size[1] // _CELL + 3) * _CELL + 0.5) / unit
    across = (np.arange(scene.size[0] // _CELL + 3) * _CELL + 0.5) / unit
    rows = down[:, None] - scene.focal[1] * scene.size[1] / unit
    columns = across[None, :] - scene.focal[0] * scene.size[0] / unit
    away = rows * rows + columns * columns
    light = 1 / (1 + away * 1.9)
    light = light + noise.field(down * 1.3, across * 1.3, stream.seed()) * 0.10
    # About 34° to the level: 0.83, 0.56 are its cosine and sine, so that ribbons stay a shade flatter than a chequerboard.
    tilt = stream.pick((-1, 1))
    strands = scene.number("strands")
    found = []
    for one, other in ((0.83, 0.56 * tilt), (-0.56 * tilt, 0.83)):
        place = rows * one + columns * other
        for scale, strength in ((0.55, 0.34), (1.3, 0.085)):
            place = place + noise.field(down * scale, across * scale, stream.seed()) * (strength * bend)
        found.append((place * strands).astype(np.float32))
    return found[0], found[1], light.astype(np.float32)


def _ribbons(scene: Scene, stream: Stream) -> tuple[Floats, Floats]:
    """(3, `_TONES`) for each set: the one that flows from the palette's lighter tones, the one that holds from its dark."""
    ramp, warm = tones.ramp(scene.palette), tones.accent(scene.palette)
    dark_words = any(srgb.contrast(area.text, (0, 0, 0)) < srgb.contrast(area.text, (255, 255, 255)) for area in scene.areas)
    sets = []
    for low, high, strange in ((0.55, 1.0, 0.06), (0.34, 0.62, 0.0)) if dark_words else ((0.26, 0.92, 0.13), (0.05, 0.40, 0.0)):
        steps = [ramp.at(low + (high - low) * step / 31) for step in range(32)]
        pace, shift, colours = stream.between(0.11, 0.15), stream.unit(), []
        for index in range(64):
            place = index * pace + shift
            share = abs(2 * (place - int(place)) - 1) + stream.between(-0.16, 0.16)
            tone = steps[int(min(1.0, max(0.0, share)) * 31)]
            colours.append(tones.mix(tone, warm, 0.86) if stream.unit() < strange else tone)
        sets.append(np.tile(np.array(colours, np.float32).T, (1, _TONES // 64)))
    return sets[0], sets[1]


def _strip(places: list[Floats], sets: tuple[Floats, Floats], scene: Scene) -> Floats:
    """One strip, (3, rows, width) float32: the lower ribbon, the upper one over it, light over both."""
    warp, weft, light = places
    pitch = np.float32(min(scene.size) / scene.number("strands"))
    thread = np.float32(scene.number("threads"))
    whole = [np.floor(place) for place in (warp, weft)]
    middle = [place - start - _HALF for place, start in zip((warp, weft), whole, strict=True)]
    away = [np.maximum(share, -share) for share in middle]
    index = [start.astype(np.int32) & (_TONES - 1) for start in whole]
    over = int(scene.number("over"))
    turn = (index[0] + index[1]) % (over + 1)
    upper_is_warp = turn > 0
    # How far a flowing ribbon still runs on top, in ribbons; the holding one is on top for a single crossing.
    before, after = turn.astype(np.float32) - 1 + middle[1], over - turn.astype(np.float32) - middle[1]
    left = np.where(upper_is_warp, np.minimum(before, after) + _HALF, _HALF - away[0])
    across = [np.where(upper_is_warp, one, other) for one, other in ((middle[1], middle[0]), (middle[0], middle[1]))]
    half = _WIDTH * _HALF
    edges = [np.maximum(share, -share) for share in across]
    covers = [np.minimum(np.maximum((half - edge) * pitch + _HALF, 0), 1) for edge in edges]
    shapes = (
        _round(across[0], thread, pitch) * _passing(np.maximum(edges[1] - half, 0)),
        _round(across[1], thread, pitch) * _crown(left),
    )
    glow = _glow(light)
    strip = np.empty((3, *light.shape), np.float32)
    ground = tones.mix(tones.ramp(scene.palette).at(0.0), (0.0, 0.0, 0.0), 0.35)
    for channel, plane in enumerate(strip):
        first, second = np.take(sets[0][channel], index[0]), np.take(sets[1][channel], index[1])
        plane[:] = np.float32(ground[channel])
        for tone, shape, cover in zip(
            (np.where(upper_is_warp, second, first), np.where(upper_is_warp, first, second)), shapes, covers, strict=True
        ):
            tone = tone * shape
            tone -= plane
            tone *= cover
            plane += tone
        plane *= glow
    return strip


def _round(lean: Floats, thread: np.float32, pitch: np.float32) -> Floats:
    """The light on a ribbon across its width: darker at its edges, a little brighter towards the light, lined with threads."""
    curve = lean * lean * np.float32(4)
    shape = np.float32(1.02) - curve * curve * np.float32(0.30) - lean * np.float32(0.16)
    lines = lean * np.float32(9)
    lines -= np.floor(lines)
    lines = np.maximum(lines - _HALF, _HALF - lines) * np.float32(4) - np.float32(1)
    fine = thread * np.minimum(pitch / np.float32(60), np.float32(1)) * np.float32(0.10)
    result: Floats = shape + lines * fine
    return result


def _crown(left: Floats) -> Floats:
    """A ribbon on top is bright; before it dives it bends down into the shadow of the one that will lie over it."""
    near = np.maximum(np.float32(0.42) - left, 0) * np.float32(1 / 0.42)
    crown: Floats = np.float32(1.04) - near * near * np.float32(0.42)
    return crown


def _passing(beyond: Floats) -> Floats:
    """A ribbon beneath, seen in the gap beside the one above it: deep in its shadow."""
    passing: Floats = np.float32(0.50) - np.maximum(np.float32(0.05) - beyond, 0) * np.float32(3)
    return passing


def _glow(light: Floats) -> Floats:
    share = np.minimum(np.maximum(light, 0), 1)
    glow: Floats = np.float32(0.52) + share * np.float32(0.56)
    return glow
