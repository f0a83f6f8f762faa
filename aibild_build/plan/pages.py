"""Which pages must be rendered again, and why: what each read last time is compared with what it would read now.

Takes a renderer over the pictures at hand and the traces of the last build, yields one `WantedPage` a page. Renders nothing.
Traces live beside the store in `.aibild/pages.json`; losing them costs a rendering and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..canonical import digest_of
from ..model import Cost, Json, Page, PageReason, Work
from ..pages.render import Renderer

TRACES_SCHEMA = 2
_TRACES = "pages.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What is remembered of a rendered page: what it read, the digest of its HTML, and the pictures on it as (brief, slot)."""

    trace: Mapping[str, Json]
    digest: str
    bytes: int
    pictures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file that the whole site shares: key of what went in, digest and bytes of what came."""

    key: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last build's pages by "language|id", and its other made files by path."""

    pages: Mapping[str, PageRecord] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """A page and, when it stands as it is, its `record`; otherwise the work of rendering it."""

    page: Page
    record: PageRecord | None
    work: Work | None


def name_of(page: Page) -> str:
    return f"{page.lang}|{page.id}"


def want_pages(
    pages: Iterable[Page], renderer: Renderer, remembered: Remembered, output: Path, *, force: bool = False
) -> tuple[WantedPage, ...]:
    """Every page, with the reason for which it must be rendered, if any."""
    return tuple(_want(page, renderer, remembered.pages.get(name_of(page)), output, force) for page in pages)


def _want(page: Page, renderer: Renderer, record: PageRecord | None, output: Path, force: bool) -> WantedPage:
    reason, detail = _why(page, renderer, record, output, force)
    if reason is None:
        return WantedPage(page=page, record=record, work=None)
    subject = page.url or "/"
    work = Work(kind="page", key=name_of(page), subject=subject, reason=reason, cost=Cost(seconds=0.001), detail=detail)
    return WantedPage(page=page, record=None, work=work)


def _why(page: Page, renderer: Renderer, record: PageRecord | None, output: Path, force: bool) -> tuple[PageReason | None, str]:
    if force:
        return PageReason.FORCED, ""
    if record is None:
        return PageReason.NEW, ""
    changed = renderer.holds(page, record.trace)
    if changed is not None:
        return changed
    if file_digest(output / page.path) != record.digest:
        return PageReason.OUTPUT_MISSING, page.path
    return None, ""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, "" when there is no such file."""
    try:
        return digest_of(path.read_bytes())
    except OSError:
        return ""


def read_remembered(state: Path) -> Remembered:
    """What the folder `state` remembers; nothing where there is no such file, or none that can be used."""
    try:
        found = json.loads((state / _TRACES).read_bytes())
        if found["schema"] != TRACES_SCHEMA:
            return Remembered()
        pages = {name: _record(*row) for name, row in found["pages"].items()}
        files = {path: FileRecord(key=key, digest=digest, bytes=count) for path, (key, digest, count) in found["files"].items()}
        return Remembered(pages=pages, files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Remembered()


def _record(trace: Mapping[str, Json], digest: str, count: int, pictures: list[list[str]]) -> PageRecord:
    return PageRecord(trace=trace, digest=digest, bytes=count, pictures=tuple((brief, slot) for brief, slot in pictures))


def remembered_bytes(remembered: Remembered) -> tuple[str, bytes]:
    """File name and bytes under which it is kept. It is plain JSON that nobody else reads, so the fastest writer will do."""
    pages = {name: (one.trace, one.digest, one.bytes, one.pictures) for name, one in remembered.pages.items()}
    files = {path: (one.key, one.digest, one.bytes) for path, one in remembered.files.items()}
    return _TRACES, json.dumps({"schema": TRACES_SCHEMA, "pages": pages, "files": files}, separators=(",", ":")).encode()
