"""A file that is delivered already, encoded once more with slow settings, and whether that is worth a swap.

Takes a master and the file as it stands, yields the smaller file or why there is none. Quality is never less: both files are
scored against the same pixels, at their own size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from math import floor
from typing import Any

from ..model import FileFacts, Variant
from .codecs import CODECS, LARGE_PIXELS
from .look import Look
from .make import encoded, facts_of, shown_as
from .metadata import Metadata
from .quality import opaque

LEAST_SAVED = 0.08  # of the bytes; less is not worth that every cache fetches the file anew
_POINTS_PER_STEP = 0.8  # how much a step of AVIF's quality moves the score
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

    The same setting of quality gives more at slow settings, so less of it is tried first, and what came tells the second trial.
    Raises EncodeError.
    """
    import numpy as np

    from .ssimulacra2 import Original

    shown = shown_as(master, final)
    original = Original(np.asarray(opaque(shown)))
    least, usual = original.score(_pixels(before)) - _EQUAL, int(str(final.settings["quality"]))
    tried: list[tuple[float, float, Variant, bytes]] = []  # saved, score, and the file itself
    quality = max(1, usual - _expected_steps(final))
    for _ in range(2):
        slow = slow_variant(final, quality)
        data = encoded(shown, slow, metadata)
        tried.append((1 - len(data) / len(before), original.score(_pixels(data)), slow, data))
        saved, score, _, _ = tried[-1]
        closer = quality - floor((score - least) / _POINTS_PER_STEP)
        if closer == quality or closer > usual or (closer > quality and saved < LEAST_SAVED):
            break
        quality = max(1, closer)
    fit = [one for one in tried if one[0] >= LEAST_SAVED and one[1] >= least]
    saved, score, slow, data = max(fit, key=lambda one: one[0]) if fit else tried[-1]
    told = Refined(worth=False, saved_ratio=round(saved, 4), score=round(score, 2), score_before=round(least + _EQUAL, 2))
    if not fit:
        return told
    glance = Look(colour=known.colour, placeholder=known.placeholder, hashes=known.hashes)
    return replace(told, worth=True, variant=slow, facts=facts_of(data, slow, metadata, glance), data=data)


def _expected_steps(final: Variant) -> int:
    """How much less quality slow settings are likely to need for the same score."""
    codec = CODECS[final.format]
    return 1 + (codec.large_step if final.size[0] * final.size[1] >= LARGE_PIXELS else 0)


def _pixels(data: bytes) -> Any:
    import numpy as np
    from PIL import Image

    with Image.open(BytesIO(data)) as file:
        return np.asarray(opaque(file))
