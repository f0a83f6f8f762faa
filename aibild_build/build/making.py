"""Carries out the work on pictures and files: orders go to a crew, answers come back as nouns.

Takes what `plan` wants, yields the assets with the lock that pins them, and the renditions by encode key. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..config import STATE_FOLDER
from ..crews import Crew
from ..errors import EngineUnavailable, RefusedError, SourceError, StoreError
from ..lock import Lock, LockState, Pin, Pinned
from ..model import MASTER, Asset, Cost, Finding, Json, Level, Rendition, RenditionReason, Work
from ..plan import made_day
from ..plan.approvals import pages_with
from ..plan.gates import Judged
from ..plan.pictures import WantedAsset, asset_names
from ..plan.reading import FILE_PREFIX, Project
from ..plan.renditions import WantedBrief, WantedRendition, named
from ..plan.sealing import sidecar_path
from ..renditions.codecs import LARGE_PIXELS
from ..renditions.credentials import Signer
from ..renditions.quality import Probe
from ..wire import from_json, to_json
from .carry import carry_out
from .credentials import check_signer
from .gating import Gated, Verdicts, let_through, refuse_prompts, score_of, scores_of
from .jobs import StoreArguments, find_qualities, make_files, make_picture, open_store
from .ledger import Spent, note_spent
from .options import Manner
from .orders import Order, picture_orders
from .talk import Talk

_Cut = tuple[WantedBrief, list[WantedRendition]]
_FEW_CROPS = 8  # fewer leave workers idle when each is one order


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesMade:
    """The asset in use by brief and name, the lock that pins them, and what it took.

    `review`, `unjudged` and `judged` are what the gates said of them, as in `gating.Gated`.
    """

    assets: Mapping[str, Mapping[str, Asset]]
    days: Mapping[str, str]
    lock: Lock
    findings: tuple[Finding, ...]
    refused: int
    review: tuple[str, ...]
    unjudged: tuple[str, ...]
    judged: Mapping[str, Verdicts]
    made: int
    reused: int
    seconds: float
    credits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesMade:
    """Renditions by encode key, and counts of what was done."""

    renditions: Mapping[str, Rendition]
    encoded: int
    embedded: int
    reused: int
    seconds: float
    signed: int = 0

    def after(self, before: FilesMade) -> FilesMade:
        """These files, with what was spent on those before them."""
        seconds = round(before.seconds + self.seconds, 3)
        return replace(self, encoded=before.encoded + self.encoded, seconds=seconds, signed=before.signed + self.signed)


Again = Callable[[Project, Collection[str]], tuple[WantedAsset, ...]]


def make_pictures(
    project: Project,
    wanted: tuple[WantedAsset, ...],
    store: StoreArguments,
    crew: Crew,
    talk: Talk,
    today: str,
    again: Again | None = None,
    manner: Manner | None = None,
) -> PicturesMade:
    """Make what is missing and let it through the gates, pictures before those that start from them.

    `again` asks anew what is wanted once earlier pictures are pinned; it is told the subjects that are settled. Raises
    EngineError, SourceError for what engines refuse, StoreError for what can neither be used nor made, and RefusedError for what
    no gate lets pass.
    """
    settled: set[str] = set()
    total: PicturesMade | None = None
    while True:
        ready = tuple(want for want in wanted if not want.waiting)
        wave = _make_wave(project, ready, store, crew, talk, today, settled, manner or Manner())
        total = _added(total, wave)
        settled |= {want.subject for want in ready}
        if len(ready) == len(wanted) or again is None:
            return total
        project = replace(project, lock=wave.lock)
        wanted = again(project, settled)


def _added(before: PicturesMade | None, wave: PicturesMade) -> PicturesMade:
    """The last wave sees all pictures; only what was spent adds up."""
    if before is None:
        return wave
    return replace(
        wave,
        refused=before.refused + wave.refused,
        made=before.made + wave.made,
        reused=before.reused + wave.reused,
        seconds=before.seconds + wave.seconds,
        credits=before.credits + wave.credits,
    )


def _make_wave(
    project: Project,
    wanted: tuple[WantedAsset, ...],
    store: StoreArguments,
    crew: Crew,
    talk: Talk,
    today: str,
    settled: Collection[str],
    manner: Manner,
) -> PicturesMade:
    """Make pictures that start from nothing, or from what is there. Those of `settled` subjects were counted before."""
    if barred := tuple(f"{want.subject}: {want.barred}{_shown_on(project, want.brief)}" for want in wanted if want.barred):
        raise RefusedError(
            f"{len(barred)} picture{' was' if len(barred) == 1 else 's were'} retracted, and nothing else is there",
            barred,
            hint="change the brief or its seed, or ask for more candidates; `aibild build --draft` shows sketches meanwhile",
        )
    blocked = [want.subject for want in wanted if want.blocked]
    if blocked:
        raise StoreError(
            f"pinned, missing from the store, and not to be made again exactly: {', '.join(blocked)}",
            hint=f"fetch the store that holds them, or pin new pixels with `aibild generate --repin {blocked[0].split()[0]}`",
        )
    changed = sorted({name for want in wanted if want.making for name in want.changed})
    if changed:
        raise EngineUnavailable(
            f"not the files that aibild.lock pins: model{'' if len(changed) == 1 else 's'} {', '.join(changed)}",
            hint=f"bring the old files back, or take the new ones with `aibild models update {changed[0]}`",
        )
    refuse_prompts(project, wanted)
    orders = picture_orders(project, wanted, store, today, manner)
    answers = _carried_out(project, orders, crew, talk, today)
    refusals = tuple(_refusals(project, wanted, answers))
    if refusals:
        raise SourceError(refusals)
    made = {want.subject: _all_assets(want, answers) for want in wanted}
    gated = let_through(project, wanted, made, open_store(*store), store, crew, talk)
    lock, assets, days = _in_use(project, wanted, made, gated)
    spent = _spent(answers, today)
    return PicturesMade(
        assets=assets,
        days=days,
        lock=lock,
        findings=gated.findings,
        refused=gated.refused,
        review=gated.review,
        unjudged=gated.unjudged,
        judged=gated.judged,
        made=spent.pictures,
        reused=sum(len(want.assets) for want in wanted if want.subject not in settled) + len(answers) - spent.pictures,
        seconds=spent.engine_seconds,
        credits=spent.credits,
    )


def _shown_on(project: Project, brief: str) -> str:
    urls = pages_with(project, (brief,))
    return f" (pages {', '.join(urls)})" if urls else ""


def _carried_out(project: Project, orders: list[Order], crew: Crew, talk: Talk, today: str) -> Mapping[str, Mapping[str, Any]]:
    """Every answer by key. What was spent is noted even when the run breaks off, since it was spent all the same."""
    answers: dict[str, Mapping[str, Any]] = {}
    try:
        for work, answer in carry_out("picture", make_picture, orders, crew, talk):
            answers |= answer.get("answers") or {work.key: answer}
    finally:
        note_spent(project.config.root / STATE_FOLDER, _spent(answers, today))
    return answers


def _spent(answers: Mapping[str, Mapping[str, Any]], today: str) -> Spent:
    new = [answer for answer in answers.values() if answer["made"]]
    records = [answer["asset"]["made"] for answer in new]
    return Spent(
        day=today,
        pictures=len(new),
        engine_seconds=round(sum(answer["seconds"] for answer in new), 3),
        credits=round(sum(answer["asset"]["made"]["credits"] for answer in new), 6),
        devices={made["engine"]: str(made["environment"]["device"]) for made in records if made["environment"].get("device")},
    )


def _refusals(project: Project, wanted: tuple[WantedAsset, ...], answers: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What engines declined to make, as faults of the briefs that asked for it."""
    for want in wanted:
        for one in want.making:
            answer = answers[one.recipe.key]
            if "refused" in answer:
                yield Finding(
                    rule="source-refused",
                    level=Level.FATAL,
                    message=f"engine `{want.engine}` refused: {answer['refused']}",
                    origin=project.site.briefs[want.brief].origin,
                    subject=want.subject,
                    hint=answer["hint"],
                )


