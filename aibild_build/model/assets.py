"""What was made, what was said of it, and who said yes to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .plain import Json, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How an asset came to be. `when` is a day (YYYY-MM-DD); `credits` is money spent in the engine's own unit."""

    engine: str
    environment: Mapping[str, Json]
    seconds: float
    when: str
    credits: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A picture that was made. The blob `digest` is a lossless PNG. `refused` says why it may not be used, if so.

    `original` is the blob of the file as a service sent it, kept where it carries a C2PA manifest; "" otherwise.

    `source_type` is the last part of an IPTC digital source type, `algorithmicMedia` for instance.
    """

    recipe: str
    pixels: str
    digest: str
    size: Size
    mode: str
    source_type: str
    made: Made
    refused: str = ""
    original: str = ""


class Outcome(StrEnum):
    PASS = "pass"
    REVIEW = "review"
    BLOCK = "block"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a gate said of one asset, bound to its pixels. `evidence` is the digest of a small picture, or empty.

    `place` is the ratio of the cut that it looked at, "" for the whole asset. With `not-run` the message says why.
    """

    gate: str
    pixels: str
    outcome: Outcome
    score: float | None = None
    threshold: float | None = None
    message: str = ""
    evidence: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's yes to exactly these pixels."""

    who: str
    role: str
    when: str
    pixels: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A person's no to exactly these pixels, and why."""

    who: str
    role: str
    when: str
    pixels: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """Pixels that no build may use any more. `brief` is where they were shown when they were barred, "" where that is unknown.

    `audit` is the hash of the line of the trail that tells it, "" without one.
    """

    who: str
    when: str
    pixels: str
    reason: str
    brief: str = ""
    audit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something, `source` says who says so (`git`, `github`, …), `when` it is (RFC 3339, UTC, seconds)."""

    who: str = ""
    source: str = ""
    when: str = ""
