"""Safe areas: quiet ground for words, made to look meant.

Takes planes and the areas in which text will lie, changes them in place. In a mist, detail melts into its own colours, and the
mist is drawn towards a tone of the palette just as far as the text's colour needs; behind a veil crisp shapes stay crisp and go
over into that tone; a motif that leaves its areas empty itself is only tinted where that does not do. It knows no page.
"""

from __future__ import annotations

import numpy as np

from ... import colour as srgb
from . import noise, tones
from .noise import Doubles, Floats
from .paint import STRIP_ROWS, Planes
from .scene import Area, Scene

# WCAG 2.2 asks 4.5; the reserve is for grain, dithering and what lossy encoders do to flat ground.
_CONTRAST = 4.5
_RESERVE = 0.6
_STEPS = 48
_CELL = 8
_VEIL = 0.96


def settle(planes: Planes, scene: Scene, manner: str = "mist", reach: float = 1.0) -> Floats:
    """Calm every area. Returns the grid (1/16 of the size) of how much grain each place may keep, 0–1.

    `manner` is "mist", "veil" or "tint"; `reach` scales how far it goes beyond the area.
    """
    _, height, width = planes.shape
    hush = np.ones((height // 16 + 2, width // 16 + 2), np.float32)
    for index, area in enumerate(scene.areas):
        mask = _mist(area, scene, scene.stream.fork(f"mist {index}").seed(), reach)
        if manner == "veil":
            _draw_towards(planes, mask, ground_tone(area.text, scene), _VEIL)
        elif manner == "mist":
            _melt(planes, mask)
        _tint(planes, mask, area, scene)
        hush *= np.float32(1) - mask[::2, ::2][: hush.shape[0], : hush.shape[1]] * np.float32(0.6)
    return hush


def _mist(area: Area, scene: Scene, seed: int, reach: float) -> Floats:
    """How strongly each place belongs to the area, every eight pixels: 1 inside it, fading in drifts around it."""
    width, height = scene.size
    unit = min(scene.size)
    rows, columns = (np.arange(side // _CELL + 5, dtype=np.float64) * _CELL for side in (height, width))
    down = _away(rows, area.y * height, (area.y + area.height) * height, height, unit * 0.34 * reach)
    across = _away(columns, area.x * width, (area.x + area.width) * width, width, unit * 0.95 * reach)
    away = np.sqrt(down[:, None] * down[:, None] + across[None, :] * across[None, :])
    inside = np.maximum(1 - away, 0)
    drift = noise.field(rows / (unit * 0.20), columns / (unit * 0.34), seed)
    # The drifts vanish where the mist is full or absent, so that the area itself stays whole.
    mist = noise.smooth(np.minimum(np.maximum(inside + drift * inside * (1 - inside) * 1.3, 0), 1))
    # Outside the area the mist parts before the sun.
    aside = rows[:, None] - scene.focal[1] * height, columns[None, :] - scene.focal[0] * width
    far = noise.step(np.sqrt(aside[0] * aside[0] + aside[1] * aside[1]), unit * 0.10, unit * 0.26)
    mist = mist * np.maximum(far, noise.step(inside, 0.7, 1.0))
    result: Floats = mist.astype(np.float32)
    return result


def _away(place: Doubles, low: float, high: float, extent: int, reach: float) -> Doubles:
    """Distance from `low`–`high` and a cell around, in units of `reach`; towards a near edge of the picture it stays 0."""
    before = low - 2 * _CELL - place if low > reach * 0.5 else np.full_like(place, -1.0)
    after = place - high - 2 * _CELL if extent - high > reach * 0.5 else np.full_like(place, -1.0)
    return np.maximum(np.maximum(before, after), 0) / reach


def _touched(mask: Floats, height: int) -> range:
    """The first rows of the strips that the mist reaches."""
    rows = np.flatnonzero(mask.max(axis=1) > 0)
    first, last = int(rows[0] - 1) * _CELL, int(rows[-1] + 1) * _CELL
    return range(max(0, first), min(height, last), STRIP_ROWS)


def _melt(planes: Planes, mask: Floats) -> None:
    """Replace detail by a wide soft blur of itself; less far out than the tint, or the picture would look unsharp, not misty."""
    _, height, width = planes.shape
    rows = np.minimum(np.arange(mask.shape[0]) * _CELL, height - 1)
    columns = np.minimum(np.arange(mask.shape[1]) * _CELL, width - 1)
    radius = max(2, min(height, width) // _CELL // 22)
    soft = [noise.blurred(plane[rows][:, columns].astype(np.int32), radius).astype(np.float32) for plane in planes]
    for first in _touched(mask, height):
        count = min(STRIP_ROWS, height - first)
        share = noise.enlarged(mask * mask, _CELL, first, count, width) * np.float32(0.95)
        for plane, blurred in zip(planes[:, first : first + count], soft, strict=True):
            part = plane.astype(np.float32)
            part += (noise.enlarged(blurred, _CELL, first, count, width) - part) * share
            plane[:] = part + np.float32(0.5)


def _tint(planes: Planes, mask: Floats, area: Area, scene: Scene) -> None:
    """Draw the area towards a dark or light tone, no further than the text needs."""
    tone = ground_tone(area.text, scene)
    share = _share(planes, area, tone)
    if share > 0:
        _draw_towards(planes, mask, tone, share)


def _draw_towards(planes: Planes, mask: Floats, tone: tones.Tone, share: float) -> None:
    _, height, width = planes.shape
    for first in _touched(mask, height):
        count = min(STRIP_ROWS, height - first)
        veil = noise.enlarged(mask, _CELL, first, count, width) * np.float32(share)
        for plane, level in zip(planes[:, first : first + count], tone, strict=True):
            part = plane.astype(np.float32)
            part += (np.float32(level * 256) - part) * veil
            plane[:] = part + np.float32(0.5)


def _share(planes: Planes, area: Area, tone: tones.Tone) -> float:
    """The smallest share of `tone` (0–1) with which the first percentile of the area carries its text."""
    _, height, width = planes.shape
    top, left = min(height - 1, int(area.y * height)), min(width - 1, int(area.x * width))
    bottom, right = max(top + 1, int((area.y + area.height) * height)), max(left + 1, int((area.x + area.width) * width))
    pace = max(1, min(bottom - top, right - left) // 90)
    sample = planes[:, top:bottom:pace, left:right:pace].astype(np.float32) / np.float32(256)
    target = np.array(tone, np.float32)[:, None, None]
    wanted = min(_CONTRAST + _RESERVE, srgb.contrast(area.text, tones.to_rgb(tone)) - 0.02)
    for step in range(_STEPS + 1):
        tried = sample + (target - sample) * np.float32(step / _STEPS)
        if srgb.region_contrast(np.moveaxis(tried, 0, 2).astype(np.uint8), area.text)[0] >= wanted:
            # Just enough can look like dust; where much is needed, a little more looks like light.
            return min(1.0, step / _STEPS * (1.2 if step * 3 > _STEPS else 1.0))
    return 1.0


def ground_tone(text: srgb.Rgb, scene: Scene) -> tones.Tone:
    """The palette's own dark or light end, pushed on towards black or white until text in that colour would read well."""
    ramp = tones.ramp(scene.palette)
    tone, limit = ramp.at(0.97), (255.0, 255.0, 255.0)
    if srgb.contrast(text, (0, 0, 0)) >= srgb.contrast(text, (255, 255, 255)):
        tone, limit = ramp.at(0.03), (0.0, 0.0, 0.0)
    for step in range(17):
        pushed = tones.mix(tone, limit, step / 16)
        if srgb.contrast(text, tones.to_rgb(pushed)) >= 8:
            return pushed
    return limit
