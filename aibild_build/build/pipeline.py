"""Carries out a plan: the whole pipeline on one screen.

Reads the project, makes the pictures that lock and store lack, cuts them into files, renders the pages that changed and puts all
of it into the output folder; each stage asks `plan` what is wanted and why. Whether anything has to be done at all was asked
before, by `build`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter, time_ns

from .. import crews, plan, standing
from ..audit import TRAIL_FILE
from ..canonical import digest_of
from ..config import STATE_FOLDER
from ..errors import AibildError
from ..lock import LOCK_FILE, Lock, write_lock
from ..model import Actor, Brief, Output, Picture, Report, Tally
from ..pages.content import Spread, Words
from ..pages.memory import keep_remembered, read_remembered
from ..pages.texts import TEXTS, Parsed, Texts
from ..plan.approvals import alt_drafts, approval_findings, refuse_lacking, unapproved
from ..plan.gates import hero_styles
from ..plan.guarding import refuse_guarded
from ..plan.models import Pins, declared_model
from ..plan.pages import want_pages
from ..plan.pictures import WantedAsset, engine_findings, want_assets
from ..plan.reading import Project, open_project, relevel
from ..plan.renditions import WantedBrief, compose_pictures, want_renditions
from ..plan.shared import pack_name, shared_arguments
from ..renditions.credentials import credential_folders
from .draft import as_closed, as_draft, draft_findings
from .exactness import Exactness
from .forks import collector_at_rest, cores, shared_out
from .gating import let_files_through, outcomes_of, refuse_unapproved, refuse_unjudged, said_of
from .hiring import hired
from .jobs import StoreArguments, open_store
from .ledger import Spent, note_spent
from .limits import Limits
from .making import FilesMade, PicturesMade, make_pictures, make_renditions, with_quality
from .options import Options
from .outputs import gather
from .pages import picture_facts, remember, render_pages, shared_files
from .pictures import gather_pictures, put_pictures
from .pinning import record_build
from .publish import MARKER, marker_bytes, output_turn, publish, staging_folder
from .refining import improve_files
from .spill import SpillingStore
from .talk import Talk
from .trail import refuse_untold
from .upkeep import site_keys

_FEWEST_SOURCES = 300  # so many texts take about as long to read as a copy of the process takes to make


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a run did: its report, the project as it was read, and what it left behind."""

    report: Report
    project: Project
    output: Path
    paths: tuple[str, ...]
    store: Path
    lock: bytes
    away: frozenset[str] = frozenset()

    def watched(self) -> tuple[str, ...]:
        """Folders outside of the usual ones that hold what was read: input files with what stands beside them, models, keys."""
        config = self.project.config
        briefs = self.project.site.briefs.values()
        asked: tuple[object, ...] = tuple(part for brief in briefs for part in _parts(brief))
        named = _named_files(config.root, (*asked, config.gates))
        models = (declared_model(config, name) for name in config.models)
        paths = {os.path.dirname(path) or "." for path in named}
        paths |= {str(model.path) for model in models if model is not None and model.path is not None}
        paths |= credential_folders(config.credentials, config.root, os.environ)
        return tuple(sorted(path for path in paths if path.partition("/")[0] not in standing.PLACES))

    def left(self) -> Iterator[str]:
        """What must lie there unchanged for this build to stand: the lock, the output and the folders of the store.

        Nothing does when the lock was changed meanwhile.
        """
        lock = self.project.config.root / LOCK_FILE
        if not lock.is_file() or lock.read_bytes() != self.lock:
            raise FileNotFoundError(lock)
        yield str(lock)
        trail = self.project.config.root / TRAIL_FILE
        if trail.is_file():
            yield str(trail)  # frozen builds hold it against the lock
        yield from (f"{self.output}/{path}" for path in (*self.paths, MARKER) if path not in self.away)
        for shelf in ("cas", "rec"):
            if (self.store / shelf).is_dir():  # a site without pictures needs none
                yield from sorted(str(folder) for folder in (self.store / shelf).iterdir())


