"""Gate `blank`: a picture that is one colour, or as good as that.

Models give such pictures when numbers overflow (NaN becomes black).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import Json, Outcome
from . import Judgement, Measured, Pair, Seen, number

SPREAD = 2.0  # the flattest mesh gradient of our own engine has 9, noise on black from an overflowed decoder under 1


class Blank:
    name = "blank"
    fingerprint = 1
    scope = "asset"
    settings = ("spread",)

    def measure(self, seen: Seen) -> Measured:
        """Score: the standard deviation of the channel that varies most, 0–127.5."""
        import numpy

        samples = numpy.frombuffer(seen.samples, numpy.uint8).reshape(-1, len(seen.mode))
        return Measured(
            score=round(float(samples[:, :3].std(axis=0, dtype=numpy.float64).max()), 3), facts={"engine": seen.engine}
        )

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """Block below `spread`. A file that somebody chose (`imported`) may be as plain as they like."""
        least = number(settings, "spread", SPREAD)
        if measured.score >= least or measured.facts.get("engine") == "imported":
            return Judgement(outcome=Outcome.PASS, threshold=least)
        message = f"expected a picture, got almost one colour (spread {measured.score:g})"
        return Judgement(outcome=Outcome.BLOCK, threshold=least, message=message)

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        return iter(())
