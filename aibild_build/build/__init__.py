"""Carries out a plan: the whole pipeline on one screen.

`build` is the entry point of `aibild build`. It reads the project, makes the pictures that lock and store lack, cuts them into
files, renders the pages that changed and puts all of it into the output folder; each stage asks `plan` what is wanted and why.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

from .. import crews, plan
from ..canonical import digest_of
from ..config import STATE_FOLDER
from ..disk import write_atomic
from ..errors import StoreCorrupt
from ..lock import LOCK_FILE, write_lock
from ..model import Report, Tally
from ..plan.models import Pins
from ..plan.pages import read_remembered, remembered_bytes, want_pages
from ..plan.pictures import engine_findings, want_assets
from ..plan.reading import Project, open_project, relevel
from ..plan.renditions import compose_pictures, want_renditions
from .draft import as_draft, draft_findings
from .jobs import StoreArguments, open_store
from .ledger import Spent, note_spent
from .limits import Limits
from .making import make_pictures, make_renditions
from .outputs import gather
from .pages import picture_facts, remember, render_pages, shared_files
from .publish import marker_bytes, output_turn, publish
from .spill import SpillingStore
from .talk import Silent, Talk

_ATTEMPTS = 3  # damaged files may hide a damaged master


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to build.

    `store` and `output` override `aibild.toml`; `workers` 0 is one for each core; `crew` says who works; limits None are the
    site's own.
    """

    root: Path
    output: Path | None = None
    store: Path | None = None
    read_only_store: bool = False
    base_url: str | None = None
    frozen: bool = False
    draft: bool = False
    force: bool = False
    limit_seconds: float | None = None
    limit_images: int | None = None
    limit_credits: float | None = None
    workers: int = 0
    crew: str = "local"


def build(options: Options, *, today: str, talk: Talk | None = None) -> Report:
    """Build the project at `options.root`. `today` (YYYY-MM-DD) is the day that new pixels are dated with.

    Raises SourceError and TemplateError (exit 2), FrozenError (1), and the other AibildErrors (3). Unless it was OutputError the
    output folder is untouched; it is whole in any case. A damaged blob is set aside when it is come upon, and made again.
    """
    say = talk or Silent()
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return _build(options, today, say)
        except StoreCorrupt as error:
            if not attempts_left:
                raise
            say.note(f"{error.message}; what was damaged is made again")
    raise AssertionError


def _build(options: Options, today: str, say: Talk) -> Report:
    started = perf_counter()
    project = open_project(options.root, base_url=options.base_url, today=today)
    if options.draft:
        project = as_draft(project)
    config, output = project.config, (options.output or plan.output_path(project)).absolute()
    state = config.root / STATE_FOLDER
    with (
        opened_store(options, project, output) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        _refuse_over_limit(options, project, today)
        pins = Pins(project)
        ask = partial(want_assets, store=store, force=options.force, draft=options.draft, pins=pins)
        wanted = ask(project)
        drafts = frozenset(want.brief for want in wanted if want.draft)
        if options.frozen:
            plan.refuse_frozen(wanted)
        made = make_pictures(project, wanted, arguments, crew, say, today, lambda at, settled: ask(at, settled=settled))
        pins.save()
        lock = write_lock(made.lock).encode()
        if not options.frozen:
            write_atomic(config.root / LOCK_FILE, lock)
        briefs = want_renditions(project, store, made.assets, made.days, force=options.force, drafts=drafts)
        files = make_renditions(briefs, arguments, crew, say, again=options.force)
        note_spent(state, Spent(day=today, encodes=files.encoded, encode_seconds=files.seconds))
        pictures = compose_pictures(config, briefs, files.renditions)
        with output_turn(output, state):
            renderer, remembered = plan.renderer_for(project, pictures), read_remembered(state)
            pages = want_pages(project.site.pages, renderer, remembered, output, force=options.force)
            written = render_pages(pages, renderer, say)
            shared_files(project, written, pictures, picture_facts(made.assets, made.lock), remembered, output)
            outputs = gather(project, written, pictures, files.renditions, store)
            marker = marker_bytes(outputs.rows, lock_digest=digest_of(lock), draft=options.draft)
            count, removed = publish(output, outputs.rows, outputs.contents, marker)
            name, data = remembered_bytes(remember(written))
            write_atomic(state / name, data)
        return Report(
            made=Tally(picture=made.made, rendition=files.encoded, page=written.rendered),
            reused=Tally(picture=made.reused, rendition=files.reused + files.embedded, page=len(pages) - written.rendered),
            embedded=files.embedded,
            refused=made.refused,
            findings=(
                *project.findings,
                *relevel(
                    config,
                    (
                        *draft_findings(project, drafts),
                        *engine_findings(wanted),
                        *made.findings,
                        *(one for brief in briefs for one in brief.findings),
                    ),
                ),
            ),
            seconds=round(perf_counter() - started, 3),
            engine_seconds=made.seconds,
            credits=made.credits,
            outputs=len(outputs.rows),
            bytes=sum(row.bytes for row in outputs.rows),
            store_bytes=store.stats().bytes,
            written=count,
            removed=removed,
            folder=str(options.output or Path(config.output)),
        )


@contextmanager
def opened_store(options: Options, project: Project, output: Path) -> Iterator[tuple[SpillingStore, StoreArguments]]:
    """The project's store, with a place beside the output for what it cannot keep."""
    spill = output.parent / f".{output.name}.aibild-spill"
    root = (options.store or plan.store_path(project)).absolute()
    arguments = (str(root), str(spill), options.read_only_store, project.config.store_max_bytes)
    try:
        yield open_store(*arguments), arguments
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def limits_of(options: Options) -> Limits:
    """What the command line allows; the site's own limits are not in it yet."""
    return Limits(images=options.limit_images, seconds=options.limit_seconds, credits=options.limit_credits)


def _refuse_over_limit(options: Options, project: Project, today: str) -> None:
    """A limit stops a run before it spends. Raises LimitError."""
    limits = limits_of(options).over(project.config)
    if not limits.any:
        return
    planned = plan.plan_project(project, today=today, store_dir=options.store, output_dir=options.output, force=options.force)
    limits.refuse(images=planned.made.picture, seconds=planned.seconds, credits=planned.credits)
