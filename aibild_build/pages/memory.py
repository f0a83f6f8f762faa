"""What is remembered of rendered pages between builds, in `.aibild/pages.db`; losing it costs a rendering and nothing else.

Takes and yields records of pages and of the files that all pages share. A page's record can be read and replaced alone. Knows
neither templates nor the site.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from ..model import Json, Page

Blob: TypeAlias = bytes  # a field of that name stands in its way below
MEMORY = "pages.db"
_VERSION = 3
_KEPT = "trace, digest, bytes, pictures, outline"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What is remembered of a rendered page: what it read, the digest of its HTML, and the pictures on it as (brief, slot).

    `outline` and `answers` are for a later build in which only its words change (`pages.recorded`); `answers` are read for one
    page at a time.
    """

    trace: Mapping[str, Json]
    digest: str
    bytes: int
    pictures: tuple[tuple[str, str], ...]
    outline: str = ""
    answers: Blob = b""


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


def name_of(page: Page) -> str:
    return f"{page.lang}|{page.id}"


def read_remembered(state: Path) -> Remembered:
    """What the folder `state` remembers; nothing where there is no such file, or none that can be used."""
    try:
        with _opened(state / MEMORY) as memory:
            pages = {name: _record(*row) for name, *row in memory.execute(f"SELECT name, {_KEPT} FROM page")}
            rows = memory.execute("SELECT path, key, digest, bytes FROM file")
            files = {path: FileRecord(key=key, digest=digest, bytes=count) for path, key, digest, count in rows}
        return Remembered(pages=pages, files=files)
    except (OSError, ValueError, TypeError, sqlite3.Error):
        return Remembered()


def read_page_record(state: Path, name: str) -> PageRecord | None:
    """What is remembered of one page, its answers with it."""
    try:
        with _opened(state / MEMORY) as memory:
            row = memory.execute(f"SELECT {_KEPT}, answers FROM page WHERE name = ?", (name,)).fetchone()
        return None if row is None else replace(_record(*row[:-1]), answers=bytes(row[-1]))
    except (OSError, ValueError, TypeError, sqlite3.Error):
        return None


def keep_remembered(state: Path, before: Remembered, now: Remembered) -> None:
    """Remember `now` where `before` was; only what differs is written. A damaged memory is written anew. Raises OSError."""
    state.mkdir(parents=True, exist_ok=True)
    try:
        _keep(state / MEMORY, before, now)
    except sqlite3.Error:
        (state / MEMORY).unlink(missing_ok=True)
        with suppress(sqlite3.Error):  # it costs the next build a rendering of every page
            _keep(state / MEMORY, Remembered(), now)


def keep_page_record(state: Path, name: str, record: PageRecord) -> None:
    """Remember one page anew. Raises sqlite3.Error."""
    with _opened(state / MEMORY) as memory, memory:
        _put(memory, ((name, record),))


def _keep(path: Path, before: Remembered, now: Remembered) -> None:
    with _opened(path, make=True) as memory, memory:
        gone = [(name,) for name in before.pages.keys() - now.pages.keys()]
        memory.executemany("DELETE FROM page WHERE name = ?", gone)
        _put(memory, ((name, one) for name, one in now.pages.items() if before.pages.get(name) is not one))
        if before.files != now.files:
            memory.execute("DELETE FROM file")
            rows = ((path, one.key, one.digest, one.bytes) for path, one in now.files.items())
            memory.executemany("INSERT INTO file VALUES (?, ?, ?, ?)", rows)


def _put(memory: sqlite3.Connection, pages: Iterable[tuple[str, PageRecord]]) -> None:
    rows = (
        (name, json.dumps(one.trace), one.digest, one.bytes, json.dumps(one.pictures), one.outline, one.answers)
        for name, one in pages
    )
    memory.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


@contextmanager
def _opened(path: Path, *, make: bool = False) -> Iterator[sqlite3.Connection]:
    """The memory; one of another version counts as none. Not waited for on its way to the disk: it can be lost."""
    if not make and not path.is_file():
        raise FileNotFoundError(path)
    with closing(sqlite3.connect(path)) as memory:
        version = memory.execute("PRAGMA user_version").fetchone()[0]
        memory.execute("PRAGMA synchronous = OFF")
        if version != _VERSION:
            if not make:
                raise ValueError(f"a memory of version {version}")
            memory.executescript(
                "DROP TABLE IF EXISTS page; DROP TABLE IF EXISTS file;"
                "CREATE TABLE page (name TEXT PRIMARY KEY, trace TEXT, digest TEXT, bytes INTEGER, pictures TEXT, outline TEXT,"
                " answers BLOB);"
                "CREATE TABLE file (path TEXT PRIMARY KEY, key TEXT, digest TEXT, bytes INTEGER);"
                f"PRAGMA user_version = {_VERSION};"
            )
        yield memory


def _record(trace: str, digest: str, count: int, pictures: str, known: str) -> PageRecord:
    shown = tuple((str(brief), str(slot)) for brief, slot in json.loads(pictures))
    return PageRecord(trace=json.loads(trace), digest=digest, bytes=count, pictures=shown, outline=known)
