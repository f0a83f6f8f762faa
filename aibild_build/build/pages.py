"""Renders the pages that need it, and makes the files that the whole site shares: sitemap, robots.txt, pictures.json.

Takes what `plan` wants and the pictures at hand, yields contents by path. It writes nothing; all pages are rendered before the
first file of the output is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..canonical import canonical, digest_of, key_of
from ..lock import Lock
from ..model import MASTER, Asset, Json, Page, Picture
from ..pages.render import Renderer
from ..pages.sitemap import robots_txt, sitemaps
from ..plan.pages import FileRecord, PageRecord, Remembered, WantedPage, file_digest, name_of
from ..plan.reading import Project
from ..plan.renditions import asset_id
from .talk import Talk

PICTURES_SCHEMA = 1
SITEMAP_FINGERPRINT = 1  # raised when the same pages would give other bytes


@dataclass(slots=True)
class Written:
    """What the output will hold beside pictures: bytes by path for what is new, digests by path for all; and what to remember."""

    fresh: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    records: dict[str, PageRecord] = field(default_factory=dict)
    files: dict[str, FileRecord] = field(default_factory=dict)
    rendered: int = 0


def render_pages(wanted: Sequence[WantedPage], renderer: Renderer, talk: Talk) -> Written:
    """Render what is wanted and take over what stands. Raises TemplateError."""
    written = Written()
    todo = sum(1 for want in wanted if want.work is not None)
    if todo:
        talk.begin("page", todo, None)
    try:
        for want in wanted:
            record = want.record
            if want.work is not None:
                rendered = renderer.render(want.page)
                data = rendered.html.encode()
                shown = tuple(sorted({(picture.id, picture.slot) for picture in rendered.pictures}))
                record = PageRecord(trace=rendered.trace, digest=digest_of(data), bytes=len(data), pictures=shown)
                written.fresh[want.page.path] = data
                talk.did(want.work, 0.0)
            assert record is not None
            written.digests[want.page.path] = record.digest
            written.sizes[want.page.path] = record.bytes
            written.records[name_of(want.page)] = record
    finally:
        if todo:
            talk.end()
    written.rendered = todo
    return written


def shared_files(
    project: Project,
    written: Written,
    pictures: Mapping[tuple[str, str, str], Picture],
    facts: Mapping[str, Mapping[str, Json]],
    remembered: Remembered,
    output: Path,
) -> None:
    """Add sitemap, robots.txt and pictures.json to `written`; each is made only when what goes into it changed.

    `facts` are asset id, pixels, recipe key, seed and engine by brief.
    """
    config = project.config
    by_page = [(page, _shown(page, written, pictures)) for page in project.site.pages]
    listed: list[Json] = [
        [page.url, page.updated or page.date, page.noindex, page.id, [one.src.url for one in shown]] for page, shown in by_page
    ]

    def add(name: str, source: Json, make: Callable[[], Iterable[tuple[str, bytes]]]) -> None:
        _files(written, remembered, output, key_of({"kind": "file", "name": name, "source": source}), make)

    by_url = {page.url: shown for page, shown in by_page}
    add("sitemap", [SITEMAP_FINGERPRINT, config.base_url, listed], lambda: sitemaps(config, project.site.pages, by_url))
    add("robots", [SITEMAP_FINGERPRINT, config.base_url], lambda: [("robots.txt", robots_txt(config))])
    if config.pictures_json:
        index = picture_index(project, by_page, facts)
        add("pictures", index, lambda: [("pictures.json", canonical(index) + b"\n")])


def _shown(page: Page, written: Written, pictures: Mapping[tuple[str, str, str], Picture]) -> tuple[Picture, ...]:
    keys = [(brief, slot, page.lang) for brief, slot in written.records[name_of(page)].pictures]
    return tuple(pictures[key] for key in keys if key in pictures)


def _files(
    written: Written, remembered: Remembered, output: Path, key: str, make: Callable[[], Iterable[tuple[str, bytes]]]
) -> None:
    """Files made under one key, which covers all that goes in; remembered ones are made again only if the output lacks one."""
    before = {path: record for path, record in remembered.files.items() if record.key == key}
    if not before or any(file_digest(output / path) != record.digest for path, record in before.items()):
        fresh = dict(make())
        written.fresh.update(fresh)
        before = {path: FileRecord(key=key, digest=digest_of(data), bytes=len(data)) for path, data in fresh.items()}
    for path, record in before.items():
        written.digests[path], written.sizes[path] = record.digest, record.bytes
        written.files[path] = record


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
    """URL → asset id, pixels, recipe, seed, block versions and the pages that show it. No prompt is in it."""
    pages: dict[str, set[str]] = {}
    files: dict[str, str] = {}
    base = project.config.base_path
    for page, pictures in by_page:
        for picture in pictures:
            pages.setdefault(picture.id, set()).add(base + page.url)
            files.update(dict.fromkeys(urls_of(picture), picture.id))
    shown: dict[str, Json] = {
        brief: {
            **facts[brief],
            "blocks": dict(project.site.briefs[brief].blocks),
            "pages": tuple(sorted(pages[brief])),
        }
        for brief in sorted(pages)
    }
    return {"schema": PICTURES_SCHEMA, "pictures": shown, "urls": {url: files[url] for url in sorted(files)}}


def urls_of(picture: Picture) -> tuple[str, ...]:
    """Every file of a picture that a page can name, by absolute path."""
    sources = (*picture.sources, picture.fallback)
    related = (*(picture.structured), *(one for one in (picture.share, picture.thumb) if one is not None))
    urls = [candidate.url for source in sources for candidate in source.candidates]
    return tuple(dict.fromkeys([*urls, picture.src.url, *(one.url for one in related)]))


def remember(written: Written) -> Remembered:
    return Remembered(pages=written.records, files=written.files)
