"""What gates and those who ask them say to each other: what is seen, what was measured, how it is judged.

Plain data and one base class for gates whose score is held against two limits. Knows no gate by name and opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..model import Json, Outcome, Size

SCOPES = ("prompt", "asset", "crop", "rendition", "assets")
# What a gate may ask to be told beside the pixels. Only what it names reaches it, and only that is part of its key.
FACTS = (
    "asked",  # [width, height] that was asked for
    "engine",
    "ratio",  # of the crop, "" for a whole asset
    "safe_areas",  # [{x, y, width, height, colour}], fractions of what is seen; none where no text lies
    "scrim",  # [red, green, blue, opacity] that the page lays under the text
    "focal",  # [x, y], fractions of what is seen
    "palette",  # [[colour, weight]]
    "prompt",  # as it was resolved
    "negative",
    "parts",  # {part: words} of the prompt
    "text",  # the brief's `text`: "none", or what it says must be readable
    "max_text_share",
    "tags",
)


class NotRun(Exception):
    """Raised by `measure` where the gate cannot look at all: a program, a library or weights are missing. One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a gate measures: 8-bit sRGB samples (width·height·len(mode) bytes; none in scope `prompt`).

    `facts` are those the gate named, `settings` those of its settings that it measures with (paths made absolute). `reference`,
    in scope `rendition`, is the master's cut at the same size as RGB samples; `file` and `format` are the rendition's own.
    `memo` may hold what several gates compute from the same samples.
    """

    samples: bytes
    size: Size
    mode: str = "RGB"
    facts: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)
    reference: bytes = b""
    file: bytes = b""
    format: str = ""
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A score in the gate's own unit and whatever else judging needs, as plain JSON. `evidence` is the blob of an overlay."""

    score: float
    facts: Mapping[str, Json] = field(default_factory=dict)
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`threshold` is the limit that decided, or the one that a passing score is nearest to."""

    outcome: Outcome
    threshold: float
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two subjects that are too much alike; `distance` in the gate's unit."""

    first: str
    second: str
    distance: int
    judgement: Judgement


class Gate(Protocol):
    """A gate's attributes say how it is asked.

    `fingerprint` is raised by hand when the same pixels would measure differently. `scope` is one of SCOPES: `asset` looks at a
    whole picture, `crop` at each cut that a slot shows, `rendition` at the encoded files, `assets` is judged over all published
    pictures with `compare`, `prompt` reads words before anything is made. `facts` are names of FACTS; where one of `wants`, a
    fact or a setting, is empty the gate is not asked. `settings` are its keys beside `level`, by kind ("number", "flag", "text",
    "texts", "file", and "weights": a path that may lead nowhere); `measured_with` are those of them that decide what is measured.
    `level` is what its verdicts weigh unless the site says otherwise: `error` gates, `warning` and `note` advise, `off` sleeps.
    `better` is "higher" or "lower". `sample`, in scope `rendition`, is `all` files of a cut or its `ends` (smallest and largest).
    """

    name: str
    fingerprint: int
    scope: str
    better: str
    level: str
    sample: str

    @property
    def facts(self) -> tuple[str, ...]: ...

    @property
    def wants(self) -> tuple[str, ...]: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def measured_with(self) -> tuple[str, ...]: ...

    def measure(self, seen: Seen) -> Measured:
        """Look at the pixels. May import heavy libraries. Raises NotRun where it cannot."""
        ...

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        """A small picture file that shows what was found, b"" where there is nothing to show."""
        ...

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """Hold what was measured against settings and thresholds. Pure, and loads nothing."""
        ...

    def limits(self, settings: Mapping[str, Json]) -> tuple[float | None, float | None]:
        """The limits (review, block) under these settings; None where there is none."""
        ...

    def properties(self, measured: Sequence[Measured], settings: Mapping[str, Json]) -> Mapping[str, str]:
        """CSS custom properties that a hero's markup gets, from what was measured on all its cuts. Pure."""
        ...

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        """Pairs of subjects that may not be published together. Pure; nothing for gates of other scopes than `assets`."""
        ...


class Scored:
    """A gate whose score is held against two limits, `review` and `block`; members say what is special about them.

    With `better` "higher" a score below a limit fails it, with "lower" one above. A limit of None never fails.
    """

    name = ""
    what = "score"
    fingerprint = 1
    scope = "asset"
    better = "higher"
    level = "error"
    facts: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    settings: Mapping[str, str] = {"review": "number", "block": "number"}
    measured_with: tuple[str, ...] = ()
    sample = "all"
    review: float | None = None
    block: float | None = None

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        return b""

    def limits(self, settings: Mapping[str, Json]) -> tuple[float | None, float | None]:
        return limit(settings, "review", self.review), limit(settings, "block", self.block)

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """`block` past the outer limit, `review` past the inner one."""
        review, block = self.limits(settings)
        for outcome, at in ((Outcome.BLOCK, block), (Outcome.REVIEW, review)):
            if at is not None and self.fails(measured.score, at):
                return Judgement(outcome=outcome, threshold=at, message=self.told(measured, at))
        nearest = review if review is not None else block
        return Judgement(outcome=Outcome.PASS, threshold=nearest if nearest is not None else 0.0)

    def fails(self, score: float, at: float) -> bool:
        return score < at if self.better == "higher" else score > at

    def told(self, measured: Measured, at: float) -> str:
        """The sentence on a score that fails the limit `at`."""
        most = "least" if self.better == "higher" else "most"
        return f"expected {self.what} of at {most} {at:g}, got {measured.score:g}"

    def properties(self, measured: Sequence[Measured], settings: Mapping[str, Json]) -> Mapping[str, str]:
        return {}

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        return iter(())


def number(settings: Mapping[str, Json], name: str, default: float) -> float:
    """A setting as a number; what is no number counts as not set, which whoever opened the project has told the user."""
    value = settings.get(name, default)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def limit(settings: Mapping[str, Json], name: str, default: float | None) -> float | None:
    """A limit as a number, None where neither settings nor the gate itself have one."""
    value = number(settings, name, float("nan"))
    return default if value != value else value


def rows(value: Json) -> Sequence[Any]:
    """A fact that is a list."""
    return value if isinstance(value, list | tuple) else ()


def by_rule(seen: Seen) -> bool:
    """Whether a picture was drawn by rules of ours, which know no letters, no bodies and no lens, and needs no look.

    The setting `always` has it looked at all the same.
    """
    return seen.facts.get("engine") in ("flat", "sketch") and seen.settings.get("always") is not True
