"""Renders the pages that need it, and makes the files that the whole site shares: sitemap, robots.txt, feeds, pictures.json and
what hosts read.

Takes what `plan` wants and the pictures at hand, yields contents by path. It writes nothing; all pages are rendered before the
first file of the output is touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ..canonical import canonical, digest_of
from ..compression import MIN_BYTES, SIDECAR_FINGERPRINT, SUFFIXES, compressed, is_text, require
from ..config import Config
from ..errors import OutputError
from ..lock import Lock
from ..model import MASTER, Asset, Json, Page, Picture, Related
from ..pages.content import Words
from ..pages.feeds import feed_entries, feed_path, feed_xml
from ..pages.hosts import headers_file, redirect_pages, redirects_file
from ..pages.memory import FileRecord, PageRecord, Remembered, name_of
from ..pages.recorded import outline, packed
from ..pages.render import Renderer, renderer_fingerprint
from ..pages.sitemap import robots_txt, sitemaps
from ..pages.taxonomy import tag_label
from ..plan.pages import WantedPage, file_digest
from ..plan.reading import Project
from ..plan.renditions import asset_id
from ..plan.sealing import PICTURES_FOLDER
from .deadline import deadlines
from .forks import shared_out
from .talk import Talk

PICTURES_SCHEMA = 1
_FEWEST_PAGES = 200  # so many pages take about as long as a copy of the process
PAGE_LIMIT_S = 20.0  # a thousand times what a long page takes
SITEMAP_FINGERPRINT = 1  # raised when the same pages would give other bytes
Made: TypeAlias = "Iterable[tuple[str, bytes]]"
Make: TypeAlias = "Callable[[], Made]"


@dataclass(slots=True)
class Written:
    """What the output will hold beside pictures: bytes by path for what is new, digests by path for all; and what to remember.

    `staged` are the files in which new pages lie already, by path: ten thousand of them are not kept in memory.
    """

    fresh: dict[str, bytes] = field(default_factory=dict)
    staged: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    records: dict[str, PageRecord] = field(default_factory=dict)
    files: dict[str, FileRecord] = field(default_factory=dict)
    rendered: int = 0


def render_pages(
    wanted: Sequence[WantedPage],
    renderer: Renderer,
    staging: Path,
    talk: Talk,
    *,
    workers: int = 1,
    limit_s: float = PAGE_LIMIT_S,
    words: Words | None = None,
) -> Written:
    """Render what is wanted into the folder `staging`, each page within `limit_s`, and take over what stands. `words` has what
    pages lack that come without.

    Raises TemplateError, for the first page that cannot be rendered.
    """
    todo = [(want.page, f"{staging}/page-{index}") for index, want in enumerate(wanted) if want.work is not None]
    rendered: dict[str, PageRecord] = {}
    if todo:
        staging.mkdir(parents=True, exist_ok=True)
        talk.begin("page", len(todo), None)
    try:
        untold = {want.page.path: want.work for want in wanted if want.work is not None}
        here = os.getpid()

        def tell(path: str) -> None:
            if os.getpid() == here and path in untold:  # a copy of this process has no voice
                talk.did(untold.pop(path), 0.0, 1)

        def render(part: Sequence[tuple[Page, str]]) -> list[PageRecord]:
            return list(_rendered(part, renderer, limit_s, tell, words))

        for part, records in shared_out(todo, render, workers=workers, fewest=_FEWEST_PAGES):
            rendered.update({page.path: record for (page, _), record in zip(part, records, strict=True)})
            for page, _ in part:
                tell(page.path)
    finally:
        if todo:
            talk.end()
    written = Written(rendered=len(todo), staged={page.path: file for page, file in todo})
    for want in wanted:
        record = want.record if want.work is None else rendered[want.page.path]
        assert record is not None
        written.digests[want.page.path] = record.digest
        written.sizes[want.page.path] = record.bytes
        written.records[name_of(want.page)] = record
    return written


def _stage(file: str, data: bytes) -> None:
    try:
        with open(file, "wb") as out:  # buffered: a bare write may be short, and says so to nobody
            out.write(data)
    except OSError as error:
        message = f"cannot write beside the output folder, to {os.path.dirname(file)}: {error.strerror or error}"
        raise OutputError(message, hint="nothing was changed; make room or change its rights, then build again") from error


def _rendered(
    part: Sequence[tuple[Page, str]], renderer: Renderer, limit_s: float, tell: Callable[[str], None], words: Words | None
) -> Iterator[PageRecord]:
    """Render each page into its file."""
    with deadlines(limit_s, "a finished page") as begin, words or nullcontext():
        for named, file in part:
            begin()
            page = words.of(named) if words is not None else named
            rendered = renderer.render(page)
            data = rendered.html.encode()
            _stage(file, data)
            shown = tuple(sorted({(picture.id, picture.slot) for picture in rendered.pictures}))
            tell(page.path)
            yield PageRecord(
                trace=rendered.trace,
                digest=digest_of(data),
                bytes=len(data),
                pictures=shown,
                outline=outline(page),
                answers=packed(rendered.heard),
            )


def shared_files(
    project: Project,
    written: Written,
    pictures: Mapping[tuple[str, str, str], Picture],
    facts: Mapping[str, Mapping[str, Json]],
    remembered: Remembered,
    output: Path,
) -> None:
    """Add what all pages share to `written`; each file is made only when what goes into it changed.

    `facts` are asset id, pixels, recipe key, seed and engine by brief. Raises AibildError when a compression that is asked for
    cannot be had.
    """
    config = project.config
    require(config.compress)
    shared = _Shared(written, remembered, output)
    by_page = [(page, _shown(page, written, pictures)) for page in project.site.pages]
    listed: list[Json] = [
        [page.url, page.updated or page.date, page.noindex, page.id, [one.src.url for one in shown]] for page, shown in by_page
    ]
    by_url = {page.url: shown for page, shown in by_page}
    shared.add("sitemap", [SITEMAP_FINGERPRINT, config.base_url, listed], lambda: sitemaps(config, project.site.pages, by_url))
    shared.add("robots", [SITEMAP_FINGERPRINT, config.base_url], lambda: [("robots.txt", robots_txt(config))])
    if config.pictures_json:
        index = picture_index(project, by_page, facts)
        shared.add("pictures", index, lambda: [("pictures.json", canonical(index) + b"\n")])
    _feeds(project, by_url, shared)
    _hosts(project, shared)
    if config.compress:
        _sidecars(project, shared)


def _feeds(project: Project, by_url: Mapping[str, Sequence[Picture]], shared: _Shared) -> None:
    config = project.config
    for lang in (language.code for language in config.languages):
        entries = feed_entries(project.site.pages, lang)
        if not config.feeds or not entries:
            continue
        shares = {page.url: share for page in entries if (share := _share(page, by_url[page.url])) is not None}
        rows: list[Json] = [_row(config, page, shares.get(page.url)) for page in entries]

        def make(lang: str = lang, entries: tuple[Page, ...] = entries, shares: Mapping[str, Related] = shares) -> Made:
            return [(feed_path(config, lang), feed_xml(config, lang, entries, shares))]

        shared.add("feed", [renderer_fingerprint(), config.digest, lang, rows], make)


def _row(config: Config, page: Page, share: Related | None) -> Json:
    """All that a feed says of a page."""
    tags: list[Json] = [[tag, tag_label(config, tag, page.lang)] for tag in page.tags]
    said: list[Json] = [page.url, page.title, page.description, page.date, page.updated, page.extra.get("author"), tags]
    return [*said, [share.url, share.bytes] if share else None]


def _share(page: Page, shown: Sequence[Picture]) -> Related | None:
    """The sharing card of the picture that stands for a page: one of its own, not one of a page that it lists."""
    own = {reference.brief for reference in page.slots.values()}
    return next((picture.share for picture in shown if picture.id in own and picture.share is not None), None)


def _hosts(project: Project, shared: _Shared) -> None:
    config, pages = project.config, project.site.pages
    named: list[Json] = [[page.url, page.lang, page.title, list(page.aliases)] for page in pages if page.aliases]
    ours: list[Json] = [renderer_fingerprint(), config.base_url, named]
    if named:
        shared.add("redirects", [*ours, config.digest], lambda: redirect_pages(config, pages))
    if config.headers:
        urls: list[Json] = [page.url for page in pages]
        shared.add("headers", [*ours, config.digest, urls], lambda: [("_headers", headers_file(config, pages, PICTURES_FOLDER))])
        shared.add("_redirects", ours, lambda: [("_redirects", redirects_file(config, pages))])


def _sidecars(project: Project, shared: _Shared) -> None:
    """A compressed copy of each text file, passed-through ones included."""
    written, root = shared.written, project.config.root
    files = {path: (digest, written.sizes[path]) for path, digest in written.digests.items()}
    files.update({static.path: (static.digest, static.bytes) for static in project.site.static})
    sources = {static.path: root / static.source for static in project.site.static}

    def contents(path: str) -> bytes:
        if path in written.fresh:
            return written.fresh[path]
        return Path(written.staged.get(path, sources.get(path, shared.output / path))).read_bytes()

    for path, (digest, size) in sorted(files.items()):
        if size < MIN_BYTES or not is_text(path) or path.startswith("_"):
            continue
        for name in project.config.compress:

            def make(path: str = path, name: str = name) -> Made:
                return [(path + SUFFIXES[name], compressed(name, contents(path)))]

            shared.add(f"{name} {path}", [SIDECAR_FINGERPRINT, digest], make)


def _shown(page: Page, written: Written, pictures: Mapping[tuple[str, str, str], Picture]) -> tuple[Picture, ...]:
    keys = [(brief, slot, page.lang) for brief, slot in written.records[name_of(page)].pictures]
    return tuple(pictures[key] for key in keys if key in pictures)


class _Shared:
    """Adds files to `written`, each under a key that covers all that goes in; remembered ones are made again only if the output
    lacks one."""

    def __init__(self, written: Written, remembered: Remembered, output: Path) -> None:
        self.written = written
        self.output = output
        self._before: dict[str, dict[str, FileRecord]] = {}
        for path, record in remembered.files.items():
            self._before.setdefault(record.key, {})[path] = record

    def add(self, name: str, source: Json, make: Make) -> None:
        key = digest_of(json.dumps([name, source], ensure_ascii=True).encode())
        records = self._before.get(key, {})
        if not records or any(file_digest(self.output / path) != record.digest for path, record in records.items()):
            fresh = dict(make())
            self.written.fresh.update(fresh)
            records = {path: FileRecord(key=key, digest=digest_of(data), bytes=len(data)) for path, data in fresh.items()}
        for path, record in records.items():
            self.written.digests[path], self.written.sizes[path] = record.digest, record.bytes
            self.written.files[path] = record


def picture_facts(assets: Mapping[str, Mapping[str, Asset]], lock: Lock) -> dict[str, dict[str, Json]]:
    """What pictures.json says of each brief's picture: asset id, pixels, recipe key, seed, engine and the day it was made."""
    facts: dict[str, dict[str, Json]] = {}
    for brief, by_name in assets.items():
        master = by_name[MASTER]
        pinned = lock.pinned(brief, MASTER)
        pin = pinned.picked if pinned is not None else None
        facts[brief] = {
            "asset": asset_id(master),
            "pixels": master.pixels,
            "recipe": master.recipe,
            "engine": master.made.engine,
            "source_type": master.source_type,
            "seed": pin.seed if pin else None,
            "made": pin.made if pin else master.made.when,
        }
    return facts