def carry_out_plan(options: Options, *, today: str, say: Talk, actor: Callable[[], Actor]) -> Built:
    """Build once. Raises what `build` raises, and StoreCorrupt when a damaged blob was come upon and set aside."""
    started = perf_counter()
    texts = Texts(options.memory / TEXTS, time_ns())
    project = _read(options, today, texts)
    if options.draft:
        project = as_draft(project)
    elif options.noindex:
        project = as_closed(project)
    config, output = project.config, (options.output or plan.output_path(project)).absolute()
    state = config.root / STATE_FOLDER
    with (
        opened_store(options, project, output) as (store, arguments),
        hired(options, store) as crew,
    ):
        _refuse_early(options, project, today)
        pins = Pins(project)
        takes = Exactness(config, store, crew, options.manner).takes if options.strict else None
        ask = partial(want_assets, store=store, force=options.force, draft=options.draft, pins=pins, takes=takes)
        wanted = ask(project)
        guarded = refuse_guarded(project, wanted)
        drafts = frozenset(want.brief for want in wanted if want.draft)
        if options.frozen:
            plan.refuse_frozen(wanted)
        made = make_pictures(
            project, wanted, arguments, crew, say, today, lambda at, settled: ask(at, settled=settled), options.manner
        )
        pins.save()
        lacks = unapproved(project, wanted, made.assets, made.lock, said=said_of(made.assets, made.judged))
        if options.frozen:
            refuse_lacking(project, lacks, made.review)
        lock = made.lock if options.frozen else pin(project, made, actor)
        _refuse_unseen(options, made.review, made.unjudged)
        want = partial(want_renditions, project, store, made.assets, made.days, force=options.force, drafts=drafts)
        briefs, files = cut(options, project, want, store, arguments, crew, say, today, started)
        looked = let_files_through(project, _judged(options, briefs), files.renditions, store, arguments, crew, say)
        _refuse_unseen(options, looked.review, looked.unjudged)
        note_spent(state, Spent(day=today, encodes=files.encoded, encode_seconds=files.seconds))
        pictures = compose_pictures(config, briefs, files.renditions, hero_styles(project, store, briefs))
        origins = {one.variant.encode: one.variant.pixels for brief in briefs for one in brief.renditions}
        done = _published(options, project, texts, output, pictures, made, lock, files, store, say, origins, lacks)
        _share(replace(project, lock=lock), store, say, made.made + files.encoded + files.embedded + files.signed)
        findings = (
            *draft_findings(project, drafts),
            *approval_findings(project, wanted, lacks),
            *alt_drafts(project),
            *engine_findings(wanted),
            *made.findings,
            *looked.findings,
            *(one for brief in briefs for one in brief.findings),
        )
        report = Report(
            made=Tally(picture=made.made, rendition=files.encoded, page=done.rendered),
            reused=Tally(picture=made.reused, rendition=files.reused + files.embedded, page=done.pages - done.rendered),
            embedded=files.embedded,
            refused=made.refused,
            findings=(*project.findings, *guarded, *relevel(config, findings)),
            seconds=round(perf_counter() - started, 3),
            engine_seconds=made.seconds,
            credits=made.credits,
            outputs=len(done.rows),
            bytes=sum(row.bytes for row in done.rows),
            store_bytes=store.stats().bytes,
            written=done.written,
            removed=done.removed,
            folder=str(options.output or Path(config.output)),
            signed=files.signed,
            improvable=sum(brief.improvable for brief in briefs),
            fast=sum(one.variant.effort == "fast" for brief in briefs for one in brief.renditions),
        )
        paths = tuple(row.path for row in done.rows)
        return Built(
            report=report,
            project=project,
            output=output,
            paths=paths,
            store=store.root,
            lock=write_lock(lock).encode(),
            away=done.away,
        )


