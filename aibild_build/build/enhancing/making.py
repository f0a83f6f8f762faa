"""The files of the pictures that were taken: ordinary ones of the site's folder, and those that briefs ask for.

The same way as in a build: import or engine, lock and gates for briefs, crops, qualities, encodes, signatures, all of it through
the store, so that each encode is made once. An ordinary file goes through no gate: it is on the site already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ... import crews, gates
from ...brief import brief_of_file, read_briefs
from ...config import Config
from ...errors import SourceError
from ...imagefile import embedded_source_type, probe
from ...lock import Lock
from ...model import MASTER, Actor, Asset, Brief, Finding, Level, Origin, Page, Picture, PictureRef, Rendition, Site, Slot
from ...plan.guarding import refuse_guarded
from ...plan.pictures import want_assets
from ...plan.reading import FILE_PREFIX, Project
from ...plan.renditions import compose_pictures, want_renditions
from ...renditions.credentials import Signer, find_signer
from ...store import Store
from ...wire import from_json
from ..carry import carry_out
from ..gating import outcomes_of, refuse_unapproved
from ..jobs import StoreArguments, make_picture
from ..making import FilesMade, make_pictures, make_renditions, with_quality
from ..options import Manner
from ..orders import picture_orders
from ..pinning import read_now, record_build
from ..talk import Talk

Use = tuple[str, str]  # brief and slot
_UNKNOWN_ORIGIN = "digitalCreation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What making needs: store, crew, who talks, the day, who acts, the environment; `keep` is off for a dry run."""

    store: Store
    arguments: StoreArguments
    crew: crews.Crew
    talk: Talk
    today: str
    actor: Callable[[], Actor]
    environ: Mapping[str, str]
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Pictures by (brief, slot, language), their files by path below the site, and what it took."""

    pictures: Mapping[tuple[str, str, str], Picture]
    files: Mapping[str, Rendition]
    findings: tuple[Finding, ...]
    encoded: int
    reused: int


def make(config: Config, folder: Path, uses: Iterable[Use], slots: Mapping[str, Slot], workshop: Workshop) -> Made:
    """Make every picture in every slot. Raises what a build raises for briefs; a file that cannot be cut is a finding."""
    wanted = sorted(set(uses))
    own = [use for use in wanted if use[0].startswith(FILE_PREFIX)]
    asked = [use for use in wanted if not use[0].startswith(FILE_PREFIX)]
    pictures: dict[tuple[str, str, str], Picture] = {}
    files: dict[str, Rendition] = {}
    findings: list[Finding] = []
    encoded = reused = 0
    for uses_of, of in ((own, _of_files), (asked, _of_briefs)):
        if not uses_of:
            continue
        project, assets, days, found = of(replace(config, slots=slots), folder, uses_of, workshop)
        findings += found
        done, shown = _cut(project, assets, days, workshop)
        encoded, reused = encoded + done.encoded, reused + done.reused + done.embedded
        pictures |= shown
        files |= {one.url: one for one in done.renditions.values()}
    return Made(pictures=pictures, files=files, findings=tuple(findings), encoded=encoded, reused=reused)


_Assets = tuple[Project, dict[str, dict[str, Asset]], dict[str, str], list[Finding]]


def _of_files(config: Config, folder: Path, uses: Sequence[Use], workshop: Workshop) -> _Assets:
    """Ordinary files, decoded. Where nobody says how a file came to be, nothing is said of it in what is delivered."""
    plain = replace(config, root=folder, gates={name: {"level": "off"} for name in gates.names()}, required_gates=())
    briefs: dict[str, Brief] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys(brief for brief, _ in uses):
        brief, found = brief_of_file(plain, name.removeprefix(FILE_PREFIX))
        findings += (_unusable(name, one.message, one.hint) for one in found if one.level is Level.FATAL)
        if brief is not None and not any(one.level is Level.FATAL for one in found):
            briefs[name] = brief
    signer = find_signer(config.credentials, config.root, workshop.environ)
    project = project_of(plain, briefs, [use for use in uses if use[0] in briefs], Lock(), signer)
    wanted = want_assets(project, workshop.store)
    orders = picture_orders(project, wanted, workshop.arguments, workshop.today, Manner())
    answers = {work.key: answer for work, answer in carry_out("picture", make_picture, orders, workshop.crew, workshop.talk)}
    assets: dict[str, dict[str, Asset]] = {}
    days: dict[str, str] = {}
    for want in wanted:
        asset = next(iter(want.assets.values()), None)
        for one in want.making:
            answer = answers[one.recipe.key]
            if "refused" in answer:
                findings.append(_unusable(want.brief, answer["refused"], answer["hint"]))
            else:
                asset = from_json(Asset, answer["asset"])
        if asset is not None:
            assets[want.brief] = {MASTER: _as_told(asset, briefs[want.brief], folder)}
            days[want.brief] = asset.made.when if signer is not None else ""
    return project, assets, days, findings


def _as_told(asset: Asset, brief: Brief, folder: Path) -> Asset:
    """The asset without the origin that is assumed where neither the file nor a sidecar tells one."""
    if asset.source_type != _UNKNOWN_ORIGIN or brief.sidecar.get("source_type"):
        return asset
    told = embedded_source_type(probe((folder / brief.inputs[0]).read_bytes()))
    return asset if told else replace(asset, source_type="")


def _of_briefs(config: Config, folder: Path, uses: Sequence[Use], workshop: Workshop) -> _Assets:
    """Pictures that briefs ask for: made, let through the gates and pinned, as in a build."""
    briefs, found = read_briefs(config)
    faults = tuple(one for one in found if one.level is Level.FATAL)
    if faults:
        raise SourceError(faults)
    before = read_now(config.root)
    project = project_of(config, briefs, uses, before, find_signer(config.credentials, config.root, workshop.environ))
    ask = partial(want_assets, store=workshop.store)
    wanted = ask(project)
    guarded = refuse_guarded(project, wanted)
    made = make_pictures(
        project,
        wanted,
        workshop.arguments,
        workshop.crew,
        workshop.talk,
        workshop.today,
        lambda at, settled: ask(at, settled=settled),
    )
    if workshop.keep:
        record_build(config.root, before, made.lock, workshop.actor, outcomes_of(made.judged))
    refuse_unapproved(made.review)
    return project, {name: dict(by) for name, by in made.assets.items()}, dict(made.days), [*guarded, *made.findings]


def project_of(
    config: Config,
    briefs: Mapping[str, Brief] | None = None,
    uses: Sequence[Use] = (),
    lock: Lock | None = None,
    signer: Signer | None = None,
) -> Project:
    """A project of one page that shows everything, so that planning knows which picture fills which slot."""
    origin = Origin(path="enhance")
    page = Page(
        id="",
        lang=config.default_language,
        url="",
        path="index.html",
        origin=origin,
        digest="",
        template="page.html",
        title="",
        description="",
        body=tuple(PictureRef(brief=brief, slot=slot, alt="", caption="", origin=origin) for brief, slot in uses),
    )
    site = Site(pages=(page,), briefs=briefs or {})
    return Project(config=config, site=site, lock=lock or Lock(), lock_digest="", findings=(), signer=signer)


def _cut(
    project: Project, assets: Mapping[str, Mapping[str, Asset]], days: Mapping[str, str], workshop: Workshop
) -> tuple[FilesMade, dict[tuple[str, str, str], Picture]]:
    want = partial(want_renditions, project, workshop.store, assets, days)
    briefs = with_quality(want, workshop.arguments, workshop.crew, workshop.talk)
    done = make_renditions(
        briefs,
        workshop.arguments,
        workshop.crew,
        workshop.talk,
        again=False,
        signer=project.signer,
        today=workshop.today,
    )
    return done, compose_pictures(project.config, briefs, done.renditions)


def _unusable(name: str, message: str, hint: str) -> Finding:
    path = name.removeprefix(FILE_PREFIX)
    return Finding(
        rule="enhance-file-unreadable",
        level=Level.ERROR,
        message=message,
        origin=Origin(path=path),
        subject=path,
        hint=hint or "the picture stays as it is",
    )
