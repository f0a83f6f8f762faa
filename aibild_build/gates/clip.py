"""Gate `clip`: how well a picture shows what its brief says, by a CLIP model of your own; ranks candidates.

CLIPScore is 2.5 × the cosine between picture and words, at least 0 (Hessel et al. 2021, arXiv:2104.08718). What is usual differs
from model to model and from style to style, so there is no floor before somebody sets one.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import Measured, Scored, Seen
from .embeddings import embedder_of
from .pixels import image

_WEIGHT = 2.5


class Clip(Scored):
    name = "clip"
    what = "CLIPScore"
    facts = ("prompt",)
    wants = ("weights", "prompt")
    ranks = True
    settings: Mapping[str, str] = {
        "review": "number",
        "block": "number",
        "weights": "weights",
        "model": "text",
        "architecture": "weights",
    }
    measured_with = ("weights", "model", "architecture")

    def measure(self, seen: Seen) -> Measured:
        """Score: CLIPScore, 0–2.5; usual pictures lie between 0.5 and 0.9."""
        embedder = embedder_of(seen.settings)
        cosine = float((embedder.picture(image(seen)) @ embedder.words([str(seen.facts.get("prompt") or "")]).T)[0, 0])
        return Measured(score=round(_WEIGHT * max(cosine, 0.0), 4))