def _read(options: Options, today: str, texts: Texts) -> Project:
    """The project; where its faults end a first build, nothing is left of that. Raises what `open_project` raises."""
    state = options.root / STATE_FOLDER
    stood = state.exists()
    if options.force:
        texts.forget()
    try:
        with collector_at_rest():
            return open_project(
                options.root,
                base_url=options.base_url,
                today=today,
                spread=_spread(options),
                texts=texts,
                pages_too=not options.pictures,
            )
    except AibildError:
        if not stood:
            texts.forget()
            with suppress(OSError):
                options.memory.rmdir()
                state.rmdir()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Published:
    """The output as it stands: its rows, how many pages there are and were rendered, files written and removed."""

    rows: tuple[Output, ...]
    pages: int
    rendered: int
    written: int
    removed: int
    away: frozenset[str]


def _published(
    options: Options,
    project: Project,
    texts: Texts,
    output: Path,
    pictures: Mapping[tuple[str, str, str], Picture],
    made: PicturesMade,
    lock: Lock,
    files: FilesMade,
    store: SpillingStore,
    say: Talk,
    pixels: Mapping[str, str],
    lacks: Sequence[tuple[WantedAsset, tuple[str, ...]]],
) -> _Published:
    """Render what pages need it, make what they share, and put all of it into the output folder."""
    state = project.config.root / STATE_FOLDER
    marker = partial(
        marker_bytes,
        lock_digest=digest_of(write_lock(lock.untold()).encode()),
        draft=options.draft,
        base_url=project.config.base_url,
        unapproved=[want.subject for want, _ in lacks],
    )
    with output_turn(output, state), staging_folder(output) as staging, collector_at_rest():
        if options.pictures:
            gathered = gather_pictures(project, pictures, picture_facts(made.assets, made.lock), files.renditions, store)
            count, removed = put_pictures(output, staging, gathered, marker(gathered.rows))
            return _Published(rows=gathered.rows, pages=0, rendered=0, written=count, removed=removed, away=frozenset())
        renderer, remembered = plan.renderer_for(project, pictures), read_remembered(options.memory)
        pages = want_pages(project.site.pages, renderer, remembered, output, force=options.force)
        written = render_pages(pages, renderer, staging, say, workers=workers_of(options), words=Words(project.config, texts))
        shared_files(project, written, pictures, picture_facts(made.assets, made.lock), remembered, output)
        outputs = gather(project, written, pictures, files.renditions, store, pixels)
        away = outputs.away() if options.lazy_bytes else frozenset()
        count, removed = publish(output, staging, outputs.rows, outputs.contents, written.staged, marker(outputs.rows), away=away)
        keep_remembered(options.memory, remembered, remember(written))
    return _Published(rows=outputs.rows, pages=len(pages), rendered=written.rendered, written=count, removed=removed, away=away)


def cut(
    options: Options,
    project: Project,
    want: Callable[..., tuple[WantedBrief, ...]],
    store: SpillingStore,
    arguments: StoreArguments,
    crew: crews.Crew,
    say: Talk,
    today: str,
    started: float,
) -> tuple[tuple[WantedBrief, ...], FilesMade]:
    """The files that pages show: fast ones where a time box says so, better ones in the time that is left of it, and refined ones
    where the site has builds refine."""
    box = None if options.frozen else options.time_box_s
    slow = project.config.images.refine == "ci"
    ask = partial(want, hurried=box is not None)
    make = partial(make_renditions, store=arguments, crew=crew, talk=say, signer=project.signer, today=today)
    briefs = with_quality(ask, arguments, crew, say)
    files = make(briefs, again=options.force)
    if options.frozen or options.draft or (box is None and not slow):
        return briefs, files
    rest = partial(want, force=False)
    done = improve_files(rest, store, arguments, crew, say, started=started, seconds=box, slow=slow)
    if not done.usual and not done.tried:
        return briefs, files
    briefs = rest(hurried=box is not None)
    return briefs, make(briefs, again=False).after(replace(files, encoded=files.encoded + done.usual))