def _in_use(
    project: Project, wanted: tuple[WantedAsset, ...], made: Mapping[str, Mapping[str, Asset]], gated: Gated
) -> tuple[Lock, dict[str, dict[str, Asset]], dict[str, str]]:
    """The lock with everything pinned, the picked asset by brief and name, and the day of each brief's metadata."""
    lock = project.lock
    assets: dict[str, dict[str, Asset]] = {}
    days: dict[str, str] = {}
    for want in wanted:
        pick = gated.picks[want.subject]
        if not want.draft:
            pinned = _pinned(lock, want, made[want.subject], pick, gated.judged[want.subject])
            lock = replace(pinned, models={**lock.models, **want.models})
        asset = made[want.subject][want.recipes[pick].key]
        if want.hidden:
            continue
        assets.setdefault(want.brief, {})[want.name] = asset
        if want.name == MASTER:
            days[want.brief] = made_day(want, asset)
    kept = {brief_id: asset_names(brief) for brief_id, brief in project.site.briefs.items()}
    if project.site.cut:  # pages were not read, and they alone name ordinary files
        kept |= {brief: tuple(assets) for brief, assets in lock.briefs.items() if brief.startswith(FILE_PREFIX)}
    models = {name: entry for name, entry in lock.models.items() if name in project.config.models}
    return replace(lock.only(kept), models=models), assets, days


