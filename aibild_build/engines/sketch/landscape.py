"""Layered paper landscape: ridges of cut paper before a sky, each with a soft shadow behind it and haze at its foot.

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
from .sky import LIGHTS, Light, Sky

_SHADOW_CELL = 4


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
    light = LIGHTS.get(scene.word("time"), LIGHTS["day"])
    ramp = tones.ramp(scene.palette)
    sky = Sky(scene, ramp, light)
    sheets = _sheets(scene, ramp, light)
    progress(0.25)
    planes = blank(scene.size)
    width, height = scene.size
    for first, rows in strips(height):
        covering = [index for index, sheet in enumerate(sheets) if _covers(sheet, first)]
        start = covering[-1] if covering else -1
        strip = sky.strip(first, rows) if start < 0 else np.empty((3, rows, width), np.float32)
        for sheet in sheets[max(start, 0) :]:
            _lay(strip, sheet, first)
        keep(planes, first, strip)
        progress(0.25 + 0.75 * (first + rows) / height)
    return planes


def _sheets(scene: Scene, ramp: tones.Ramp, light: Light) -> list[_Sheet]:
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


def _covers(sheet: _Sheet, first: int) -> bool:
    """Whether every pixel from row `first` down is this sheet's own paper, its lit rim excluded."""
    return sheet.outline.lowest_px + 4 < first


def _lay(strip: Floats, sheet: _Sheet, first: int) -> None:
    """Lay one ridge over the strip: its shadow on what is there, then its paper up to the crest, with a lit rim."""
    _, rows, width = strip.shape
    outline = sheet.outline
    if sheet.shadow_row * _SHADOW_CELL >= first + rows:
        return
    if not _covers(sheet, first):
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
    if _covers(sheet, first):
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
