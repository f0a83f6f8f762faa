"""The difference between a release that is wanted and what the origin has: every line with its reason. Pure.

Takes the rows that are wanted, the release that is shown and a listing of the origin, yields the changes in the order in which
they are carried out: files that never change, files that pages use, pages from the leaves to the root, feeds and sitemaps, and
last what governs all of it. No page is ever switched before everything it names is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..bucket import Entry
from ..compression import SUFFIXES
from .headers import WORKERS
from .records import Row

_LAST = frozenset({"_headers", "_redirects", *WORKERS})
_LISTS = ("feed.xml", "atom.xml", "rss.xml", "robots.txt", "llms.txt")
PAGE_WAVE = 2


class Reason(StrEnum):
    """Why a file is sent or taken away."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    HEADERS_CHANGED = "HEADERS_CHANGED"
    MISSING_REMOTE = "MISSING_REMOTE"
    UNFINISHED = "UNFINISHED"
    GONE = "GONE"
    RETRACTED = "RETRACTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a plan. `bytes` are what is sent; `row` is None where a file is taken away."""

    path: str
    reason: Reason
    wave: int
    bytes: int = 0
    row: Row | None = None


def wave_of(path: str, *, immutable: bool) -> int:
    """0 files that never change · 1 what pages use · 2 pages · 3 feeds, sitemaps and robots.txt · 4 what governs the others."""
    for suffix in SUFFIXES.values():
        path = path.removesuffix(suffix)  # a compressed copy goes with what it is a copy of
    name = path.rpartition("/")[2]
    if immutable:
        return 0
    if name in _LAST:
        return 4
    if name in _LISTS or (name.startswith("sitemap") and name.endswith(".xml")):
        return 3
    return PAGE_WAVE if name.endswith((".html", ".htm")) else 1


def in_turn(change: Change) -> tuple[int, int, str]:
    """Pages that lie deep come first and the front page last, so that nothing leads to what is not there yet."""
    return change.wave, -change.path.count("/"), change.path


def changes_of(
    wanted: Mapping[str, Row],
    shown: Mapping[str, Row],
    held: Mapping[str, Entry],
    *,
    place: str = "",
    keeps_headers: bool = True,
    unfinished: bool = False,
) -> tuple[Change, ...]:
    """Everything that differs, in turn.

    `held` is the listing by key; the release that is shown lies below `place`, files that never change do so below "" or there.
    `unfinished` says that a deploy broke off while it switched, so that nobody knows which pages are there.
    """
    found = [
        Change(path=path, reason=reason, wave=wave_of(path, immutable=row.immutable), bytes=row.bytes, row=row)
        for path, row in wanted.items()
        if (reason := _reason(path, row, shown.get(path), _held(held, path, place), keeps_headers, unfinished)) is not None
    ]
    found += [
        Change(path=path, reason=Reason.GONE, wave=wave_of(path, immutable=False))
        for path, row in shown.items()
        if path not in wanted and not row.immutable
    ]
    return tuple(sorted(found, key=in_turn))


def adopted(wanted: Mapping[str, Row], shown: Mapping[str, Row], held: Mapping[str, Entry]) -> tuple[str, ...]:
    """Files at the origin that no release of ours put there and that this one would write over. Equal sizes count as equal."""
    return tuple(
        path
        for path, row in sorted(wanted.items())
        if path not in shown and not row.immutable and path in held and held[path].bytes != row.bytes
    )


def gone_pages(changes: Sequence[Change]) -> Iterator[str]:
    return (change.path for change in changes if change.reason is Reason.GONE and change.wave == PAGE_WAVE)


def _held(held: Mapping[str, Entry], path: str, place: str) -> Entry | None:
    return held.get(f"{place}{path}") or (held.get(path) if place else None)


def _reason(path: str, row: Row, was: Row | None, entry: Entry | None, keeps_headers: bool, unfinished: bool) -> Reason | None:
    lacks = entry is None or (row.bytes and entry.bytes != (was or row).bytes)
    if row.immutable:
        if lacks:
            return Reason.NEW if was is None else Reason.MISSING_REMOTE
        return None
    if was is None:
        return Reason.NEW
    if was.digest != row.digest:
        return Reason.CHANGED
    if unfinished:
        return Reason.UNFINISHED
    if lacks:
        return Reason.MISSING_REMOTE
    return Reason.HEADERS_CHANGED if keeps_headers and was.headers != row.headers else None
