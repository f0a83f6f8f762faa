"""Lets pictures through the gates: has measured what was not measured yet, judges all of it, and picks what pages show.

Takes wanted assets with what was made of them, yields picks, findings, and what wants a person's approval. Judging is free, so
it happens on every build; measuring happens once for given pixels. What a gate blocks stops the build before any page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..crews import Crew
from ..errors import FrozenError, RefusedError
from ..gates import Gate, NotRun, Pair, Seen, rows
from ..lock import Lock, LockState
from ..model import MASTER, Asset, Finding, Json, Level, Outcome, Rendition
from ..plan.approvals import lacking_of
from ..plan.gates import (
    Judged,
    Question,
    file_questions,
    gates_at_work,
    judge,
    level_of,
    prompt_questions,
    questions,
    required_of,
)
from ..plan.pictures import WantedAsset
from ..plan.reading import Project, uses
from ..plan.renditions import WantedBrief
from ..store import Store
from .jobs import StoreArguments
from .measuring import Answers, File, measure
from .talk import Talk

Candidates = Mapping[str, Asset]
Verdicts = Mapping[str, tuple[Judged, ...]]  # of one wanted asset, by recipe key
_WORSE = ("pass", "review", "block")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """`picks` are indices into a wanted asset's recipes, by its subject; `refused` counts candidates that a gate blocked.

    `review` lists what no page may show until somebody approves it, `unjudged` what a required gate did not look at. `judged`
    holds all verdicts by subject and recipe key.
    """

    picks: Mapping[str, int]
    findings: tuple[Finding, ...]
    refused: int
    review: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    judged: Mapping[str, Verdicts] = field(default_factory=dict)


def refuse_prompts(project: Project, wanted: Sequence[WantedAsset]) -> None:
    """Ask the gates that read prompts, before anything is spent. Raises RefusedError with all that they block."""
    at_work = gates_at_work(project)
    refusals = [
        _line(want.subject, one)
        for want in wanted
        for one in map(_of_prompt, prompt_questions(project, want, at_work))
        if one.blocks
    ]
    if refusals:
        raise _refused("prompt", refusals)


def _of_prompt(question: Question) -> Judged:
    """Words are read again each time: that costs less than to remember it."""
    seen = Seen(samples=b"", size=(0, 0), facts=question.facts, settings=question.settings)
    try:
        return judge(question, question.gate.measure(seen))
    except NotRun as reason:
        return judge(question, None, str(reason))


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
    at_work = gates_at_work(project)
    asked = {
        want.subject: {key: tuple(questions(project, want, asset, at_work)) for key, asset in made[want.subject].items()}
        for want in wanted
    }
    every = (one for by_key in asked.values() for group in by_key.values() for one in group)
    answers = measure((one for one in every if one.gate.scope != "prompt"), store, arguments, crew, talk)
    judged = {
        subject: {key: tuple(answered(one, answers) for one in group) for key, group in by_key.items()}
        for subject, by_key in asked.items()
    }
    picks: dict[str, int] = {}
    refusals: list[str] = []
    for want in wanted:
        pick = _pick(want, judged[want.subject], made[want.subject], project.lock)
        if pick is None:
            found = [one for verdicts in judged[want.subject].values() for one in verdicts]
            refusals += sorted({_line(want.subject, one) for one in found if one.blocks})
            refusals += sorted({f"{want.subject}: {why}" for why in _retracted(project.lock, made[want.subject])})
        else:
            picks[want.subject] = pick
    if refusals:
        raise _refused("picture", refusals)
    shown = {want.subject: judged[want.subject][want.recipes[picks[want.subject]].key] for want in wanted}
    alike, pairs = _alike(project, [one for verdicts in shown.values() for one in verdicts])
    return Gated(
        picks=picks,
        findings=(*findings_on(project, [one for verdicts in shown.values() for one in verdicts]), *alike),
        refused=sum(any(one.blocks for one in found) for by_key in judged.values() for found in by_key.values()),
        review=(*_wanting_review(project, wanted, made, picks, shown), *pairs),
        unjudged=tuple(_unjudged(project, wanted, shown, at_work)),
        judged=judged,
    )


def answered(question: Question, answers: Answers) -> Judged:
    """The verdict on one question; prompts are read on the spot."""
    return _of_prompt(question) if question.gate.scope == "prompt" else answers.judged(question)


def let_files_through(
    project: Project,
    briefs: Sequence[WantedBrief],
    renditions: Mapping[str, Rendition],
    store: Store,
    arguments: StoreArguments,
    crew: Crew,
    talk: Talk,
) -> Gated:
    """Judge the encoded files of every cut, those of drafts excepted. Raises RefusedError."""
    asked = file_questions(project, briefs)
    files = {encode: _file(renditions[encode]) for one in asked for encode in one.files}
    answers = measure(asked, store, arguments, crew, talk, files)
    judged = [answers.judged(one) for one in asked]
    refusals = sorted({_line(one.question.subject, one) for one in judged if one.blocks})
    if refusals:
        raise _refused("file", refusals)
    names = {brief.brief.id: {asset.pixels: name for name, asset in brief.assets.items()} for brief in briefs}
    return Gated(
        picks={},
        findings=tuple(findings_on(project, judged)),
        refused=0,
        review=tuple(
            _line(brief, one)
            for brief, assets in names.items()
            for one in judged
            if one.question.brief == brief and one.asks_review and _waits(project, brief, assets[one.verdict.pixels], one)
        ),
        unjudged=tuple(
            _not_run(one)
            for one in judged
            if one.measured is None and one.verdict.gate in required_of(project.config, project.site.briefs[one.question.brief])
        ),
    )


def refuse_unapproved(gated: Iterable[str]) -> None:
    """Raises RefusedError when pictures wait for an approval."""
    waiting = tuple(sorted(gated))
    if waiting:
        message = f"{len(waiting)} picture{' waits' if len(waiting) == 1 else 's wait'} for an approval"
        raise RefusedError(message, waiting, hint="`aibild review` shows them and takes approvals; they are pinned already")


def refuse_unjudged(unjudged: Iterable[str]) -> None:
    """Raises FrozenError when a gate that a frozen build requires did not look."""
    missing = tuple(sorted(unjudged))
    if missing:
        message = f"{len(missing)} verdict{' is' if len(missing) == 1 else 's are'} missing that the site requires"
        raise FrozenError(message, missing, hint="run `aibild gates` where the gates can run, and keep the store")


def _refused(what: str, refusals: list[str]) -> RefusedError:
    count = len({line.partition(":")[0] for line in refusals})
    return RefusedError(
        f"{count} {what}{' was' if count == 1 else 's were'} refused by a gate",
        tuple(refusals),
        hint="change the brief, ask for more candidates, or change the gate's settings in aibild.toml",
    )


def _file(rendition: Rendition) -> File:
    return File(encode=rendition.encode, digest=rendition.digest, format=rendition.format)


def _line(subject: str, one: Judged) -> str:
    place = f" ({one.verdict.place})" if one.verdict.place else ""
    return f"{subject}: gate `{one.verdict.gate}`{place}: {one.verdict.message}"


def _retracted(lock: Lock, made: Candidates) -> Iterator[str]:
    yield from (f"retracted: {lock.retracted[asset.pixels].reason}" for asset in made.values() if asset.pixels in lock.retracted)


def _pick(want: WantedAsset, judged: Verdicts, made: Candidates, lock: Lock) -> int | None:
    """The lock's pick where the lock is equal, else the best candidate that nothing bars; None when there is none.

    Gates block and people retract. One that nobody rejected comes first, then one that asks for no review; then the one that a
    gate that ranks, else the engine, scored highest where it scored them all, else the first.
    """
    found = {index: judged[recipe.key] for index, recipe in enumerate(want.recipes) if recipe.key in judged}
    pixels = {index: made[want.recipes[index].key].pixels for index in found}
    passing = [
        index
        for index, verdicts in found.items()
        if not any(one.blocks for one in verdicts) and pixels[index] not in lock.retracted
    ]
    if want.state is LockState.EQUAL and want.pinned is not None and not want.replaced:
        keys = [recipe.key for recipe in want.recipes]
        pinned = keys.index(want.pinned.picked.recipe)
        return pinned if pinned in passing else None
    liked = [index for index in passing if not lock.barred(want.brief, want.name, pixels[index])] or passing
    clear = [index for index in liked if not any(one.asks_review for one in found[index])] or liked
    scores = {index: fit_of(found[index], made[want.recipes[index].key]) for index in clear}
    if None in scores.values():
        return clear[0]
    return max(clear, key=lambda index: (scores[index] or 0.0, -index), default=None)


def fit_of(judged: Iterable[Judged], asset: Asset) -> float | None:
    """What a gate that ranks candidates (`clip`) measured, else what the engine said."""
    ranked = (one.verdict.score for one in judged if getattr(one.question.gate, "ranks", False))
    return next((score for score in ranked if score is not None), score_of(asset))


def score_of(asset: Asset) -> float | None:
    """How well a picture fits its prompt, where the engine said so."""
    score = asset.made.environment.get("score")
    return float(score) if isinstance(score, int | float) else None


def scores_of(judged: Iterable[Judged]) -> dict[str, Json]:
    """The score of every gate that looked at one candidate; of several cuts the worst. For the lock."""
    scores: dict[str, Json] = {}
    for one in judged:
        gate, score = one.question.gate, one.verdict.score
        if score is None or gate.scope == "assets":
            continue
        before = scores.get(gate.name)
        worst = min if gate.better == "higher" else max
        scores[gate.name] = score if not isinstance(before, int | float) else worst(before, score)
    return scores


def outcomes_of(judged: Mapping[str, Verdicts]) -> dict[str, dict[str, str]]:
    """What each gate said of each candidate, by recipe key and gate; of several cuts the worst. For the trail."""
    said: dict[str, dict[str, str]] = {}
    for recipe, verdicts in (pair for by_key in judged.values() for pair in by_key.items()):
        for one in verdicts:
            if one.verdict.outcome is not Outcome.NOT_RUN:
                row = said.setdefault(recipe, {})
                row[one.verdict.gate] = max(row.get(one.verdict.gate, "pass"), one.verdict.outcome.value, key=_WORSE.index)
    return said


def findings_on(project: Project, judged: Iterable[Judged]) -> Iterator[Finding]:
    """What gates that only advise had to say, and once for each gate that did not run at all."""
    idle: dict[str, list[Judged]] = {}
    for one in judged:
        if one.verdict.outcome is Outcome.NOT_RUN:
            idle.setdefault(one.verdict.gate, []).append(one)
        elif one.verdict.outcome is not Outcome.PASS and one.question.level is not Level.ERROR:
            yield _finding(project, one)
    for gate, those in sorted(idle.items()):
        required = [one for one in those if gate in required_of(project.config, project.site.briefs[one.question.brief])]
        first = (required or those)[0]
        count = f"{len(those)} time{'' if len(those) == 1 else 's'}"
        yield Finding(
            rule="gate-not-run",
            level=Level.WARNING if required else Level.NOTE,
            message=f"gate `{gate}` did not run, {count}: {first.verdict.message}",
            origin=project.site.briefs[first.question.brief].origin,
            subject=first.question.subject,
            hint=f'install what it lacks, or switch it off with `[gates.{gate}] level = "off"`',
        )


def _finding(project: Project, one: Judged) -> Finding:
    place = f" ({one.verdict.place})" if one.verdict.place else ""
    return Finding(
        rule=f"gate-{one.verdict.gate}",
        level=one.question.level,
        message=f"gate `{one.verdict.gate}`{place}: {one.verdict.message}",
        origin=project.site.briefs[one.question.brief].origin,
        subject=one.question.subject,
        measured=one.verdict.score,
        limit=one.verdict.threshold,
    )


def outcome_of(judged: Iterable[Judged]) -> Outcome:
    """What the gates say of a picture all in all, as approvals ask for it: `review` when one of them does, else `pass`."""
    return Outcome.REVIEW if any(one.asks_review for one in judged) else Outcome.PASS


def topics_of(judged: Iterable[Judged]) -> tuple[str, ...]:
    """The sensitive topics that gates found, each once."""
    found = (topic for one in judged if one.measured is not None for topic in rows(one.measured.facts.get("topics")))
    return tuple(sorted({str(topic) for topic in found}))


def said_of(
    shown: Mapping[str, Mapping[str, Asset]], judged: Mapping[str, Verdicts]
) -> Mapping[str, tuple[Outcome, tuple[str, ...]]]:
    """By subject the outcome and the topics of the asset in use; `shown` is that by brief and name."""
    found = {}
    for brief, assets in shown.items():
        for name, asset in assets.items():
            subject = brief if name == MASTER else f"{brief} {name}"
            verdicts = judged.get(subject, {}).get(asset.recipe, ())
            found[subject] = outcome_of(verdicts), topics_of(verdicts)
    return found


def _wanting_review(
    project: Project,
    wanted: Sequence[WantedAsset],
    made: Mapping[str, Candidates],
    picks: Mapping[str, int],
    shown: Verdicts,
) -> Iterator[str]:
    """What pages would show although a gate asks for a person's look, and too few have said yes to these pixels."""
    for want in wanted:
        found = shown[want.subject]
        if want.hidden or outcome_of(found) is Outcome.PASS:
            continue
        pixels = made[want.subject][want.recipes[picks[want.subject]].key].pixels
        if lacking_of(project, want.brief, want.name, pixels, outcome=Outcome.REVIEW, topics=topics_of(found)):
            yield from (_line(want.subject, one) for one in found if one.asks_review)


