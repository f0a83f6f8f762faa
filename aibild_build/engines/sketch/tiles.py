"""Geometric tiles: quarter circles, half circles, rings and triangles on a strict square grid, in flat colours of the palette.

Takes a scene, yields planes. Colour and form gather round one large disc at the focal point and thin out with the distance, so
that the rest stays quiet ground; tiles under words are ground and nothing else. Edges are smoothed by their distance in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ... import colour as srgb
from . import calm, noise, tones
from .noise import Floats
from .paint import Planes, blank, keep, strips
from .scene import Scene
from .stream import Stream

_CELL = 16
_ARCS = ("quarter", "quarter", "quarter", "leaf", "half", "rings", "disc")
_TRIANGLES = ("triangle", "triangle", "peak", "peak", "steps")
FORMS = {"arcs": _ARCS, "triangles": _TRIANGLES, "mixed": (*_ARCS, *_TRIANGLES[:3])}


@dataclass(frozen=True, slots=True)
class _Tile:
    """A square of `side` cells at (row, column); `turns` quarter turns; `figure` on `ground`, as tones."""

    row: int
    column: int
    side: int
    form: str
    turns: int
    ground: tones.Tone
    figure: tones.Tone


def paint(scene: Scene, progress: Callable[[float], None]) -> Planes:
    """The planes of the tiles; `progress` gets 0–1."""
    width, height = scene.size
    grid = _Grid(scene)
    tiles = _laid(scene, grid)
    cell, top, left = grid.cell, grid.top, grid.left
    canvas = np.zeros((3, grid.rows * cell, grid.columns * cell), np.float32)
    for index, tile in enumerate(tiles):
        _stamp(canvas, tile, cell)
        progress(0.6 * (index + 1) / len(tiles))
    light = _light(scene)
    planes = blank(scene.size)
    for first, count in strips(height):
        strip = canvas[:, first - top : first - top + count, -left : width - left].copy()
        strip *= noise.enlarged(light, _CELL, first, count, width)
        keep(planes, first, strip)
        progress(0.6 + 0.4 * (first + count) / height)
    return planes


class _Grid:
    """Where the tiles lie: `cell` pixels wide, from (`top`, `left`), so that four of them share the corner at the focal point."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        width, height = scene.size
        self.cell = max(8, round(min(scene.size) / int(scene.number("rows"))))
        row, column = int(scene.focal[1] * height), int(scene.focal[0] * width)
        self.top, self.left = row % self.cell - self.cell, column % self.cell - self.cell
        self.rows, self.columns = -(-(height - self.top) // self.cell), -(-(width - self.left) // self.cell)
        self.centre = (row - self.top) // self.cell, (column - self.left) // self.cell
        self._taken = np.zeros((self.rows, self.columns), bool)

    def free(self, row: int, column: int, side: int) -> bool:
        """Whether a square of `side` tiles has room there, with no words on it."""
        if not (0 <= row <= self.rows - side and 0 <= column <= self.columns - side):
            return False
        taken = bool(self._taken[row : row + side, column : column + side].any())
        return not taken and self.words(row, column, side) is None

    def take(self, row: int, column: int, side: int) -> None:
        self._taken[row : row + side, column : column + side] = True

    def is_taken(self, row: int, column: int) -> bool:
        return bool(self._taken[row, column])

    def words(self, row: int, column: int, side: int) -> srgb.Rgb | None:
        """The colour of the words that a tile touches, if any; a margin round them is theirs too."""
        margin = 16 + min(self._scene.size) * 0.03
        for area in self._scene.areas:
            above, below = self._ground(area.y, area.height, self._scene.size[1], margin)
            before, after = self._ground(area.x, area.width, self._scene.size[0], margin)
            down = above < self.top + (row + side) * self.cell and self.top + row * self.cell < below
            if down and before < self.left + (column + side) * self.cell and self.left + column * self.cell < after:
                return area.text
        return None

    def _ground(self, start: float, share: float, extent: int, margin: float) -> tuple[float, float]:
        """From–to in pixels; to the picture's edge where less than a tile would be left: slivers look forgotten."""
        begin, end = start * extent - margin, (start + share) * extent + margin
        return (begin if begin > self.cell else -1.0), (end if extent - end > self.cell else extent + 1.0)


def _laid(scene: Scene, grid: _Grid) -> list[_Tile]:
    """Every tile of the grid: the sun first, then from the top left large ones where there is room, else small ones."""
    stream = scene.stream.fork("tiles")
    choice = _Choice(scene)
    tiles = _sun(grid, choice)
    for row in range(grid.rows):
        for column in range(grid.columns):
            if grid.is_taken(row, column):
                continue
            own = stream.fork(f"{row - grid.centre[0]} {column - grid.centre[1]}")
            large = 2 if own.unit() < 0.13 and grid.free(row, column, 2) else 1
            grid.take(row, column, large)
            down, across = row + large / 2 - grid.centre[0], column + large / 2 - grid.centre[1]
            away = math.sqrt(down * down + across * across) * grid.cell / min(scene.size)
            tiles.append(choice.tile(row, column, large, own, away, grid.words(row, column, 1)))
    return tiles


def _sun(grid: _Grid, choice: _Choice) -> list[_Tile]:
    """One disc over the four tiles round the focal point, or over the first of them where words leave no more room."""
    row, column = grid.centre
    for down, across, side in ((-1, -1, 2), (-1, 0, 1), (-1, -1, 1), (0, 0, 1), (0, -1, 1)):
        if grid.free(row + down, column + across, side):
            grid.take(row + down, column + across, side)
            return [_Tile(row + down, column + across, side, "sun", 0, choice.base, choice.warm)]
    return []


class _Choice:
    """Which form and which two tones a tile gets."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        ramp = tones.ramp(scene.palette)
        self._density = scene.number("density")
        self._forms = FORMS.get(scene.word("shapes"), FORMS["mixed"])
        self.warm = tones.accent(scene.palette)
        dark = not scene.areas or srgb.contrast(scene.areas[0].text, (0, 0, 0)) > srgb.contrast(
            scene.areas[0].text, (255, 255, 255)
        )
        self.base = calm.ground_tone(scene.areas[0].text, scene) if scene.areas else ramp.at(0.06)
        self._near = tones.mix(self.base, ramp.at(0.35 if dark else 0.72), 0.30)
        self._colours = [_tone(name) for name, weight in scene.palette for _ in range(max(1, round(weight * 2)))]
        self._colours += [ramp.at(0.95), ramp.at(0.5)]
        self._ends = ramp.at(0.06), ramp.at(0.96)

    def tile(self, row: int, column: int, side: int, own: Stream, away: float, words: srgb.Rgb | None) -> _Tile:
        """Near the focal point two colours, farther out tone on tone, far away and under words plain ground."""
        if words is not None:
            ground = calm.ground_tone(words, self._scene)
            return _Tile(row, column, side, "plain", 0, ground, ground)
        lively = self._density * 1.5 - away * 0.62 + own.between(-0.34, 0.34)
        if lively < 0:
            ground = self.base if own.unit() < 0.7 else self._near
            return _Tile(row, column, side, "plain", 0, ground, ground)
        form, turns = own.pick(self._forms), own.word() % 4
        if lively < 0.22:
            return _Tile(row, column, side, form, turns, self.base, self._near)
        figure = own.pick(self._colours)
        ground = self.base if own.unit() < 0.55 else own.pick(self._colours)
        if _apart(figure, ground) < 0.012:
            ground = max(self._ends, key=lambda end: _apart(figure, end))
        return _Tile(row, column, side, form, turns, ground, figure)


def _tone(name: str) -> tones.Tone:
    red, green, blue = srgb.parse(name)
    return float(red), float(green), float(blue)


def _apart(one: tones.Tone, other: tones.Tone) -> float:
    """Squared distance in Oklab."""
    steps = [first - second for first, second in zip(tones.to_oklab(one), tones.to_oklab(other), strict=True)]
    return steps[0] * steps[0] + steps[1] * steps[1] + steps[2] * steps[2]


def _stamp(canvas: Floats, tile: _Tile, cell: int) -> None:
    """Paint one tile into its square."""
    size = tile.side * cell
    square = canvas[:, tile.row * cell : tile.row * cell + size, tile.column * cell : tile.column * cell + size]
    if tile.form == "plain":
        square[:] = np.array(tile.ground, np.float32)[:, None, None]
        return
    cover = np.rot90(_cover(tile.form, size), tile.turns)
    for plane, ground, figure in zip(square, tile.ground, tile.figure, strict=True):
        np.multiply(cover, np.float32(figure - ground), out=plane)
        plane += np.float32(ground)


def _cover(form: str, size: int) -> Floats:
    """How much of each pixel the figure covers, (size, size) float32, 0–1."""
    place = np.arange(size, dtype=np.float32) + np.float32(0.5)
    y, x, whole = place[:, None], place[None, :], np.float32(size)
    if form == "quarter":
        return _within(whole - _from(y, x, 0, 0))
    if form == "leaf":
        return np.minimum(_within(whole - _from(y, x, 0, 0)), _within(whole - _from(y, x, size, size)))
    if form == "half":
        return _within(whole / 2 - _from(y, x, size / 2, 0))
    if form == "disc":
        return _within(whole * np.float32(0.36) - _from(y, x, size / 2, size / 2))
    if form == "sun":
        return _within(whole * np.float32(0.46) - _from(y, x, size / 2, size / 2))
    if form == "rings":
        away = _from(y, x, 0, 0)
        rings = [_within(whole * np.float32(part) - away) for part in (1.0, 0.75, 0.5, 0.25)]
        return rings[0] - rings[1] + rings[2] - rings[3]
    slope = np.float32(0.70710678)
    if form == "triangle":
        return _within((y - x) * slope)
    if form == "peak":
        return np.minimum(_within((y - x) * slope), _within((y - (whole - x)) * slope))
    stair = np.floor(x * np.float32(4) / whole) * whole / np.float32(4)
    return _within(y - stair - whole / np.float32(8))


def _from(y: Floats, x: Floats, row: float, column: float) -> Floats:
    down, across = y - np.float32(row), x - np.float32(column)
    away: Floats = np.sqrt(down * down + across * across)
    return away


def _within(inside: Floats) -> Floats:
    """Pixels inside an edge → cover 0–1."""
    cover: Floats = np.minimum(np.maximum(inside + np.float32(0.5), np.float32(0)), np.float32(1))
    return cover


def _light(scene: Scene) -> Floats:
    """A breath of light from the focal point, every sixteen pixels, so that flat colour is not dead colour."""
    unit = min(scene.size)
    rows = (np.arange(scene.size[1] // _CELL + 3) * _CELL - scene.focal[1] * scene.size[1]) / unit
    columns = (np.arange(scene.size[0] // _CELL + 3) * _CELL - scene.focal[0] * scene.size[0]) / unit
    away = rows[:, None] * rows[:, None] + columns[None, :] * columns[None, :]
    light: Floats = (0.93 + 0.07 / (1 + away * 1.4)).astype(np.float32)
    return light