def _judged(options: Options, briefs: tuple[WantedBrief, ...]) -> tuple[WantedBrief, ...]:
    """Those whose files gates look at: not the fast files of a draft, which nobody but their author gets to see."""
    return () if options.draft and options.time_box_s is not None else briefs


def _parts(brief: Brief) -> tuple[object, ...]:
    """What of a brief may name files."""
    return brief.inputs, brief.parameters, [rule.overrides for rule in brief.ratios], brief.thresholds


def _named_files(root: Path, parts: Sequence[object]) -> Iterator[str]:
    """The files that settings name, relative to the project: any text in them that is a file's path."""
    waiting = list(parts)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value and "\0" not in value and len(value) < 1000 and (root / value).is_file():
                yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


@contextmanager
def opened_store(options: Options, project: Project, output: Path) -> Iterator[tuple[SpillingStore, StoreArguments]]:
    """The project's store, with a place beside the output for what it cannot keep."""
    spill = output.parent / f".{output.name}.aibild-spill"
    root = (options.store or plan.store_path(project)).absolute()
    shared = shared_arguments(project.config, os.environ, reads=options.read_only_store)
    pack = pack_name(project.config) if shared else ""
    arguments = (str(root), str(spill), options.read_only_store, project.config.store_max_bytes, shared, pack)
    store = open_store(*arguments)
    if store.remote is not None:
        store.remote.begin(listed=True)
        if not store.remote.answers(pack):  # asked once, so that not every worker waits for the same dead network
            arguments = (*arguments[:4], "", "")
    try:
        yield store, arguments
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _share(project: Project, store: SpillingStore, say: Talk, made: int) -> None:
    """Leave the site's pack in the shared store, and say one line about it."""
    if store.remote is None:
        return
    if made and store.remote.writes:
        site_keys(project, store)  # what workers recorded was not looked up here yet
    store.share_pack(pack_name(project.config))
    say.note(store.remote.said())


def _spread(options: Options) -> Spread:
    def spread(paths: Sequence[str], read: Callable[[Sequence[str]], list[Parsed]]) -> Iterator[list[Parsed]]:
        return (parsed for _, parsed in shared_out(paths, read, workers=workers_of(options), fewest=_FEWEST_SOURCES))

    return spread


def workers_of(options: Options) -> int:
    """How many processes render pages; an inline crew is one for all."""
    return 1 if options.crew == "inline" else options.workers or cores()


def limits_of(options: Options) -> Limits:
    """What the command line allows; the site's own limits are not in it yet."""
    return Limits(images=options.limit_images, seconds=options.limit_seconds, credits=options.limit_credits)


def _refuse_unseen(options: Options, review: tuple[str, ...], unjudged: tuple[str, ...]) -> None:
    """What a gate wants a person to see reaches no page before somebody approved it; drafts are marked, and are shown."""
    if options.frozen:
        refuse_unjudged(unjudged)
    if not options.draft:
        refuse_unapproved(review)


def pin(project: Project, made: PicturesMade, actor: Callable[[], Actor]) -> Lock:
    """Write what was made into the lock, and what happened into the trail."""
    return record_build(project.config.root, project.lock, made.lock, actor, outcomes_of(made.judged))


def _refuse_early(options: Options, project: Project, today: str) -> None:
    """A limit stops a run before it spends, a frozen one trusts no trail that does not hold. Raises LimitError, FrozenError."""
    if options.frozen:
        refuse_untold(project.config.root, options.memory)
    limits = limits_of(options).over(project.config)
    if not limits.any:
        return
    planned = plan.plan_project(project, today=today, store_dir=options.store, output_dir=options.output, force=options.force)
    limits.refuse(images=planned.made.picture, seconds=planned.seconds, credits=planned.credits)
