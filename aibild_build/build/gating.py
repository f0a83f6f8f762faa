"""Lets pictures through the gates: measures what was not measured yet, judges all of it, and picks the candidate that pages show.

Takes wanted assets with what was made of them, yields picks, findings and a count of refusals. Judging is free, so it happens
on every build; measuring happens once for given pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import gates
from ..crews import Crew
from ..errors import RefusedError
from ..lock import LockState
from ..model import MASTER, Asset, Finding, Level, Outcome, PictureReason, Work
from ..plan.pictures import WantedAsset
from ..plan.reading import Project, uses
from ..store import Store
from ..wire import from_json
from .carry import carry_out
from .jobs import StoreArguments, measure_picture
from .talk import Talk

Candidates = Mapping[str, Asset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """`picks` are indices into a wanted asset's recipes, by its subject; `refused` counts candidates that a gate blocked."""

    picks: Mapping[str, int]
    findings: tuple[Finding, ...]
    refused: int


@dataclass(frozen=True, slots=True)
class _Question:
    gate: gates.Gate
    want: WantedAsset
    asset: Asset

    @property
    def key(self) -> str:
        return gates.measure_key(self.gate, self.asset.pixels, self.want.size)


def let_through(
    project: Project,
    wanted: tuple[WantedAsset, ...],
    made: Mapping[str, Candidates],
    store: Store,
    arguments: StoreArguments,
    crew: Crew,
    talk: Talk,
) -> Gated:
    """Judge every candidate in `made` (by subject, then recipe key) and pick one of each. Raises RefusedError."""
    at_work = tuple(gates.load(name) for name in gates.names() if _level(project, name) is not Level.OFF)
    questions = [_Question(gate, want, asset) for want in wanted for asset in made[want.subject].values() for gate in at_work]
    measured = _measure(questions, store, arguments, crew, talk)
    findings: list[Finding] = []
    picks: dict[str, int] = {}
    refusals: list[str] = []
    refused = 0
    for want in wanted:
        faults = {key: list(_faults(project, want, asset, at_work, measured)) for key, asset in made[want.subject].items()}
        refused += sum(1 for found in faults.values() if any(level is Level.ERROR for level, _ in found))
        pick = _pick(want, faults, made[want.subject])
        if pick is None:
            refusals += sorted({f"{want.subject}: {message}" for found in faults.values() for _, message in found})
            continue
        picks[want.subject] = pick
        findings += [_finding(project, want, message, level) for level, message in faults[want.recipes[pick].key]]
    if refusals:
        raise RefusedError(
            f"{len(refusals)} picture{' was' if len(refusals) == 1 else 's were'} refused by a gate",
            tuple(refusals),
            hint="change the brief, ask for more candidates, or change the gate's settings in aibild.toml",
        )
    findings += _alike(project, wanted, made, picks, at_work, measured)
    return Gated(picks=picks, findings=tuple(findings), refused=refused)


def _level(project: Project, gate: str) -> Level:
    """What a refusal by this gate weighs: an error, unless `[gates.NAME] level` says otherwise."""
    return Level(str(project.config.gates.get(gate, {}).get("level", Level.ERROR)))


def _measure(
    questions: list[_Question], store: Store, arguments: StoreArguments, crew: Crew, talk: Talk
) -> dict[str, gates.Measured]:
    measured: dict[str, gates.Measured] = {}
    missing: dict[tuple[str, tuple[int, int], str], list[_Question]] = {}
    for question in questions:
        record = store.lookup(question.key)
        found = _read(record) if record is not None else None
        if found is not None:
            measured[question.key] = found
        else:
            group = (question.asset.pixels, question.want.size, question.want.engine)
            missing.setdefault(group, []).append(question)
    orders = [_order(group, arguments) for group in missing.values()]
    by_pixels = {group[0].asset.pixels + str(group[0].want.size): group for group in missing.values()}
    for work, answer in carry_out("measure", measure_picture, orders, crew, talk):
        for question in by_pixels[work.key]:
            measured[question.key] = from_json(gates.Measured, answer["measured"][question.gate.name])
    return measured


def _read(record: Mapping[str, Any]) -> gates.Measured | None:
    try:
        return from_json(gates.Measured, record["measured"])
    except (KeyError, ValueError):
        return None


