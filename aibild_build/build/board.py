"""What a reviewer looks at: every picture with its candidates, what gates said, what differs, who said yes, where it is shown.

Takes a project and its store, yields a `Board` of plain nouns. It measures nothing, makes nothing and writes nothing: a verdict
is what was recorded, judged against today's settings. How a decision is carried out stands in `decide`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .. import audit, recipe
from ..audit import Trail
from ..canonical import digest_of, key_of
from ..errors import AibildError
from ..lock import LockState, Pin, Pinned
from ..model import MASTER, Approval, Asset, Brief, Json, Outcome, Rejection, SafeArea, Size, Verdict, ratio_value
from ..pages.listing import references
from ..pages.view import in_language
from ..plan import output_path
from ..plan.approvals import lacking
from ..plan.gates import Judged, cuts_of, gates_at_work, judge, known, questions
from ..plan.pictures import WantedAsset, find_pinned, want_assets
from ..plan.reading import Project, uses
from ..renditions import focal_at, shown_crop, text_areas
from ..source import nearest
from ..store import Store
from ..wire import to_json
from .gating import outcome_of, score_of, topics_of
from .preview import Box

_PLAIN = re.compile(r"[^a-z0-9]+")


class Need(StrEnum):
    """Why a picture waits for a person. `UNDECIDED` says that nothing asks for a decision, and nobody made one. From `ALT` on it
    is the author's turn, not the reviewer's."""

    APPROVAL = "approval"
    UNDECIDED = "undecided"
    CHANGED = "changed"
    CHOICE = "choice"
    GATE = "gate"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    RETRACTED = "retracted"
    ALT = "alt"
    STALE = "stale"
    MISSING = "missing"


_FOR_AUTHORS = frozenset({Need.ALT, Need.STALE, Need.MISSING})
_FREE = frozenset({Need.UNDECIDED, Need.CHOICE})
_WORST = (Outcome.BLOCK, Outcome.REVIEW, Outcome.NOT_RUN, Outcome.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One crop that a slot shows. `box` in pixels of the candidate; `focal` and `areas` in fractions of the box."""

    ratio: str
    slots: tuple[str, ...]
    box: Box
    focal: tuple[float, float]
    areas: tuple[SafeArea, ...]
    fits: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field of the recipe: what the compared candidate has, and what this one has. None is absent."""

    field: str
    before: Json
    now: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One candidate. `digest` is its master's blob, "" where the store lacks it; `differs` is held against the one in use.

    `outcome` is what the gates say all in all, `verdicts` what each says, those that only advise included.
    """

    number: int
    pixels: str
    digest: str
    recipe: str
    size: Size
    seed: int
    engine: str
    model: str
    made: str
    score: float | None
    picked: bool
    published: bool
    approvals: tuple[Approval, ...]
    outcome: Outcome
    topics: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    cuts: tuple[Cut, ...]
    differs: tuple[Difference, ...]
    rejections: tuple[Rejection, ...] = ()
    retracted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A page that shows the picture, in a slot."""

    lang: str
    page: str
    title: str
    url: str
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alt:
    lang: str
    text: str
    draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of the trail. `pixels` are those that it is about first."""

    when: str
    who: str
    what: str
    role: str = ""
    pixels: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One asset of a brief.

    `slug` names its page, `lacks` says what the rules of `[approvals]` still want for the candidate in use, newest history comes
    first, and `seen` is a digest of what the lock says of the asset, which an action must name.
    """

    subject: str
    slug: str
    brief: str
    name: str
    engine: str
    profile: str
    origin: str
    prompt: tuple[tuple[str, str], ...]
    negative: str
    alt: tuple[Alt, ...]
    shown: tuple[Showing, ...]
    choices: tuple[Choice, ...]
    needs: tuple[Need, ...]
    lacks: tuple[str, ...]
    notes: tuple[str, ...]
    history: tuple[Told, ...]
    seen: str

    @property
    def open(self) -> bool:
        """Whether nobody has decided yet, be it asked for or not."""
        return not _FOR_AUTHORS.issuperset(self.needs)

    @property
    def state(self) -> str:
        """`open` where a rule, a gate or a refusal asks for a decision, `undecided` where nothing does, else `done`."""
        if not self.open:
            return "done"
        return "undecided" if (_FREE | _FOR_AUTHORS).issuperset(self.needs) else "open"

    @property
    def picked(self) -> Choice | None:
        return next((choice for choice in self.choices if choice.picked), None)

    @property
    def published(self) -> Choice | None:
        return next((choice for choice in self.choices if choice.published), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All pictures in use, or those that were asked for, by subject."""

    site: str
    languages: tuple[str, ...]
    entries: tuple[Entry, ...]

    def entry(self, slug: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.slug == slug), None)