def picture_index(
    project: Project, by_page: Sequence[tuple[Page, Sequence[Picture]]], facts: Mapping[str, Mapping[str, Json]]
) -> dict[str, Json]:
    """URL → asset id, pixels, recipe, seed, block versions, the pages that show it and the last day of its rights. No prompt is
    in it."""
    pages: dict[str, set[str]] = {}
    files: dict[str, str] = {}
    base = project.config.base_path
    for page, pictures in by_page:
        for picture in pictures:
            pages.setdefault(picture.id, set()).add(base + page.url)
            files.update(dict.fromkeys(urls_of(picture), picture.id))
    shown: dict[str, Json] = {
        brief: brief_facts(project, brief, facts[brief], tuple(sorted(pages[brief]))) for brief in sorted(pages)
    }
    return {"schema": PICTURES_SCHEMA, "pictures": shown, "urls": {url: files[url] for url in sorted(files)}}


def brief_facts(project: Project, brief: str, facts: Mapping[str, Json], pages: tuple[str, ...]) -> dict[str, Json]:
    """What pictures.json says of a brief's picture wherever it is shown."""
    return {**facts, "blocks": dict(project.site.briefs[brief].blocks), "pages": pages, **_last_day(project, brief)}


def _last_day(project: Project, brief: str) -> dict[str, Json]:
    """The day on which the rights of a picture end, where the brief names one."""
    expires = project.site.briefs[brief].rights.expires
    return {"expires": expires} if expires else {}


def urls_of(picture: Picture) -> tuple[str, ...]:
    """Every file of a picture that a page can name, by absolute path."""
    sources = (*picture.sources, picture.fallback)
    related = (*(picture.structured), *(one for one in (picture.share, picture.thumb) if one is not None))
    urls = [candidate.url for source in sources for candidate in source.candidates]
    return tuple(dict.fromkeys([*urls, picture.src.url, *(one.url for one in related)]))


def remember(written: Written) -> Remembered:
    return Remembered(pages=written.records, files=written.files)