def _order(group: list[_Question], arguments: StoreArguments) -> tuple[Work, dict[str, Any]]:
    first = group[0]
    key = first.asset.pixels + str(first.want.size)
    return Work(kind="measure", key=key, subject=first.want.subject, reason=PictureReason.NEW), {
        "store": arguments,
        "asset": first.asset.digest,
        "pixels": first.asset.pixels,
        "asked": list(first.want.size),
        "engine": first.want.engine,
        "gates": sorted({question.gate.name for question in group}),
    }


def _faults(
    project: Project, want: WantedAsset, asset: Asset, at_work: tuple[gates.Gate, ...], measured: Mapping[str, gates.Measured]
) -> Iterator[tuple[Level, str]]:
    for gate in at_work:
        judgement = gate.judge(measured[_Question(gate, want, asset).key], project.config.gates.get(gate.name, {}))
        if judgement.outcome is Outcome.BLOCK:
            yield _level(project, gate.name), f"gate `{gate.name}`: {judgement.message}"


def _pick(want: WantedAsset, faults: Mapping[str, list[tuple[Level, str]]], made: Candidates) -> int | None:
    """The lock's pick where the lock is equal, else the best candidate that no gate blocks; None when there is none.

    Best is the one that the engine scored highest where it scored them all, else the first.
    """
    passing = [
        index
        for index, recipe in enumerate(want.recipes)
        if recipe.key in faults and not any(level is Level.ERROR for level, _ in faults[recipe.key])
    ]
    if want.state is LockState.EQUAL and want.pinned is not None:
        keys = [recipe.key for recipe in want.recipes]
        pinned = keys.index(want.pinned.picked.recipe)
        return pinned if pinned in passing else None
    scores = {index: score_of(made[want.recipes[index].key]) for index in passing}
    if None in scores.values():
        return passing[0]
    return max(passing, key=lambda index: (scores[index] or 0.0, -index), default=None)


def score_of(asset: Asset) -> float | None:
    """How well a picture fits its prompt, where the engine said so."""
    score = asset.made.environment.get("score")
    return float(score) if isinstance(score, int | float) else None


def _finding(project: Project, want: WantedAsset, message: str, level: Level) -> Finding:
    origin = project.site.briefs[want.brief].origin
    return Finding(rule=f"gate-{message.split('`')[1]}", level=level, message=message, origin=origin, subject=want.subject)


def _alike(
    project: Project,
    wanted: tuple[WantedAsset, ...],
    made: Mapping[str, Candidates],
    picks: Mapping[str, int],
    at_work: tuple[gates.Gate, ...],
    measured: Mapping[str, gates.Measured],
) -> Iterator[Finding]:
    """Findings on pairs of published pictures, each naming both briefs and the pages that show them."""
    used = uses(project.config, project.site)
    masters = [want for want in wanted if want.name == MASTER and want.subject in picks and want.brief in used]
    for gate in (gate for gate in at_work if gate.scope == "assets"):
        seen = {
            want.brief: measured[_Question(gate, want, made[want.subject][want.recipes[picks[want.subject]].key]).key]
            for want in masters
        }
        for pair in gate.compare(seen, project.config.gates.get(gate.name, {})):
            level = _level(project, gate.name) if pair.judgement.outcome is Outcome.BLOCK else Level.WARNING
            places = [_place(project, used[brief].pages) for brief in (pair.first, pair.second)]
            yield Finding(
                rule=f"picture-{gate.name}",
                level=level,
                message=f"`{pair.first}` {pair.judgement.message} (pages {places[0]} and {places[1]})",
                origin=project.site.briefs[pair.first].origin,
                subject=pair.first,
                measured=pair.distance,
                limit=pair.judgement.threshold,
                hint="give one of them another seed, motif or crop; `[gates.duplicate]` sets the limits",
            )


def _place(project: Project, pages: Sequence[tuple[str, str]]) -> str:
    """The first page that shows a picture, in the default language if there is one."""
    lang, page_id = min(pages, key=lambda page: (page[0] != project.config.default_language, page))
    return "/" + next(page.url for page in project.site.pages if (page.lang, page.id) == (lang, page_id))
