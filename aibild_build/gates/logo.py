"""Gate `logo`: whether a mark that must be there still is, after each cut. It sleeps until `[gates.logo] file` names the mark.

Measured is the normalised correlation of the mark's brightness, below its own transparency, with the cut, at several sizes and
everywhere (Fourier method). A mark that was cut off, covered or bent by a model
scores low, and so does one whose outline is not to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Json
from . import Measured, Scored, Seen, number
from .pixels import AMBER, edges, evidence, luma, small

_LONGEST_PX = 720
_SCALES = 14
_SMALLEST, _LARGEST = 0.06, 0.30  # width of the mark in widths of the cut
_CLEAR = 128
_FINER = (0.955, 0.98, 1.02, 1.045)  # between the sizes tried first
_EDGE = 8.0  # levels a pixel
_ENOUGH = 0.8  # of an outline; a ground may have the colour of the mark here and there


class Logo(Scored):
    name = "logo"
    what = "a likeness to the mark"
    scope = "crop"
    facts = ("ratio",)
    wants = ("file",)
    settings: Mapping[str, str] = {
        "review": "number",
        "block": "number",
        "file": "file",
        "smallest": "number",
        "largest": "number",
    }
    measured_with = ("file", "smallest", "largest")
    review, block = 0.75, 0.60

    def measure(self, seen: Seen) -> Measured:
        """Score: the best correlation, −1 to 1; facts: where (`box`, in fractions of the cut)."""
        import numpy as np
        from PIL import Image

        with Image.open(str(seen.settings["file"])) as opened:
            mark = opened.convert("RGBA")
        rgb = small(seen, _LONGEST_PX)
        ground = luma(rgb)
        height, width = ground.shape
        low, high = number(seen.settings, "smallest", _SMALLEST), number(seen.settings, "largest", _LARGEST)
        steep = edges(ground)
        best, where = -1.0, (0.0, 0.0, 0.0, 0.0)

        def look(share: float) -> None:
            nonlocal best, where
            across = round(share * width)
            down = round(across * mark.height / mark.width)
            if min(across, down) < 6 or across > width or down > height:
                return
            scaled = np.asarray(mark.resize((across, down), Image.Resampling.LANCZOS))
            mask = scaled[..., 3] > _CLEAR
            score, (x, y) = _match(ground, luma(scaled[..., :3]), mask)
            score *= min(1.0, _outline(steep[y : y + down, x : x + across], mask) / _ENOUGH)
            if score > best:
                best, where = score, (x / width, y / height, across / width, down / height)

        for share in np.geomspace(low, max(low, high), _SCALES):
            look(float(share))
        near = where[2]
        for nearer in _FINER if near else ():
            look(near * nearer)
        box: list[Json] = [round(side, 4) for side in where]
        return Measured(score=round(best, 4), facts={"box": box, "ratio": seen.facts.get("ratio")})

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        rgb = small(seen, _LONGEST_PX)
        x, y, across, down = (float(str(side)) for side in measured.facts["box"])  # type: ignore[union-attr]
        height, width = rgb.shape[:2]
        box = (round(x * width), round(y * height), round((x + across) * width), round((y + down) * height))
        return evidence(rgb, None, [(box, AMBER)])


def _outline(steep: Any, mask: Any) -> float:
    """The share of the mark's own outline on which the picture has an edge: what was covered has none, or others."""
    import numpy as np

    inner = mask.copy()
    inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    rim = mask & ~inner
    near = steep.copy()
    for axis in (0, 1):
        near = np.maximum(near, np.maximum(np.roll(near, 1, axis), np.roll(near, -1, axis)))
    return float((near[rim] > _EDGE).mean()) if rim.any() else 0.0


def _match(ground: Any, mark: Any, mask: Any) -> tuple[float, tuple[int, int]]:
    """The best normalised correlation of `mark` where `mask` is set, and where its corner then lies."""
    import numpy as np

    count = float(mask.sum())
    if count < 16:
        return -1.0, (0, 0)
    centred = np.where(mask, mark - mark[mask].mean(), 0.0)
    norm = float(np.sqrt((centred**2).sum()))
    if norm < 1e-6:
        return -1.0, (0, 0)
    shape = tuple(int(side) for side in ground.shape)
    weight = np.fft.rfft2(mask.astype(np.float64), shape).conj()
    plain, squared = np.fft.rfft2(ground, shape), np.fft.rfft2(ground.astype(np.float64) ** 2, shape)
    likeness = np.fft.irfft2(plain * np.fft.rfft2(centred, shape).conj(), shape)
    total = np.fft.irfft2(plain * weight, shape)
    spread = np.fft.irfft2(squared * weight, shape) - total**2 / count
    fits = np.s_[: shape[0] - mark.shape[0] + 1, : shape[1] - mark.shape[1] + 1]
    # a plain ground correlates with anything once it is divided by next to nothing
    score = likeness[fits] / (norm * np.sqrt(np.maximum(spread[fits], count * 4.0)))
    at = np.unravel_index(int(score.argmax()), score.shape)
    return float(score[at]), (int(at[1]), int(at[0]))
