"""Which pages must be rendered again, and why: what each read last time is compared with what it would read now.

Takes a renderer over the pictures at hand and the traces of the last build, yields one `WantedPage` a page. Renders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..canonical import digest_of
from ..model import Cost, Page, PageReason, Work
from ..pages.memory import PageRecord, Remembered, name_of
from ..pages.render import Renderer


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """A page and, when it stands as it is, its `record`; otherwise the work of rendering it."""

    page: Page
    record: PageRecord | None
    work: Work | None


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