def _all_assets(want: WantedAsset, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Asset]:
    fresh = {one.recipe.key: from_json(Asset, answers[one.recipe.key]["asset"]) for one in want.making}
    return {**want.assets, **fresh}


def _pinned(lock: Lock, want: WantedAsset, assets: Mapping[str, Asset], pick: int, judged: Verdicts) -> Lock:
    """The lock with this asset pinned as it is now; an equal entry with equal pixels stays as it was, approvals and all."""
    said = want.pinned
    if want.state is LockState.EQUAL and said is not None:
        pinned = {pin.recipe: pin.pixels for pin in said.candidates}
        if all(pinned[key] == asset.pixels for key, asset in assets.items()):
            place = [pin.recipe for pin in said.candidates].index(want.recipes[pick].key)
            return lock if place == said.pick else lock.pin(want.brief, want.name, replace(said, pick=place))
    days = {pin.pixels: pin.made for pin in want.pinned.candidates} if want.pinned else {}
    pins = []
    for recipe in want.recipes:
        asset = assets.get(recipe.key)
        if asset is None:
            continue
        made = days.get(asset.pixels, asset.made.when)
        pins.append(
            Pin(
                recipe=recipe.key,
                pixels=asset.pixels,
                engine=recipe.engine,
                model=str(recipe.noted.get("model", "")),
                seed=recipe.seed,
                size=asset.size,
                made=made,
                scores=_scores(asset, judged[recipe.key]),
            )
        )
    pixels = {pin.pixels for pin in pins}
    return lock.pin(
        want.brief,
        want.name,
        Pinned(
            pick=pick,
            candidates=tuple(pins),
            approvals=tuple(one for one in said.approvals if one.pixels in pixels) if said else (),
            rejections=tuple(one for one in said.rejections if one.pixels in pixels) if said else (),
            audit=said.audit if said else "",
        ),
    )


def _scores(asset: Asset, judged: Iterable[Judged]) -> dict[str, Json]:
    """What gates measured, and how well the engine itself found the picture to fit."""
    own = score_of(asset)
    return {**scores_of(judged), **({"clip": own} if own is not None else {})}


def with_quality(
    want: Callable[[], tuple[WantedBrief, ...]],
    store: StoreArguments,
    crew: Crew,
    talk: Talk,
    over: Callable[[], bool] = lambda: False,
) -> tuple[WantedBrief, ...]:
    """What `want` asks for once no question of quality is open, or `over` says that time is up; they are answered one master at
    a time. Raises EncodeError."""
    briefs = want()
    asked: dict[str, dict[str, Probe]] = {}
    for brief in briefs:
        for probe, asset in brief.probes:
            asked.setdefault(asset, {})[probe.key] = probe
    orders = [
        (
            Work(
                kind="quality",
                key=next(iter(probes)),
                subject=", ".join(sorted({probe.format for probe in probes.values()})),
                reason=RenditionReason.NEW,
                cost=Cost(),
            ),
            {"store": store, "asset": asset, "wanted": [to_json(probe) for probe in probes.values()]},
        )
        for asset, probes in asked.items()
    ]
    for _ in carry_out("quality", find_qualities, orders, crew, talk):
        if over():
            break
    return want() if orders else briefs


