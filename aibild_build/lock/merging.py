"""Brings together what two processes did to one lock: a build that took minutes, and a person who approved meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from .nouns import Lock, Pinned

Value = TypeVar("Value")


def merge(base: Lock, ours: Lock, theirs: Lock) -> Lock:
    """`ours` with what `theirs` changed since `base`. Where both changed an asset, our candidates and pick stand, with
    what people said meanwhile of pixels that are still among them: builds decide nothing."""
    if theirs in (base, ours):
        return ours
    briefs: dict[str, dict[str, Pinned]] = {}
    for owner in sorted({*base.briefs, *ours.briefs, *theirs.briefs}):
        sides = [lock.briefs.get(owner, {}) for lock in (base, ours, theirs)]
        merged = _merged(*sides)
        for name in merged.keys() & sides[2].keys():
            if sides[1].get(name) != sides[0].get(name) and sides[2][name] != sides[0].get(name):
                merged[name] = _heard(merged[name], sides[2][name])
        if merged:
            briefs[owner] = merged
    models = _merged(base.models, ours.models, theirs.models)
    return Lock(models=models, briefs=briefs, retracted=_merged(base.retracted, ours.retracted, theirs.retracted))


def _merged(base: Mapping[str, Value], ours: Mapping[str, Value], theirs: Mapping[str, Value]) -> dict[str, Value]:
    """Each entry from the side that changed it; ours where both did."""
    found: dict[str, Value] = {}
    for name in sorted({*base, *ours, *theirs}):
        side = theirs if ours.get(name) == base.get(name) else ours
        if name in side:
            found[name] = side[name]
    return found


def _heard(ours: Pinned, theirs: Pinned) -> Pinned:
    pixels = {one.pixels for one in ours.candidates}
    return replace(
        ours,
        approvals=tuple(one for one in theirs.approvals if one.pixels in pixels),
        rejections=tuple(one for one in theirs.rejections if one.pixels in pixels),
        audit=theirs.audit,
    )
