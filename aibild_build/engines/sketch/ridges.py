"""Outlines of ridges: where each layer of a landscape ends, from the far mountains to the near hill with its trees.

Takes a scene, yields heights in pixels at four places a pixel; knows no colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import noise
from .noise import Doubles, Floats
from .scene import Scene
from .stream import Stream

SUBCOLUMNS = 4


@dataclass(frozen=True, slots=True)
class Outline:
    """`crest` (4, width): the edge with all that stands on it; `base` (width): the bare hill. Pixels from the picture's top."""

    crest: Floats
    base: Floats
    highest_px: float
    lowest_px: float


def outlines(scene: Scene) -> list[Outline]:
    """All ridges of a scene, the farthest first."""
    count = int(scene.number("layers"))
    return [_outline(scene, index, index / max(1, count - 1)) for index in range(count)]


def _outline(scene: Scene, index: int, z: float) -> Outline:
    width, height = scene.size
    unit = min(scene.size)
    stream = scene.stream.fork(f"ridge {index}")
    relief = 0.5 + scene.number("relief")
    x = (np.arange(width * SUBCOLUMNS) + 0.5) / SUBCOLUMNS
    away = (x - scene.focal[0] * width) / unit
    horizon = min(0.70, max(0.40, scene.focal[1] + 0.075))
    base_y = horizon + (0.955 - horizon) * (z * (0.62 + 0.38 * z))
    tall = (0.145 * (1 - z) + 0.085) * relief * min(1.0, unit / height * 1.15)
    shape = _shape(away, z, stream)
    # The ridges open like a valley towards the focal point.
    valley = np.minimum(away * away / (0.55 + 0.35 * z), 1.0)
    rise = tall * (shape * (0.45 + 0.55 * valley) + 0.62 * valley * (1.15 - 0.55 * z))
    base = (base_y - rise + tall * 0.25) * height
    crest = base
    trees = scene.number("trees")
    if trees > 0 and z >= 0.45:
        crest = _planted(base, x, scene, z, trees, stream.fork("trees"))
    grid = np.ascontiguousarray(crest.reshape(width, SUBCOLUMNS).T.astype(np.float32))
    # The haze follows the hill, not its every tooth, or each tooth would draw a streak down the paper.
    coarse = (base.reshape(width, SUBCOLUMNS)[:, 0] * 256).astype(np.int32)[None, :]
    bare: Floats = (noise.blurred(coarse, int(unit * 0.06))[0] / 256.0).astype(np.float32)
    return Outline(grid, bare, float(grid.min()), float(grid.max()))


def _shape(away: Doubles, z: float, stream: Stream) -> Doubles:
    """The ridge line −1 to 1: sharp facets far away, round hills near by."""
    seed, shift = stream.seed(), stream.between(0, 64)
    place = away * (2.3 - 0.9 * z) + shift
    facets = noise.waves(place, seed, 5, rough=0.46, straight=True)
    peaks = 1 - 2 * np.maximum(facets, -facets) * 1.35
    hills = noise.waves(place * 0.8, seed + 1, 3, rough=0.32)
    share = min(1.0, z * 1.7)
    return peaks * (1 - share) * 0.8 + hills * (share + 0.35 * (1 - share))


def _planted(base: Doubles, x: Doubles, scene: Scene, z: float, trees: float, stream: Stream) -> Doubles:
    """The hill with conifers on it: groups rather than rows, larger near by, none between the words and their ground."""
    width, height = scene.size
    unit = min(scene.size)
    crest = base.copy()
    size = unit * (0.022 + 0.085 * (z - 0.45) * (z - 0.45) / 0.3025 * (1.0 + trees) + 0.012 * trees)
    place, seed = -size, stream.seed()
    while place < width + size:
        place += size * stream.between(0.14, 0.5)
        thick = float(noise.wave(np.array([place / unit * 2.2]), seed)[0]) * 0.5 + 0.5
        tall = size * stream.between(0.55, 1.25) * (0.5 + 0.65 * thick)
        away = (place - scene.focal[0] * width) / unit
        # Near trees frame the picture; in the middle they would stand before what it shows.
        open_ground = 1 - (1 - min(1.0, away * away / 0.30)) * min(1.0, (z - 0.45) * 2.2)
        if stream.unit() > (0.25 + 2.0 * trees) * (thick * 2.2 - 0.75) * open_ground:
            continue
        foot = min(max(int(place * SUBCOLUMNS), 0), base.size - 1)
        if _under_words(place / width, (float(base[foot]) - tall) / height, scene):
            continue
        _stand(crest, x, place, float(base[foot]), tall, stream)
    return crest


def _under_words(x: float, y: float, scene: Scene) -> bool:
    return any(a.x - 0.02 < x < a.x + a.width + 0.02 and a.y - 0.02 < y < a.y + a.height + 0.05 for a in scene.areas)


def _stand(crest: Doubles, x: Doubles, place: float, foot: float, tall: float, stream: Stream) -> None:
    """Cut one conifer into the crest: tiers of boughs that step outwards from a slim top."""
    half = tall * stream.between(0.19, 0.26)
    begin, end = (min(max(int((place + side * half) * SUBCOLUMNS), 0), crest.size) for side in (-1, 1))
    if end - begin < 2:
        return
    tiers = 6 + stream.word() % 3
    away = (x[begin:end] - place) / half
    out = np.minimum(np.maximum(away, -away), 1) * tiers
    # Both sides are one tree, yet not mirrored: below the tip, boughs on the right sit a little lower.
    rung = out + np.where(away > 0, 0.4, 0.0) * np.minimum(out, 1)
    whole = np.floor(rung)
    top = 1 - (whole + np.where(whole < 1, 1.0, 0.42) * (rung - whole)) / (tiers + 0.5)
    crest[begin:end] = np.minimum(crest[begin:end], foot - top * tall + tall * 0.06)
