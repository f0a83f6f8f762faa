"""Quality as a target: which encoder setting of a format reaches a score on one picture, found by trials at two sizes.

A `Probe` is the question, and its key names the answer in the store; `find` answers it. What is asked needs no image library and
no numpy: only `find` loads them. The whole picture is looked at, so that all crops of it share one answer: a setting that
follows the scale at which the picture is shown, since drawings get easier and grain gets harder with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from math import log2
from typing import Any

from ..canonical import key_of
from ..model import Json, Quality
from .codecs import CODECS, LARGE_PIXELS

PROBE_PX = 480  # the longer side of a trial picture
LARGE_PROBE_PX = 1280  # that of the second one, which tells how the setting changes with the size
TARGET = 70.0
LEAST_BYTES_PER_PIXEL, MOST_BYTES_PER_PIXEL = 0.003, 0.6
_FINGERPRINT = 2  # raised by hand when other settings are found
_NEAR = 0.75  # points within which a trial is good enough
_TRIALS, _LARGE_TRIALS = 4, 2
_FAR = 2.0  # points beyond which a second large trial is worth its time
_MOST_PER_DOUBLING = 10.0
_STRIDE = 20.0  # no step is longer, since slopes differ by three between easy and hard pictures
_POINTS_PER_STEP = 0.6  # how much a step of quality moves the score, before two trials say better
_LOOK = Callable[[int], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Which quality do these pixels need in this format? `settings` are all others of the encoder."""

    pixels: str
    format: str
    settings: Mapping[str, Json]
    codec: int
    target: float
    least_bytes_per_pixel: float
    most_bytes_per_pixel: float

    @property
    def key(self) -> str:
        return key_of(
            {
                "kind": "quality",
                "fingerprint": _FINGERPRINT,
                "pixels": self.pixels,
                "format": self.format,
                "settings": dict(self.settings),
                "codec": self.codec,
                "target": self.target,
                "least": self.least_bytes_per_pixel,
                "most": self.most_bytes_per_pixel,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer: a setting, and what it gives at small size. `score` is 0 where nothing was measured.

    `per_doubling` is how much more the setting must be (less, where negative) when the picture is shown twice as large.
    """

    quality: int
    score: float
    bytes_per_pixel: float
    trials: int
    per_doubling: float = 0.0

    def at(self, format: str, wide_px: float, pixels: int) -> int:
        """The setting for a file of `pixels`, shown at a scale at which the whole picture's longer side has `wide_px`."""
        codec = CODECS[format]
        step = codec.large_step if pixels >= LARGE_PIXELS else 0
        setting = self.quality + self.per_doubling * log2(max(wide_px, 1.0) / PROBE_PX) + step
        low, high = codec.bounds
        return min(max(high, self.quality), max(min(low, self.quality), round(setting)))


def wanted(format: str, site: Quality, slot: Quality) -> int | float:
    """A fixed setting (int) or a score to reach (float): the slot's word for the format, its word for all, the site's, ours."""
    for said in (slot, site):
        if format in said.fixed:
            return said.fixed[format]
        score = said.targets.get(format, said.target)
        if score is not None:
            return float(score)
    return TARGET


def probe_of(pixels: str, format: str, settings: Mapping[str, Json], target: float, site: Quality, slot: Quality) -> Probe:
    """The question for one picture in one format; `settings` with or without a quality."""
    least = next((one.least_bytes_per_pixel for one in (slot, site) if one.least_bytes_per_pixel is not None), None)
    most = next((one.most_bytes_per_pixel for one in (slot, site) if one.most_bytes_per_pixel is not None), None)
    return Probe(
        pixels=pixels,
        format=format,
        settings={name: value for name, value in settings.items() if name != "quality"},
        codec=CODECS[format].fingerprint,
        target=target,
        least_bytes_per_pixel=LEAST_BYTES_PER_PIXEL if least is None else least,
        most_bytes_per_pixel=MOST_BYTES_PER_PIXEL if most is None else most,
    )


class Small:
    """A master at probing size, decoded and prepared once for every format. `master` is a Pillow image, RGB or RGBA."""

    def __init__(self, master: Any, longer_px: int = PROBE_PX) -> None:
        from PIL import Image

        scale = min(1.0, longer_px / max(master.size))
        size = tuple(max(1, round(side * scale)) for side in master.size)
        self.image = master if size == master.size else master.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        self._original: Any = None

    @property
    def pixels(self) -> int:
        return int(self.image.width * self.image.height)

    @property
    def measurable(self) -> bool:
        """Whether a metric can tell anything: not of one colour, and not a handful of pixels."""
        return min(self.image.size) >= 16 and any(high - low > 2 for low, high in self.image.convert("RGB").getextrema())

    def look(self, probe: Probe, quality: int) -> tuple[float, float]:
        """Score and bytes per pixel of one trial. Raises EncodeError."""
        import numpy as np
        from PIL import Image

        from .ssimulacra2 import Original

        if self._original is None:
            self._original = Original(np.asarray(opaque(self.image)))
        data = CODECS[probe.format].encode(self.image, {**probe.settings, "quality": quality}, b"", b"")
        with Image.open(BytesIO(data)) as file:
            score = self._original.score(np.asarray(opaque(file)))
        return score, len(data) / (self.image.width * self.image.height)


def find(small: Small, probe: Probe, large: Small | None = None) -> Found:
    """The setting that reaches the probe's target on this picture, within its bounds of bytes per pixel. Raises EncodeError.

    `large` is the same picture at about LARGE_PROBE_PX; without it, the setting is one for all sizes.
    """
    codec = CODECS[probe.format]
    if not small.measurable:
        return Found(quality=codec.quality or 0, score=0.0, bytes_per_pixel=0.0, trials=0)
    seen: dict[int, tuple[float, float]] = {}

    def look(quality: int) -> tuple[float, float]:
        if quality not in seen:
            seen[quality] = small.look(probe, quality)
        return seen[quality]

    reached = _reaching(probe.target, codec.start, codec.bounds, look, _TRIALS)
    quality = _bounded(reached, probe, codec.bounds, look)
    score, size = look(quality)
    per_doubling, trials = 0.0, len(seen)
    if large is not None and large.image.width > 1.5 * small.image.width and quality == reached:
        scores = {at: one for at, (one, _) in seen.items()}
        per_doubling, more = _per_doubling(probe, quality, scores, small, large)
        trials += more
    return Found(
        quality=quality,
        score=round(score, 2),
        bytes_per_pixel=round(size, 5),
        trials=trials,
        per_doubling=round(per_doubling, 2),
    )


def _per_doubling(probe: Probe, quality: int, scores: Mapping[int, float], small: Small, large: Small) -> tuple[float, int]:
    """How the setting that gives one score changes with the size, and the trials made for it. `scores` are those of `small`."""
    codec = CODECS[probe.format]
    low, high = codec.bounds
    step = codec.large_step if large.pixels >= LARGE_PIXELS else 0
    sized = replace(probe, settings={**probe.settings, **codec.large}) if step else probe
    wanted_score, slope = scores[quality], _slope(scores)
    seen: dict[int, float] = {}
    at = min(high, quality + step)
    for _ in range(_LARGE_TRIALS):
        seen[at] = large.look(sized, at)[0]
        off = abs(seen[at] - wanted_score)
        at = min(high, max(low, _next(seen, wanted_score, lift=0.0, slope=slope)))
        if off <= _FAR or at in seen:
            break
    doublings = log2(large.image.width / small.image.width)
    return min(_MOST_PER_DOUBLING, max(-_MOST_PER_DOUBLING, (at - step - quality) / doublings)), len(seen)


def _reaching(target: float, start: int, bounds: tuple[int, int], look: _LOOK, trials: int) -> int:
    """The lowest setting found that reaches the target, or falls short by a hair; the highest tried where none does."""
    low, high = bounds
    scores: dict[int, float] = {}
    at = start
    for _ in range(trials):
        scores[at] = look(at)[0]
        if 0 <= scores[at] - target <= _NEAR:
            return at
        at = min(high, max(low, _next(scores, target)))
        if at in scores:
            break
    enough = [quality for quality, score in scores.items() if score >= target - _NEAR / 3]
    return min(enough) if enough else max(scores)


def _next(scores: Mapping[int, float], target: float, lift: float = _NEAR / 3, slope: float = _POINTS_PER_STEP) -> int:
    """Where the target lies by the two trials around it, else by the two nearest; by `lift` above it, as falling short
    costs another trial."""
    aim = target + lift
    below = [quality for quality, score in scores.items() if score < target]
    above = [quality for quality, score in scores.items() if score >= target]
    if below and above and max(below) < min(above):
        low, high = max(below), min(above)
        share = (aim - scores[low]) / (scores[high] - scores[low])
        return min(high - 1, max(low + 1, round(low + (high - low) * share)))
    near = sorted(scores, key=lambda quality: (abs(scores[quality] - target), quality))[:2]
    if len(near) == 2:
        slope = min(3.0, max(0.2, (scores[near[0]] - scores[near[1]]) / (near[0] - near[1])))
    return near[0] + round(min(_STRIDE, max(-_STRIDE, (aim - scores[near[0]]) / slope)))


def _slope(scores: Mapping[int, float]) -> float:
    """Points a step of quality gives, by the trials furthest apart where that says something."""
    first, last = min(scores), max(scores)
    return min(1.5, max(0.25, (scores[last] - scores[first]) / (last - first))) if last - first > 2 else _POINTS_PER_STEP


def _bounded(quality: int, probe: Probe, bounds: tuple[int, int], look: _LOOK) -> int:
    """The setting moved until its bytes lie between floor and cap; halving steps, since bytes rise with the setting."""
    size = look(quality)[1]
    if size > probe.most_bytes_per_pixel:
        return _halving(bounds[0], quality, lambda at: look(at)[1] <= probe.most_bytes_per_pixel)
    if size < probe.least_bytes_per_pixel:
        return _halving(bounds[1], quality, lambda at: look(at)[1] >= probe.least_bytes_per_pixel)
    return quality


def _halving(safe: int, over: int, fits: Callable[[int], bool]) -> int:
    """The setting nearest to `over` that fits; `safe` where none does."""
    while abs(safe - over) > 1:
        middle = (safe + over) // 2
        if fits(middle):
            safe = middle
        else:
            over = middle
    return safe


def opaque(image: Any) -> Any:
    """A Pillow image as it shows on grey: a metric knows no transparency."""
    from PIL import Image

    if image.mode != "RGBA":
        return image.convert("RGB")
    under = Image.new("RGBA", image.size, "#808080")
    under.alpha_composite(image)
    return under.convert("RGB")
