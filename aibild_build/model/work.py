"""What is to be made, why, and what was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from .findings import Finding


class PictureReason(StrEnum):
    NEW = "new"
    RECIPE_CHANGED = "recipe changed"
    INPUT_CHANGED = "input changed"
    MISSING_BLOB = "missing from the store"
    REPINNED = "repinned"
    OTHER_ENVIRONMENT = "made in another environment"
    FORCED = "forced"


class RenditionReason(StrEnum):
    NEW = "new"
    MISSING_BLOB = "missing from the store"
    METADATA_CHANGED = "words or rights changed"
    CREDENTIALS_CHANGED = "credentials changed"
    FORCED = "forced"


class PageReason(StrEnum):
    NEW = "new"
    SOURCE_CHANGED = "source changed"
    TEMPLATE_CHANGED = "template changed"
    READ_CHANGED = "something it shows changed"
    SITE_CHANGED = "site settings changed"
    OUTPUT_MISSING = "output missing or altered"
    FORCED = "forced"


Reason: TypeAlias = PictureReason | RenditionReason | PageReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a piece of work is expected to take; None where nothing is known yet. `basis` says what that rests on."""

    seconds: float | None = None
    credits: float = 0.0
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One thing to be made. `kind` is `picture`, `rendition` or `page`; `detail` names what differs, where that is known."""

    kind: str
    key: str
    subject: str
    reason: Reason
    cost: Cost = field(default_factory=Cost)
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts by kind of work."""

    picture: int = 0
    rendition: int = 0
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be made, and why.

    `blocked` are assets that can neither be used nor made; `unlocked` are not pinned as they stand.
    """

    work: tuple[Work, ...]
    reused: Tally
    blocked: tuple[str, ...]
    unlocked: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def made(self) -> Tally:
        counts = {kind: sum(1 for work in self.work if work.kind == kind) for kind in ("picture", "rendition", "page")}
        return Tally(**counts)

    @property
    def seconds(self) -> float:
        """Expected seconds on one worker, of the work whose cost is known."""
        return sum(work.cost.seconds or 0.0 for work in self.work)

    @property
    def credits(self) -> float:
        return sum(work.cost.credits for work in self.work)

    @property
    def unknown(self) -> int:
        """How many pieces of work have no known cost."""
        return sum(1 for work in self.work if work.cost.seconds is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Counted from what was done, never from what was queued.

    `embedded` are renditions whose words were put in without an encode, `signed` all that were signed; `folder` is the output
    folder as it was named, "" for a share of a build. `improvable` are files that slower settings may still make
    better: those of a time box, and those that were not refined yet; `fast` are those of a time box, drafts too.
    """

    made: Tally
    reused: Tally
    embedded: int
    refused: int
    findings: tuple[Finding, ...]
    seconds: float
    engine_seconds: float
    credits: float
    outputs: int
    bytes: int
    store_bytes: int
    written: int
    removed: int
    folder: str
    signed: int = 0
    improvable: int = 0
    fast: int = 0
