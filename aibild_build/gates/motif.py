"""Gate `motif`: whether a picture shows something that it may not, by the labels that a CLIP model would give it.

Labels are the forbidden motifs (those of `[guards]` when none are set) and neutral ones; each label's likelihood is its share
among all (softmax at CLIP's own temperature of 100, Radford et al. 2021, arXiv:2103.00020). A label is words, so a motif that
the model does not know by this name is not found.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Json
from . import Measured, Scored, Seen, rows
from .embeddings import embedder_of
from .pixels import image

NEUTRAL = ("a landscape", "a room", "a street", "a person", "an object", "food", "an animal", "an abstract pattern", "a drawing")
_TEMPERATURE = 100.0


class Motif(Scored):
    name = "motif"
    what = "likelihood of a forbidden motif"
    better = "lower"
    wants = ("labels",)
    settings: Mapping[str, str] = {
        "review": "number",
        "block": "number",
        "labels": "texts",
        "neutral": "texts",
        "weights": "weights",
        "model": "text",
        "architecture": "weights",
    }
    measured_with = ("labels", "neutral", "weights", "model", "architecture")
    review = 0.3
    block = 0.6

    def measure(self, seen: Seen) -> Measured:
        """Score: share of the likeliest forbidden label, 0–1; facts: all of them."""
        import numpy as np

        embedder = embedder_of(seen.settings)
        labels = [str(label) for label in rows(seen.settings.get("labels"))]
        neutral = [str(label) for label in rows(seen.settings.get("neutral"))] or list(NEUTRAL)
        words = embedder.words([f"a picture of {label}" for label in (*labels, *neutral)])
        logits = _TEMPERATURE * (embedder.picture(image(seen)) @ words.T)[0].astype(np.float64)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        found: dict[str, Json] = {label: round(float(share), 4) for label, share in zip(labels, shares, strict=False)}
        return Measured(score=max((float(share) for share in found.values()), default=0.0), facts={"labels": found})  # type: ignore[arg-type]

    def told(self, measured: Measured, at: float) -> str:
        found = measured.facts.get("labels")
        label = max(found, key=lambda name: float(found[name])) if isinstance(found, Mapping) and found else ""  # type: ignore[arg-type]
        return f"expected no `{label}`, got one with a likelihood of {measured.score:.0%}"
