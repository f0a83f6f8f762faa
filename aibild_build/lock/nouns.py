"""What is pinned: candidates, the pick among them, and what people said of their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..model import Approval, Json, Rejection, Retraction, Size

LOCK_FILE = "aibild.lock"


class LockState(StrEnum):
    EQUAL = "equal"
    DIFFERS = "differs"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One candidate: the recipe that was asked for and the pixels that came. `made` is the day on which they first came."""

    recipe: str
    pixels: str
    engine: str
    seed: int
    size: Size
    made: str
    model: str = ""
    scores: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What is pinned for one asset of a brief; `pick` is the index of the candidate in use.

    `audit` is the hash of the newest line of the trail that is about this asset, "" where there is none.
    """

    pick: int
    candidates: tuple[Pin, ...]
    approvals: tuple[Approval, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    audit: str = ""

    @property
    def picked(self) -> Pin:
        return self.candidates[self.pick]

    def rejected(self, pixels: str) -> Rejection | None:
        """The first no that stands against these pixels."""
        return next((one for one in self.rejections if one.pixels == pixels), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """`briefs` maps brief id → asset name ("master" or a ratio) → `Pinned`; `models` maps a model's name to its fingerprints.

    A variant of a brief is held as `ID@NAME`; in the file it stands below its brief. `retracted` are pixels that no build uses.
    """

    models: Mapping[str, Json] = field(default_factory=dict)
    briefs: Mapping[str, Mapping[str, Pinned]] = field(default_factory=dict)
    retracted: Mapping[str, Retraction] = field(default_factory=dict)

    def pinned(self, brief: str, asset: str) -> Pinned | None:
        return self.briefs.get(brief, {}).get(asset)

    def barred(self, brief: str, asset: str, pixels: str) -> str:
        """Why a build should not use `pixels` here: retracted anywhere, or rejected for this asset; "" where nothing bars it."""
        if pixels in self.retracted:
            return f"retracted: {self.retracted[pixels].reason}"
        pinned = self.pinned(brief, asset)
        no = pinned.rejected(pixels) if pinned is not None else None
        return f"rejected by {no.who}: {no.reason}" if no is not None else ""

    def untold(self) -> Lock:
        """The same without the names of the trail's lines, which hold who and when."""
        briefs = {
            brief: {name: replace(pinned, audit="") for name, pinned in assets.items()} for brief, assets in self.briefs.items()
        }
        retracted = {pixels: replace(one, audit="") for pixels, one in self.retracted.items()}
        return replace(self, briefs=briefs, retracted=retracted)

    def pin(self, brief: str, asset: str, pinned: Pinned) -> Lock:
        """A lock with that asset pinned; all else as it was."""
        return replace(self, briefs={**self.briefs, brief: {**self.briefs.get(brief, {}), asset: pinned}})

    def only(self, assets: Mapping[str, Sequence[str]]) -> Lock:
        """A lock that keeps the named assets of the named briefs alone."""
        kept = {
            brief: {name: pinned for name, pinned in self.briefs[brief].items() if name in names}
            for brief, names in assets.items()
            if brief in self.briefs
        }
        return replace(self, briefs={brief: pins for brief, pins in kept.items() if pins})


def compare(pinned: Pinned | None, wanted: Sequence[str]) -> LockState:
    """How the lock stands to the brief: equal when it pins exactly the recipes that are wanted, in whatever order."""
    if pinned is None:
        return LockState.ABSENT
    return LockState.EQUAL if sorted(pin.recipe for pin in pinned.candidates) == sorted(wanted) else LockState.DIFFERS
