"""Gate `blank`: a picture that is one colour, or as good as that.

Models give such pictures when numbers overflow (NaN becomes black).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from ..model import Json, Outcome
from . import Judgement, Measured, Scored, Seen


class Blank(Scored):
    name = "blank"
    what = "a spread of colours"
    fingerprint = 2
    facts = ("engine",)
    block = 2.0  # the flattest mesh gradient of our own engine has 9, noise on black from an overflowed decoder under 1

    def measure(self, seen: Seen) -> Measured:
        """Score: the standard deviation of the channel that varies most, 0–127.5."""
        from PIL import Image

        counts = Image.frombytes(seen.mode, seen.size, seen.samples).histogram()
        spread = max(_spread(counts[start : start + 256]) for start in (0, 256, 512))
        return Measured(score=round(spread, 3), facts={"engine": seen.facts["engine"]})

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """A file that somebody chose (`imported`) may be as plain as they like."""
        judgement = super().judge(measured, settings)
        chosen = measured.facts.get("engine") == "imported"
        return Judgement(outcome=Outcome.PASS, threshold=judgement.threshold) if chosen else judgement

    def told(self, measured: Measured, at: float) -> str:
        return f"expected a picture, got almost one colour (spread {measured.score:g})"


def _spread(counts: Sequence[int]) -> float:
    """Standard deviation of the 8-bit values that were counted."""
    total = sum(counts)
    mean = sum(value * count for value, count in enumerate(counts)) / total
    return sqrt(sum((value - mean) ** 2 * count for value, count in enumerate(counts)) / total)
