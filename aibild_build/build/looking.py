"""Shows what gates say: the entry points of `aibild gates` and `aibild gates calibrate`.

Takes options and briefs, has measured what was not measured yet, yields rows with scores beside limits. Builds and pins nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil, floor, log10

from .. import crews, plan
from ..errors import SourceError
from ..model import Finding, Level, Outcome
from ..plan.gates import Judged, Question, file_questions, gates_at_work, questions
from ..plan.pictures import find_pinned, want_assets
from ..plan.reading import Project, open_project, uses
from ..plan.renditions import want_renditions
from ..source import nearest_hint
from .gating import answered, pairs_of
from .measuring import File, measure
from .options import Options
from .pipeline import opened_store
from .talk import Silent, Talk

_MARGIN = 0.05  # of the span of approved scores, so that the next picture like them passes too


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One verdict. `place` is the cut; `review` and `block` are the limits, None where there is none.

    `better` says which way the score is good; `evidence` is the blob of a small picture, "" where there is none.
    """

    subject: str
    gate: str
    place: str
    score: float | None
    review: float | None
    block: float | None
    better: str
    outcome: Outcome
    level: Level
    message: str
    pixels: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Rows sorted by subject, gate and place; `absent` are subjects whose pictures are not made yet."""

    rows: tuple[Row, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Limits for one gate that every approved picture passes, and how many of the others they would have refused.

    `before` is how many approved pictures the limits in force refuse or send to review; `others` counts pictures that nobody
    approved, `refused` those of them that the proposed `block` would refuse.
    """

    gate: str
    better: str
    approved: int
    review: float
    block: float
    before: int
    others: int
    refused: int


def look(options: Options, briefs: Sequence[str] = (), *, talk: Talk | None = None) -> Looked:
    """What every gate says of the pictures in use of `briefs`, or of all that pages use. Raises SourceError."""
    project = open_project(options.root)
    _refuse_unknown(briefs, project.site.briefs)
    judged, absent = _judged(options, project, briefs or None, talk or Silent())
    rows = [_row(one) for one in judged]
    rows += [
        Row(
            subject=pair.first,
            gate=one.verdict.gate,
            place=pair.second,
            score=float(pair.distance),
            review=_row(one).review,
            block=_row(one).block,
            better=one.question.gate.better,
            outcome=pair.judgement.outcome,
            level=one.question.level,
            message=pair.judgement.message,
            pixels=one.verdict.pixels,
        )
        for one, _, pair in pairs_of(project, judged)
    ]
    return Looked(rows=tuple(sorted(rows, key=lambda row: (row.subject, row.gate, row.place))), absent=absent)


def calibrate(options: Options, profile: str, *, talk: Talk | None = None) -> tuple[Proposal, ...]:
    """Limits that the approved pictures of a style profile suggest. Raises SourceError for a profile that no brief names."""
    project = open_project(options.root)
    named = [brief.id for brief in project.site.briefs.values() if brief.profile == profile]
    if not named:
        known = sorted({brief.profile for brief in project.site.briefs.values() if brief.profile})
        raise SourceError((_unknown("profile", profile, known),))
    judged, _ = _judged(options, project, named, talk or Silent(), every=True)
    approved = {
        approval.pixels
        for brief in named
        for pinned in project.lock.briefs.get(brief, {}).values()
        for approval in pinned.approvals
        if pinned.rejected(approval.pixels) is None
    }
    by_gate: dict[str, list[Judged]] = {}
    for one in judged:
        if one.measured is not None and one.question.gate.limits(one.question.judging) != (None, None):
            by_gate.setdefault(one.verdict.gate, []).append(one)
    return tuple(proposal for _, those in sorted(by_gate.items()) if (proposal := _proposal(those, approved)) is not None)


def _proposal(judged: Sequence[Judged], approved: set[str]) -> Proposal | None:
    """Just outside of the worst approved score lies `review`, as far again beyond it `block`."""
    gate = judged[0].question.gate
    if gate.scope == "assets":
        return None
    scores = _worst(one for one in judged if one.verdict.pixels in approved)
    others = _worst(one for one in judged if one.verdict.pixels not in approved)
    if not scores:
        return None
    higher = gate.better == "higher"
    worst = min(scores.values()) if higher else max(scores.values())
    margin = _MARGIN * max(max(scores.values()) - min(scores.values()), abs(worst))
    review = _round_out(worst - margin if higher else worst + margin, up=not higher)
    block = _round_out(worst - 2 * margin if higher else worst + 2 * margin, up=not higher)
    return Proposal(
        gate=gate.name,
        better=gate.better,
        approved=len(scores),
        review=review,
        block=block,
        before=len({one.verdict.pixels for one in judged if one.verdict.pixels in approved and _fails(one)}),
        others=len(others),
        refused=sum((score < block) if higher else (score > block) for score in others.values()),
    )