def make_renditions(
    briefs: tuple[WantedBrief, ...],
    store: StoreArguments,
    crew: Crew,
    talk: Talk,
    *,
    again: bool,
    signer: Signer | None = None,
    today: str = "",
) -> FilesMade:
    """Make and sign the files that are missing, one crop of one asset at a time. Raises EncodeError and CredentialError."""
    at_hand: dict[str, Rendition] = {}
    cuts: list[_Cut] = []
    pending: dict[str, tuple[WantedRendition, WantedBrief]] = {}
    for brief in briefs:
        groups: dict[tuple[object, ...], list[WantedRendition]] = {}
        for one in brief.renditions:
            if one.rendition is not None:
                at_hand[one.variant.encode] = one.rendition
            else:
                groups.setdefault((one.asset, one.variant.crop), []).append(one)
                pending[one.delivery] = (one, brief)
        cuts += [(brief, group) for group in groups.values()]
    orders = [_files_order(brief, group, store, again, signer) for brief, group in _longest_first(cuts)]
    if signer is not None and any(one.seal is not None for one, _ in pending.values()):
        check_signer(signer, today)
    reused = len(at_hand)
    counts = {"encoded": 0, "embedded": 0, "found": 0}
    seconds, signed = 0.0, 0
    for _, answers in carry_out("rendition", make_files, orders, crew, talk):
        for answer in answers["files"]:
            one, brief = pending[answer["delivery"]]
            at_hand[one.variant.encode] = _named(from_json(Rendition, answer["rendition"]), one, brief)
            counts[answer["kind"]] += 1
            signed += bool(answer.get("signed"))
            seconds += answer["seconds"]
    return FilesMade(
        renditions=at_hand,
        encoded=counts["encoded"],
        embedded=counts["embedded"],
        reused=reused + counts["found"],
        seconds=round(seconds, 3),
        signed=signed,
    )


def _longest_first(wanted: list[_Cut]) -> list[_Cut]:
    """Crops of one master stay together, since it is decoded once for them, and long work comes first: no worker waits at the end
    for one that has begun late. Where there are few crops, their large AVIF files are handed out apart."""
    if len(wanted) < _FEW_CROPS:
        parts = [(brief, [one for one in group if _slow(one) is slow]) for brief, group in wanted for slow in (True, False)]
        wanted = [(brief, part) for brief, part in parts if part]
    whole: dict[str, int] = {}
    for _, group in wanted:
        whole[group[0].asset] = whole.get(group[0].asset, 0) + _effort(group)
    return sorted(wanted, key=lambda cut: (-whole[cut[1][0].asset], cut[1][0].asset, -_effort(cut[1])))


def _slow(one: WantedRendition) -> bool:
    width, height = one.variant.size
    return one.variant.format == "avif" and width * height >= LARGE_PIXELS


def _effort(group: list[WantedRendition]) -> int:
    """About how long files take: by their pixels, and five times as long for AVIF."""
    return sum(one.variant.size[0] * one.variant.size[1] * (5 if one.variant.format == "avif" else 1) for one in group)


def _named(rendition: Rendition, one: WantedRendition, brief: WantedBrief) -> Rendition:
    place = sidecar_path(brief.slug, one.variant, one.seal, brief.metadata.digest) if one.seal else ""
    return named(rendition, one.variant, brief.slug, one.seal, place)


def _files_order(
    brief: WantedBrief, group: list[WantedRendition], store: StoreArguments, again: bool, signer: Signer | None
) -> tuple[Work, dict[str, Any]]:
    works = [one.work for one in group if one.work is not None]
    wanted = [
        {
            "variant": to_json(one.variant),
            "delivery": one.delivery,
            "provenance": one.provenance,
            "seal": to_json(one.seal) if one.seal is not None else None,
        }
        for one in group
    ]
    return works[0], {
        "store": store,
        "asset": group[0].asset,
        "metadata": to_json(brief.metadata),
        "wanted": wanted,
        "again": again,
        "signer": to_json(signer) if signer is not None else None,
    }
