"""A build in which nothing but the words of a few pages changed: those pages are rendered, and nothing else is read.

Takes the last run and the files that changed since, yields its report anew, or None where more than words may be touched: then
the whole pipeline runs. A page may be amended when all that the rest of the site can know of it (its outline: head, pictures,
headings, ids) is as it was, and it asks the site nothing that it did not ask before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from .. import standing
from ..canonical import digest_of
from ..config import Config, read_config
from ..errors import AibildError
from ..model import Actor, LinkRef, Page, Report, Tally
from ..pages.content import closed, read_page
from ..pages.memory import PageRecord, keep_page_record, name_of, read_page_record
from ..pages.recorded import NotRecorded, Recorded, ids_of, outline, packed, unpacked
from ..pages.render import Renderer
from .deadline import deadlines
from .keeping import checked_site, kept, with_findings
from .options import Options
from .publish import MARKER, amend, output_turn
from .talk import Talk

_MOST = 20  # above that the whole site is no dearer
_SITE, _STATIC = "site/", "site/static/"
_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class _Amended:
    page: Page
    data: bytes
    record: PageRecord


@dataclass(frozen=True, slots=True)
class Amendment:
    """`report` counts the pages; `paths` are the files that were written, in full."""

    report: Report
    config: Config
    output: Path
    paths: tuple[str, ...]


def amend_or_build(
    options: Options,
    key: str,
    run: standing.Standing,
    report: Report,
    *,
    today: str,
    talk: Talk,
    actor: Callable[[], Actor],
    looked: Collection[str] = frozenset(),
) -> Report:
    """Only texts changed since `run`, whose report this is: amend their pages if that will do. Raises what `build` raises."""
    started = perf_counter()
    state = options.memory
    standing.forget(state)
    amended = amend_pages(options, run, report, looked)
    if amended is None:
        from .anew import build_anew

        return build_anew(options, key, today=today, talk=talk, actor=actor)
    checked = checked_site(options, amended.config, amended.output, today)
    done = replace(amended.report, seconds=round(perf_counter() - started, 3))
    run.remember_again(state, key, amended.paths, kept(done, checked))
    return with_findings(done, checked)


def amend_pages(
    options: Options, run: standing.Standing, report: Report, looked: Collection[str] = frozenset()
) -> Amendment | None:
    """Amend the pages whose files changed since `run`; None when the whole site must be looked at, since more than those pages or
    outputs other than theirs (`looked`, by full path) differ. Raises OutputError."""
    if len(run.changed) > _MOST or not all(is_text(path) for path in run.changed):
        return None
    told = {finding.origin.path for finding in report.findings if finding.origin is not None}
    config, _ = read_config(options.root, base_url=options.base_url)
    if config is None or config.compress or told & set(run.changed):
        return None
    state, output = options.memory, (options.output or config.root / config.output).absolute()
    with output_turn(output, config.root / standing.STATE_FOLDER):
        try:
            amended = [_amended(config, state, path, draft=options.draft or options.noindex) for path in run.changed]
        except (NotRecorded, AibildError, ValueError, LookupError):
            return None
        written = [one for one in amended if one is not None]
        if len(written) < len(amended) or not {f"{output}/{one.page.path}" for one in written}.issuperset(looked):
            return None
        for one in written:
            if not _put(state, output, one):
                return None
    pages = len(written)
    counted = replace(report, made=Tally(page=pages), reused=replace(report.reused, page=report.reused.page - pages))
    paths = tuple(f"{output}/{path}" for path in (*(one.page.path for one in written), MARKER))
    return Amendment(replace(counted, written=pages), config, output, paths)


def is_text(path: str) -> bool:
    """Whether it is the source of a page."""
    return path.startswith(_SITE) and path.endswith(".md") and not path.startswith(_STATIC)


def _amended(config: Config, state: Path, path: str, *, draft: bool) -> _Amended | None:
    """A page as it is now. Raises NotRecorded, AibildError, ValueError and LookupError where that takes the whole site."""
    page, findings = read_page(config, path)
    if page is None or findings or page.draft or page.paginate or not _leads_home(page):
        return None
    page = closed(page) if draft else page
    record = read_page_record(state, name_of(page))
    if record is None or not record.answers or not record.outline or outline(page) != record.outline:
        return None
    renderer = Renderer(config, Recorded(unpacked(record.answers)), (config.root / "templates",))
    with deadlines(_LIMIT_S, "a finished page") as begin:
        begin()
        rendered = renderer.render(page)
    shown = tuple(sorted({(picture.id, picture.slot) for picture in rendered.pictures}))
    if shown != record.pictures or not _same_ground(record.trace, rendered.trace):
        return None
    data = rendered.html.encode()
    now = replace(record, trace=rendered.trace, digest=digest_of(data), bytes=len(data), answers=packed(rendered.heard))
    return _Amended(page, data, now)


def _leads_home(page: Page) -> bool:
    """Whether its links to places in itself have such a place."""
    targets = {piece.target[1:] for piece in page.body if isinstance(piece, LinkRef) and piece.target.startswith("#")}
    return targets <= {"", *ids_of(page)}


def _same_ground(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether settings and templates are those of the last time."""
    return all(before.get(name) == now.get(name) for name in ("settings", "templates"))


def _put(state: Path, output: Path, one: _Amended) -> bool:
    """The memory last: killed before, the next build renders the page once more."""
    if not amend(output, one.page.path, one.data):
        return False
    try:
        keep_page_record(state, name_of(one.page), one.record)
    except sqlite3.Error:
        return False
    return True
