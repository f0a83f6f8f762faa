"""Gate `thumbnail`: whether a picture still says something at 160 px, as search results and chats show it. Advice, no judgement.

Measured is the span of brightness between its dark and its light parts, and the share of the picture that stands out from the
rest by spectral residual (Hou and Zhang, "Saliency Detection: A Spectral Residual Approach", CVPR 2007).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ..colour import luminances
from ..model import Json, Outcome
from . import Judgement, Measured, Scored, Seen, number
from .pixels import box_blur, luma, small

_WIDTH_PX = 160
_MOTIF = 0.008  # of the picture: 115 of 160 × 90 pixels; our own calmest hero has 0.012


class Thumbnail(Scored):
    name = "thumbnail"
    what = "a span of brightness at 160 px"
    level = "warning"
    settings: Mapping[str, str] = {"review": "number", "block": "number", "motif": "number"}
    review, block = 0.25, 0.12

    def measure(self, seen: Seen) -> Measured:
        """Score: the span between the 5th and 95th percentile of perceived lightness, 0–1; facts: `motif`, a share 0–1."""
        import numpy as np

        rgb = small(seen, _WIDTH_PX)
        light = np.cbrt(luminances(rgb))
        low, high = np.percentile(light, [5, 95])
        return Measured(score=round(float(high - low), 4), facts={"motif": round(_motif(luma(rgb)), 4)})

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """As any score; and `review` where what stands out is smaller than `motif`."""
        judgement = super().judge(measured, settings)
        least, motif = number(settings, "motif", _MOTIF), number(measured.facts, "motif", 1.0)
        if judgement.outcome is not Outcome.PASS or motif >= least:
            return judgement
        message = f"expected a motif on at least {least:.1%} of the picture, got {motif:.1%}"
        return Judgement(outcome=Outcome.REVIEW, threshold=least, message=message)

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        from PIL import Image

        target = io.BytesIO()
        Image.fromarray(small(seen, _WIDTH_PX)).save(target, "WEBP", quality=80, method=2)
        return target.getvalue()


def _motif(bright: Any) -> float:
    """The share of pixels whose saliency is three times the mean (the paper's threshold)."""
    import numpy as np

    spectrum = np.fft.fft2(bright)
    logarithm = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = logarithm - box_blur(logarithm, 1)
    salient = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    smooth = box_blur(box_blur(salient.astype(np.float32), 3), 3)
    return float((smooth > 3 * smooth.mean()).mean())