def read_board(project: Project, store: Store, trail: Trail, briefs: Sequence[str] = ()) -> Board:
    """The board of the named briefs, or of all that pages use.

    Raises AibildError for an unknown name, SourceError as `plan` does.
    """
    unknown = [name for name in briefs if name not in project.site.briefs]
    if unknown:
        near = nearest(unknown[0], project.site.briefs)
        raise AibildError(f"there is no brief `{unknown[0]}`", hint=f"did you mean `{near}`?" if near else "")
    wanted = want_assets(project, store, briefs=list(briefs) or None)
    reading = _Reading(project, store, trail)
    return Board(
        site=in_language(project.config.name, project.config.default_language, project.config),
        languages=tuple(language.code for language in project.config.languages),
        entries=tuple(reading.entry(want) for want in wanted if not want.hidden),
    )


class _Reading:
    """What all entries share, asked for once."""

    def __init__(self, project: Project, store: Store, trail: Trail) -> None:
        self._project, self._store = project, store
        self._history: dict[tuple[str, str], list[Told]] = {}
        for told in reversed(trail.entries):
            self._history.setdefault((told.brief, told.asset), []).append(_told(told))
        self._uses = uses(project.config, project.site)
        self._shown = _showings(project)
        self._published = _published(project)
        self._gates = gates_at_work(project)

    def entry(self, want: WantedAsset) -> Entry:
        brief = self._project.site.briefs[want.brief]
        choices = tuple(self._choices(want, brief))
        alt = tuple(Alt(lang=lang, text=words.text, draft=words.draft) for lang, words in sorted(brief.alt.items()))
        picked = next((choice for choice in choices if choice.picked), None)
        lacks = self._lacks(want, brief, picked) if picked is not None else ()
        return Entry(
            subject=want.subject,
            slug=slug_of(want.subject),
            brief=want.brief,
            name=want.name,
            engine=want.engine,
            profile=brief.profile,
            origin=brief.origin.path,
            prompt=tuple((part, text) for part, text in brief.parts if text),
            negative=brief.negative,
            alt=alt,
            shown=self._shown.get(want.brief, ()),
            choices=choices,
            needs=tuple(self._needs(want, choices, picked, lacks, alt)),
            lacks=lacks,
            notes=(f"{want.subject} {want.blocked}",) if want.blocked else (),
            history=tuple(self._history.get((want.brief, want.name), ())),
            seen=seen_of(want.pinned),
        )

    def _lacks(self, want: WantedAsset, brief: Brief, picked: Choice) -> tuple[str, ...]:
        use = self._uses.get(want.brief)
        return lacking(
            self._project.config.approvals,
            brief,
            want.pinned,
            picked.pixels,
            slots=use.slots if use else (),
            outcome=picked.outcome,
            topics=picked.topics,
        )

    def _needs(
        self, want: WantedAsset, choices: Sequence[Choice], picked: Choice | None, lacks: Sequence[str], alt: Sequence[Alt]
    ) -> Iterator[Need]:
        if picked is None:
            yield Need.MISSING
        else:
            yield from self._waits(want, choices, picked, lacks)
            if want.state is not LockState.EQUAL:
                yield Need.STALE
        if any(words.draft for words in alt):
            yield Need.ALT

    def _waits(self, want: WantedAsset, choices: Sequence[Choice], picked: Choice, lacks: Sequence[str]) -> Iterator[Need]:
        """A picture that lacks nothing and that nobody approved is undecided."""
        if picked.pixels in self._project.lock.retracted:
            yield Need.RETRACTED
        if picked.outcome is Outcome.BLOCK:
            yield Need.BLOCKED
        if picked.rejections:
            yield Need.REJECTED
        elif lacks or not picked.approvals:
            known = {choice.pixels for choice in choices}
            told = self._history.get((want.brief, want.name), ())
            voided = any(one.what == audit.Event.APPROVED and one.pixels not in known for one in told)
            yield Need.CHANGED if voided else Need.APPROVAL if lacks else Need.UNDECIDED
            if len(choices) > 1:
                yield Need.CHOICE
            if picked.outcome is Outcome.REVIEW:
                yield Need.GATE

    def _choices(self, want: WantedAsset, brief: Brief) -> Iterator[Choice]:
        if want.pinned is None:
            return
        for number, pin in enumerate(want.pinned.candidates, 1):
            asset = find_pinned(self._store, pin)
            judged = self._judged(want, asset)
            yield Choice(
                number=number,
                pixels=pin.pixels,
                digest=asset.digest if asset else "",
                recipe=pin.recipe,
                size=pin.size,
                seed=pin.seed,
                engine=pin.engine,
                model=pin.model,
                made=pin.made,
                score=score_of(asset) if asset is not None else None,
                picked=number - 1 == want.pinned.pick,
                published=self._published.get(want.brief) == pin.pixels if want.name == MASTER else False,
                approvals=tuple(one for one in want.pinned.approvals if one.pixels == pin.pixels),
                rejections=tuple(one for one in want.pinned.rejections if one.pixels == pin.pixels),
                retracted=pin.pixels in self._project.lock.retracted,
                outcome=_outcome(judged),
                topics=topics_of(judged),
                verdicts=tuple(sorted((one.verdict for one in judged), key=lambda one: _WORST.index(one.outcome))),
                cuts=tuple(self._cuts(want, brief, asset)),
                differs=tuple(self._differences(want.pinned, pin)),
            )

    def _judged(self, want: WantedAsset, asset: Asset | None) -> tuple[Judged, ...]:
        asked = questions(self._project, want, asset, self._gates) if asset is not None else ()
        return tuple(judge(question, known(self._store, question), "was not measured yet") for question in asked)

    def _cuts(self, want: WantedAsset, brief: Brief, asset: Asset | None) -> Iterator[Cut]:
        """Every ratio that slots cut from this asset, widest first."""
        if asset is None:
            return
        use, size = self._uses.get(want.brief), asset.size
        slots = [self._project.config.slots[name] for name in use.slots] if use else []
        cuts = cuts_of(self._project, brief, want.name, asset)
        for ratio in sorted((cut.ratio for cut in cuts), key=ratio_value, reverse=True):
            box = shown_crop(brief, ratio, size, own=ratio == want.name)
            x, y = focal_at(brief, ratio)
            yield Cut(
                ratio=ratio,
                slots=tuple(slot.name for slot in slots if any(one.ratio == ratio for one in slot.breakpoints)),
                box=(box.x, box.y, box.width, box.height),
                focal=((x * size[0] - box.x) / box.width, (y * size[1] - box.y) / box.height),
                areas=text_areas(size, ratio, box, brief.safe_areas),
                fits=box.fits,
                why=box.why,
            )

    def _differences(self, pinned: Pinned, pin: Pin) -> Iterator[Difference]:
        if pin.recipe == pinned.picked.recipe:
            return
        old, new = (self._store.lookup(key) for key in (pinned.picked.recipe, pin.recipe))
        if old is not None and new is not None:
            for field, before, now in recipe.differences(old.get("recipe"), new.get("recipe")):
                yield Difference(field=field, before=before, now=now)