def _waits(project: Project, brief: str, name: str, one: Judged) -> bool:
    return bool(lacking_of(project, brief, name, one.verdict.pixels, outcome=Outcome.REVIEW))


def _unjudged(project: Project, wanted: Sequence[WantedAsset], shown: Verdicts, at_work: Sequence[Gate]) -> Iterator[str]:
    """Where a required gate is switched off, or did not run."""
    working = {gate.name for gate in at_work}
    for want in wanted:
        if want.hidden or want.draft:
            continue
        brief = project.site.briefs[want.brief]
        for name in required_of(project.config, brief):
            gate = next((gate for gate in at_work if gate.name == name), None)
            if name not in working or (gate is not None and level_of(project.config, brief, gate) is Level.OFF):
                yield f"{want.subject}: gate `{name}` is required and switched off"
            yield from (_not_run(one) for one in shown[want.subject] if one.verdict.gate == name and one.measured is None)


def _not_run(one: Judged) -> str:
    place = f" ({one.verdict.place})" if one.verdict.place else ""
    return f"{one.question.subject}: gate `{one.verdict.gate}`{place} did not run: {one.verdict.message}"


def pairs_of(project: Project, judged: Iterable[Judged]) -> Iterator[tuple[Judged, Judged, Pair]]:
    """Published pictures that are too much alike, by every gate that compares; each pair once, with both verdicts."""
    used = uses(project.config, project.site)
    seen: dict[str, dict[str, Judged]] = {}
    for one in judged:
        master = one.question.subject == one.question.brief and one.question.brief in used
        if one.question.gate.scope == "assets" and one.measured is not None and master:
            seen.setdefault(one.verdict.gate, {})[one.question.brief] = one
    for name, by_brief in sorted(seen.items()):
        gate = next(iter(by_brief.values())).question.gate
        measured = {brief: one.measured for brief, one in by_brief.items() if one.measured is not None}
        for pair in gate.compare(measured, project.config.gates.get(name, {})):
            yield by_brief[pair.first], by_brief[pair.second], pair


