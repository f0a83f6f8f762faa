"""A file that is delivered already, encoded once more with slow settings, and whether that is worth a swap.

Takes a master and the file as it stands, yields the smaller file or why there is none. Quality is never less: both files are
scored against the same pixels, at their own size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from ..model import FileFacts, Variant
from .codecs import CODECS
from .look import Look
from .make import encoded, facts_of, shown_as
from .metadata import Metadata
from .quality import opaque

LEAST_SAVED = 0.08  # of the bytes; less is not worth that every cache fetches the file anew
_EQUAL = 0.1  # points that no eye and no two builds of a library agree on


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """What slow settings made of a file. `variant` and `facts` are set, and `data` is there, where they are `worth` a swap."""

    worth: bool
    saved_ratio: float
    score: float
    score_before: float
    variant: Variant | None = None
    facts: FileFacts | None = None
    data: bytes = b""


def slow_variant(final: Variant, quality: int) -> Variant:
    """The same picture with slow settings."""
    settings = {**final.settings, **CODECS[final.format].slow, "quality": quality}
    return replace(final, effort="slow", settings=settings)


def refine(master: Any, final: Variant, before: bytes, known: FileFacts, metadata: Metadata) -> Refined:
    """Try slow settings on one file: `master` is a Pillow image, `before` the file as it stands with its facts.

    The same setting of quality gives a little more at slow settings, so one step less is tried first. Raises EncodeError.
    """
    import numpy as np

    from .ssimulacra2 import Original

    shown = shown_as(master, final)
    original = Original(np.asarray(opaque(shown)))
    standing, usual = original.score(_pixels(before)), int(str(final.settings["quality"]))
    saved, score = 0.0, 0.0
    for quality in dict.fromkeys((max(1, usual - 1), usual)):
        slow = slow_variant(final, quality)
        data = encoded(shown, slow, metadata)
        saved, score = 1 - len(data) / len(before), original.score(_pixels(data))
        if saved < LEAST_SAVED:  # a higher setting would save less still
            break
        if score >= standing - _EQUAL:
            glance = Look(colour=known.colour, placeholder=known.placeholder, hashes=known.hashes)
            facts = facts_of(data, slow, metadata, glance)
            return Refined(
                worth=True,
                saved_ratio=round(saved, 4),
                score=round(score, 2),
                score_before=round(standing, 2),
                variant=slow,
                facts=facts,
                data=data,
            )
    return Refined(worth=False, saved_ratio=round(saved, 4), score=round(score, 2), score_before=round(standing, 2))


def _pixels(data: bytes) -> Any:
    import numpy as np
    from PIL import Image

    with Image.open(BytesIO(data)) as file:
        return np.asarray(opaque(file))