def slug_of(subject: str) -> str:
    """A name for files and addresses: the subject in plain letters, and a short digest where letters were lost."""
    plain = _PLAIN.sub("-", subject.lower()).strip("-")[:60]
    return plain if plain == subject and plain != "index" else f"{plain}-{digest_of(subject.encode())[:6]}"


def seen_of(pinned: Pinned | None) -> str:
    """A digest of what the lock says of one asset: an action is carried out only on what its author has seen."""
    return key_of({"kind": "seen", "pinned": to_json(pinned) if pinned is not None else None})[:16]


def _told(entry: audit.Entry) -> Told:
    pixels = entry.pictures[0].pixels if entry.pictures else ""
    return Told(when=entry.when, who=entry.who, what=entry.event.value, role=entry.role, pixels=pixels, reason=entry.reason)


def _outcome(judged: Sequence[Judged]) -> Outcome:
    """What the gates say all in all; what only advises does not count."""
    return Outcome.BLOCK if any(one.blocks for one in judged) else outcome_of(judged)


def _showings(project: Project) -> dict[str, tuple[Showing, ...]]:
    found: dict[str, list[Showing]] = {}
    for page in project.site.pages:
        for reference in references(page):
            showing = Showing(lang=page.lang, page=page.id, title=page.title, url=f"/{page.url}", slot=reference.slot)
            if showing not in found.setdefault(reference.brief, []):
                found[reference.brief].append(showing)
    return {brief: tuple(rows) for brief, rows in found.items()}


def _published(project: Project) -> Mapping[str, str]:
    """The pixels of every brief's picture in the site as it was last built; empty where that is not known."""
    path: Path = output_path(project) / "pictures.json"
    try:
        pictures = json.loads(path.read_bytes())["pictures"]
        return {str(brief): str(facts["pixels"]) for brief, facts in pictures.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