def _alike(project: Project, judged: Iterable[Judged]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings on pairs of pictures, and pairs that want an approval; each names both briefs and their pages.

    Raises RefusedError for pairs that may not stand.
    """
    used = uses(project.config, project.site)
    findings: list[Finding] = []
    review: list[str] = []
    refusals: list[str] = []
    for one, other, pair in pairs_of(project, judged):
        name, level = one.verdict.gate, one.question.level
        pages = [_place(project, used[brief].pages) for brief in (pair.first, pair.second)]
        message = f"`{pair.first}` {pair.judgement.message}" + (f" (pages {pages[0]} and {pages[1]})" if all(pages) else "")
        if level is not Level.ERROR:
            findings.append(replace(_finding(project, one), rule=f"picture-{name}", message=message, measured=pair.distance))
        elif pair.judgement.outcome is Outcome.BLOCK:
            refusals.append(f"{pair.first}: gate `{name}`: {message}")
        elif _waits(project, pair.first, MASTER, one) and _waits(project, pair.second, MASTER, other):
            review.append(f"{pair.first}: gate `{name}`: {message}")
    if refusals:
        raise _refused("picture", refusals)
    return tuple(findings), tuple(review)


def _place(project: Project, pages: Sequence[tuple[str, str]]) -> str:
    """The first page that shows a picture, in the default language if there is one; "" where none of ours does."""
    if not pages:
        return ""
    lang, page_id = min(pages, key=lambda page: (page[0] != project.config.default_language, page))
    return "/" + next(page.url for page in project.site.pages if (page.lang, page.id) == (lang, page_id))