def _worst(judged: Iterable[Judged]) -> dict[str, float]:
    """The worst score by pixels: a picture is as good as its worst cut."""
    worst: dict[str, float] = {}
    for one in judged:
        if one.verdict.score is not None:
            pick = min if one.question.gate.better == "higher" else max
            worst[one.verdict.pixels] = pick(worst.get(one.verdict.pixels, one.verdict.score), one.verdict.score)
    return worst


def _fails(one: Judged) -> bool:
    return one.verdict.outcome in (Outcome.REVIEW, Outcome.BLOCK)


def _round_out(value: float, *, up: bool) -> float:
    """Three digits that count, away from the scores that must pass."""
    if value == 0:
        return 0.0
    scale = 10.0 ** (2 - floor(log10(abs(value))))
    return round((ceil if up else floor)(value * scale) / scale, 10)


def _judged(
    options: Options, project: Project, briefs: Sequence[str] | None, talk: Talk, *, every: bool = False
) -> tuple[tuple[Judged, ...], tuple[str, ...]]:
    """Verdicts on what is at hand, files included, and the subjects that are not. With `every`, on all pinned candidates."""
    output = options.output or plan.output_path(project)
    with (
        opened_store(options, project, output) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        wanted = [want for want in want_assets(project, store, briefs=briefs) if not want.hidden]
        at_work = gates_at_work(project)
        asked: list[Question] = []
        for want in wanted:
            found = {asset.pixels: asset for asset in want.assets.values()}
            if every and want.pinned is not None:
                for pin in want.pinned.candidates:
                    asset = find_pinned(store, pin)
                    found |= {asset.pixels: asset} if asset is not None else {}
            asked += [one for asset in found.values() for one in questions(project, want, asset, at_work)]
        made = [want for want in wanted if plan.picked(want) is not None]
        whole = {want.brief for want in wanted} - {want.brief for want in wanted if plan.picked(want) is None}
        assets, days = plan.expected_assets(tuple(want for want in made if want.brief in whole), "")
        shown = {brief: by_name for brief, by_name in assets.items() if brief in uses(project.config, project.site)}
        cut = want_renditions(project, store, shown, days)
        at_hand = {one.variant.encode: one.rendition for brief in cut for one in brief.renditions if one.rendition is not None}
        of_files = [one for one in file_questions(project, cut) if all(encode in at_hand for encode in one.files)]
        files = {
            encode: File(encode=encode, digest=rendition.digest, format=rendition.format) for encode, rendition in at_hand.items()
        }
        answers = measure((one for one in asked if one.gate.scope != "prompt"), store, arguments, crew, talk)
        on_files = measure(of_files, store, arguments, crew, talk, files)
    absent = tuple(sorted(want.subject for want in wanted if plan.picked(want) is None))
    return (*(answered(one, answers) for one in asked), *(answered(one, on_files) for one in of_files)), absent


def _row(one: Judged) -> Row:
    review, block = one.question.gate.limits(one.question.judging)
    return Row(
        subject=one.question.subject,
        gate=one.verdict.gate,
        place=one.verdict.place,
        score=one.verdict.score,
        review=review,
        block=block,
        better=one.question.gate.better,
        outcome=one.verdict.outcome,
        level=one.question.level,
        message=one.verdict.message,
        pixels=one.verdict.pixels,
        evidence=one.verdict.evidence,
    )


def _refuse_unknown(briefs: Sequence[str], known: Mapping[str, object]) -> None:
    faults = tuple(_unknown("brief", brief, known) for brief in briefs if brief not in known)
    if faults:
        raise SourceError(faults)


def _unknown(what: str, name: str, known: Iterable[str]) -> Finding:
    message = f"there is no {what} `{name}`" if what == "brief" else f"no brief uses a style profile `{name}`"
    return Finding(
        rule="source-reference", level=Level.FATAL, message=message, subject=name, hint=nearest_hint(name, list(known))
    )
