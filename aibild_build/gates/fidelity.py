"""Gate `fidelity`: whether an encoded file still looks like the master's cut.

Measured is SSIM (Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment", IEEE Trans. Image Process. 13, 2004) of brightness
over blocks of eight pixels, which lie across the blocks that JPEG and WebP code in; and in blocks without detail, where SSIM
finds everything alike, the difference of their means. It catches a file that was encoded too hard, cut elsewhere, or shows
another picture; it is no scale of beauty.
"""

from __future__ import annotations

from typing import Any

from ..model import Json
from . import Measured, Scored, Seen
from .pixels import evidence

_BLOCK_PX = 8
_OFFSET_PX = 4
_C1, _C2 = 6.5025, 58.5225  # (0.01·255)² and (0.03·255)²
_LOST = 0.6
_DETAIL = 36.0  # variance: six levels, above the grain that codecs rightly drop
_OTHER = 32.0  # levels between two plain blocks that have nothing in common
_FEW = 0.005  # of the blocks are too few to say anything


class Fidelity(Scored):
    name = "fidelity"
    what = "a likeness to the master"
    scope = "rendition"
    level = "warning"  # files are coded to a quality target: busy texture may differ and still look the same
    review, block = 0.85, 0.60

    def measure(self, seen: Seen) -> Measured:
        """Score: at most 1, where 1 is the same picture: the mean over blocks with detail, or plain ones, the lower."""
        likeness, detailed = _likeness(*_both(seen))
        parts = [likeness[which].mean() for which in (detailed, ~detailed) if which.mean() > _FEW]
        lost = round(float((likeness < _LOST).mean()), 4)
        facts: dict[str, Json] = {"size": list(seen.size), "format": seen.format, "lost": lost}
        return Measured(score=round(float(min(parts)), 4), facts=facts)

    def told(self, measured: Measured, at: float) -> str:
        size, format_ = measured.facts.get("size"), measured.facts.get("format")
        width = size[0] if isinstance(size, list | tuple) and size else "?"
        return f"{super().told(measured, at)} in the {format_} of {width} px"

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        """The file, in red the blocks that are not what they were; nothing when there are none to speak of."""
        import numpy as np

        if measured.score >= (self.review or 0):
            return b""
        shown, master = _both(seen)
        marked = np.zeros(shown.shape[:2], bool)
        lost = _likeness(shown, master)[0] < _LOST
        wide = lost.repeat(_BLOCK_PX, 0).repeat(_BLOCK_PX, 1)
        start = _OFFSET_PX if min(marked.shape) > 2 * _BLOCK_PX else 0
        marked[start : start + wide.shape[0], start : start + wide.shape[1]] = wide
        return evidence(shown, marked, ())


def _both(seen: Seen) -> tuple[Any, Any]:
    import numpy as np

    shape = (seen.size[1], seen.size[0], 3)
    return np.frombuffer(seen.samples, np.uint8).reshape(shape), np.frombuffer(seen.reference, np.uint8).reshape(shape)


def _likeness(shown: Any, master: Any) -> tuple[Any, Any]:
    """How alike each block is, −1 to 1, and whether it has detail."""
    import numpy as np

    one, two = (_blocks(_grey(picture)) for picture in (shown, master))
    mean_one, mean_two = one.mean(axis=-1), two.mean(axis=-1)
    vary_one, vary_two = one.var(axis=-1), two.var(axis=-1)
    both = (one * two).mean(axis=-1) - mean_one * mean_two
    structure = (2 * both + _C2) / (vary_one + vary_two + _C2)
    ssim = (2 * mean_one * mean_two + _C1) / (mean_one**2 + mean_two**2 + _C1) * structure
    detailed = np.maximum(vary_one, vary_two) > _DETAIL
    return np.where(detailed, ssim, 1 - np.minimum(1.0, abs(mean_one - mean_two) / _OTHER)), detailed


def _grey(picture: Any) -> Any:
    import numpy as np
    from PIL import Image

    return np.asarray(Image.fromarray(picture).convert("L"), np.float32)


def _blocks(bright: Any) -> Any:
    """(rows, columns, 64): whole blocks, moved by half a block where there is room."""
    start = _OFFSET_PX if min(bright.shape) > 2 * _BLOCK_PX else 0
    rows_, columns = ((side - start) // _BLOCK_PX for side in bright.shape)
    if not rows_ or not columns:
        return bright.reshape(1, 1, -1)
    whole = bright[start : start + rows_ * _BLOCK_PX, start : start + columns * _BLOCK_PX]
    return whole.reshape(rows_, _BLOCK_PX, columns, _BLOCK_PX).swapaxes(1, 2).reshape(rows_, columns, -1)
