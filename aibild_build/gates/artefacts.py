"""Gate `artefacts`: signs that a model lost its way: texture that repeats like wallpaper, strokes that look like type.

It only advises: weaves and tiles repeat on purpose, and lettering may be wanted. Detectors of hands, faces or whatever a house
cares for join by the entry-point group `aibild.artefacts`: a callable that takes (height, width, 3) uint8 sRGB and yields tables
with `kind`, `score` (0–1) and `box` ([x, y, width, height], fractions).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from ..model import Json
from . import Measured, Scored, Seen, by_rule, rows
from .pixels import AMBER, box_blur, edges, evidence, luma, small

_LONGEST_PX = 512
_NEAREST_PX = 24  # repeats closer than that are grain and weave of the paper
_STROKE = 14.0
_SAME_GROUND = 10.0
_FLAT = 1.0  # levels: below that there is no texture
_LINE_PX = (7, 40)  # height of a line of type at 512 px


class Artefacts(Scored):
    name = "artefacts"
    what = "signs of a model gone astray"
    better = "lower"
    level = "warning"
    facts = ("engine", "text")
    settings: Mapping[str, str] = {"review": "number", "block": "number", "always": "flag"}
    measured_with = ("always",)
    review, block = 0.5, 0.8

    def measure(self, seen: Seen) -> Measured:
        """Score: the strongest sign, 0–1; facts: `found`, a table for each sign. What rules drew shows none: no model made it."""
        if by_rule(seen):
            return Measured(score=0.0, facts={"found": []})
        rgb = small(seen, _LONGEST_PX)
        bright = luma(rgb)
        found: list[dict[str, Json]] = [{"kind": "repeated texture", "score": _repeats(bright)}]
        if seen.facts.get("text") in ("none", "", None):
            found += _type_like(bright)
        for point in sorted(entry_points(group="aibild.artefacts"), key=lambda point: point.name):
            found += [dict(sign) for sign in point.load()(rgb)]
        strong: list[Json] = [*sorted((one for one in found if _score(one) >= 0.05), key=_score, reverse=True)[:8]]
        return Measured(score=max(map(_score, found)), facts={"found": strong})

    def told(self, measured: Measured, at: float) -> str:
        kinds = sorted({str(one["kind"]) for one in rows(measured.facts.get("found")) if _score(one) > at})
        return f"{super().told(measured, at)}: {', '.join(kinds)}"

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        rgb = small(seen, _LONGEST_PX)
        height, width = rgb.shape[:2]
        boxes = [
            ((round(x * width), round(y * height), round((x + across) * width), round((y + down) * height)), AMBER)
            for x, y, across, down in (one["box"] for one in rows(measured.facts["found"]) if one.get("box"))
        ]
        return evidence(rgb, None, boxes) if boxes else b""


def _score(sign: Mapping[str, Any]) -> float:
    return float(sign["score"])


def _repeats(bright: Any) -> float:
    """How like the picture is to itself moved elsewhere: how far the sharpest peak of its autocorrelation stands out."""
    import numpy as np

    detail = bright - box_blur(bright, 4)
    if detail.std() < _FLAT:
        return 0.0
    window = np.outer(np.hanning(detail.shape[0]), np.hanning(detail.shape[1]))
    shape = (2 * detail.shape[0], 2 * detail.shape[1])
    likeness = np.fft.irfft2(np.abs(np.fft.rfft2((detail - detail.mean()) * window, shape)) ** 2, shape)
    overlap = np.fft.irfft2(np.abs(np.fft.rfft2(window, shape)) ** 2, shape)
    likeness = (likeness / likeness[0, 0]) / np.maximum(overlap / overlap[0, 0], 0.2)
    high, wide = detail.shape[0] // 2, detail.shape[1] // 2
    half = np.concatenate([likeness[:high, -wide:], likeness[:high, :wide]], axis=1).astype(np.float32)
    # long edges give ridges, repeats give points
    points = half - box_blur(half, 5)
    far = np.hypot(np.arange(high)[:, None], np.arange(-wide, wide)[None, :]) >= _NEAREST_PX
    return round(float(np.clip(points[far].max(initial=0.0), 0.0, 1.0)), 4)


def _type_like(bright: Any) -> list[dict[str, Json]]:
    """Bands that look like a line of type: many strokes side by side, even in height, with calm above and below."""
    import numpy as np

    strokes = edges(bright) > _STROKE
    height, width = strokes.shape
    signs: list[dict[str, Json]] = []
    step = 32
    for left in range(0, width - 3 * step + 1, step):
        band = strokes[:, left : left + 3 * step]
        # a row of letters crosses many strokes; a horizon or an outline crosses few, or only one long one
        crossings = (np.diff(band.astype(np.int8), axis=1) == 1).sum(axis=1)
        for top, bottom in _runs(crossings >= 7):
            if not _LINE_PX[0] <= bottom - top <= _LINE_PX[1]:
                continue
            around = np.concatenate([crossings[max(0, top - 6) : max(0, top - 2)], crossings[bottom + 2 : bottom + 6]])
            if around.size and around.mean() > 2:
                continue
            above, below = (
                bright[max(0, top - 6) : max(1, top - 1), left : left + 3 * step],
                bright[bottom + 1 : bottom + 6, left : left + 3 * step],
            )
            if not above.size or not below.size or abs(float(above.mean()) - float(below.mean())) > _SAME_GROUND:
                continue  # trees on a hill stand between two grounds, letters on one
            inside = crossings[top:bottom]
            even = 1 - float(inside.std() / max(inside.mean(), 1e-6))
            box: list[Json] = [
                round(left / width, 4),
                round(top / height, 4),
                round(3 * step / width, 4),
                round((bottom - top) / height, 4),
            ]
            signs.append({"kind": "type that nobody asked for", "score": round(min(1.0, max(0.0, even)), 4), "box": box})
    return signs


def _runs(flags: Any) -> Iterator[tuple[int, int]]:
    """Start and end of every stretch of True."""
    import numpy as np

    edges_ = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from ((int(start), int(end)) for start, end in zip(edges_[::2], edges_[1::2], strict=True))
