"""Verdicts of earlier runs, kept by what they depend on: an unchanged page is not judged again.

Takes a file and a key over everything that is no file of the site (settings, rules, address), yields which pages' verdicts still
hold. A file counts as unchanged when its size and times are, or else its digest. SQLite, since a run changes few rows of many;
what is damaged or of another key is thrown away, so the worst that a cache can cost is time.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from ..budgets.reading import Fault
from ..budgets.reading.site import MARKER
from ..canonical import digest_of
from ..errors import AibildError
from .pages import Verdict
from .recorded import DAY, EVERY_FILE, RecordedSite, digest

SCHEMA = "1"
_TICK_NS = 50_000_000  # a file that changed this shortly before a run may change again within the same tick of the clock
_TABLES = """
CREATE TABLE told (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT UNIQUE, stamp TEXT, digest BLOB);
CREATE TABLE page (path TEXT PRIMARY KEY, asked BLOB, faults TEXT);
CREATE TABLE note (family TEXT, path TEXT, value BLOB, PRIMARY KEY (family, path)) WITHOUT ROWID;
CREATE TABLE whole (family TEXT PRIMARY KEY, asked BLOB, faults TEXT);
"""


class Spoilt(Exception):
    """The cache cannot be used; the caller goes on without it."""


class _Row(NamedTuple):
    id: int
    stamp: str
    digest: bytes


class Cache:
    """One file of kept verdicts, open for one run."""

    def __init__(self, file: Path, key: str) -> None:
        """Raises AibildError when the file cannot be written, or is something else than such a cache."""
        _refuse_foreign(file)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._base = self._opened(file, f"{SCHEMA} {key}")
            os.utime(file)
            self._moment_ns = file.stat().st_mtime_ns  # the file system's clock, which also stamped the site's files
        except (OSError, sqlite3.Error) as error:
            raise AibildError(f"the cache {file} cannot be written: {error}", hint="name another file with --cache") from error
        self._file = file
        self._changed: set[str] = set()
        self._moved_ids: set[int] = set()
        self._stamps: dict[str, str] = {}

    def still_true(self, site: RecordedSite) -> dict[str, tuple[Fault, ...]]:
        """What was said of the pages whose verdicts hold. Raises Spoilt."""
        try:
            self._stamps = _stamps(site)
            moved = self._moved(site)
            rows = self._base.execute("SELECT path, asked, faults FROM page")
            held = {path: faults for path, asked, faults in rows if moved.isdisjoint(_numbers(asked))}
            return {path: _faults(held[path]) for path in site.pages if path in held}
        except _FAULTS as error:
            raise Spoilt from error

    def notes(self, family: str) -> dict[str, Any]:
        """The family's notes of all pages that were judged before. Raises Spoilt."""
        try:
            rows = self._base.execute("SELECT path, value FROM note WHERE family = ?", (family,))
            return {path: _unpickled(value) for path, value in rows}
        except _FAULTS as error:
            raise Spoilt from error

    def notes_of(self, path: str) -> dict[str, Any]:
        """A page's notes by family. Raises Spoilt."""
        try:
            rows = self._base.execute("SELECT family, value FROM note WHERE path = ?", (path,))
            return {family: _unpickled(value) for family, value in rows}
        except _FAULTS as error:
            raise Spoilt from error

    def pages(self) -> set[str]:
        """All pages that were judged before."""
        return {path for (path,) in self._base.execute("SELECT path FROM page")}

    def whole(self, family: str) -> tuple[Fault, ...] | None:
        """What the family said of the whole site, None where an answer to what it asked has changed."""
        try:
            for asked, faults in self._base.execute("SELECT asked, faults FROM whole WHERE family = ?", (family,)):
                if self._moved_ids.isdisjoint(_numbers(asked)):
                    return _faults(faults)
            return None
        except _FAULTS as error:
            raise Spoilt from error

    def keep(
        self,
        verdicts: Sequence[Verdict],
        wholes: Mapping[str, tuple[Sequence[Fault], Iterable[str]]],
        gone: Iterable[str],
        digests: Mapping[str, bytes],
    ) -> None:
        """Write what is new; `gone` are pages that are no more. A failure to write is none of the check."""
        try:
            with self._base:
                self._write(verdicts, wholes, gone, digests)
        except (OSError, sqlite3.Error, pickle.PicklingError, TypeError, AttributeError):
            self.drop()

    def drop(self) -> None:
        """Throw the cache away."""
        self.close()
        for name in (self._file, self._file.with_name(self._file.name + "-journal")):
            name.unlink(missing_ok=True)

    def close(self) -> None:
        self._base.close()

    def _opened(self, file: Path, key: str) -> sqlite3.Connection:
        for _ in range(2):
            base = sqlite3.connect(file, timeout=0.2)
            try:
                # What a crash leaves behind is found to be damaged, or is found out by its digests
                base.execute("PRAGMA synchronous = OFF")
                tables = base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                if not tables:
                    base.executescript(_TABLES)
                    base.execute("INSERT INTO told VALUES ('key', ?)", (key,))
                    base.commit()
                if base.execute("SELECT value FROM told WHERE name = 'key'").fetchone() == (key,):
                    return base
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "lock" in str(error):
                    base.close()
                    raise
            base.close()
            file.unlink(missing_ok=True)
        raise sqlite3.OperationalError("it stays damaged")

    def _moved(self, site: RecordedSite) -> set[int]:
        """Numbers of what answers differently than before: twice a file's id for its bytes, one more for its presence."""
        moved = self._moved_ids
        now = self._stamps.get
        changed = [row for row in self._base.execute("SELECT path, stamp FROM file") if now(row[0], "") != row[1]]
        for path, before in changed:
            row = self._row(path)
            stamp = now(path, "")
            if bool(stamp) != bool(before):
                moved.update((2 * row.id, 2 * row.id + 1))
            elif not row.digest or row.digest != _digest_now(site.root / path):
                moved.add(2 * row.id)
            self._changed.add(path)
        return moved

    def _row(self, path: str) -> _Row:
        found = self._base.execute("SELECT id, stamp, digest FROM file WHERE path = ?", (path,)).fetchone()
        return _Row(*found) if found is not None else _Row(0, "", b"")

    def _write(
        self,
        verdicts: Sequence[Verdict],
        wholes: Mapping[str, tuple[Sequence[Fault], Iterable[str]]],
        gone: Iterable[str],
        digests: Mapping[str, bytes],
    ) -> None:
        run = self._base.executemany
        names = {name.removeprefix("?") for verdict in verdicts for name in verdict.asked if name not in (EVERY_FILE, DAY)}
        names |= {name.removeprefix("?") for _, asked in wholes.values() for name in asked if name not in (EVERY_FILE, DAY)}
        rows = {name: self._row(name) for name in sorted(names | {EVERY_FILE, DAY} | self._changed)}
        last = self._base.execute("SELECT coalesce(max(id), 0) FROM file").fetchone()[0]
        ids: dict[str, int] = {}
        for name, row in rows.items():
            last += not row.id
            ids[name] = row.id or last
        fresh = [name for name, row in rows.items() if not row.id or name in self._changed]
        run(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)",
            (self._file_row(ids[name], name, rows[name].digest, digests) for name in fresh),
        )
        run("DELETE FROM page WHERE path = ?", ((path,) for path in gone))
        run("DELETE FROM note WHERE path = ?", ((path,) for path in (*gone, *(one.path for one in verdicts))))
        pages = ((one.path, _asked(one.asked, ids), _json(one.faults)) for one in verdicts)
        run("INSERT OR REPLACE INTO page VALUES (?, ?, ?)", pages)
        notes = ((family, one.path, pickle.dumps(note, 5)) for one in verdicts for family, note in one.notes.items())
        run("INSERT INTO note VALUES (?, ?, ?)", notes)
        told = ((family, _asked(asked, ids), _json(faults)) for family, (faults, asked) in wholes.items())
        run("INSERT OR REPLACE INTO whole VALUES (?, ?, ?)", told)

    def _file_row(self, number: int, path: str, known: bytes, digests: Mapping[str, bytes]) -> tuple[int, str, str, bytes]:
        stamp = self._stamps.get(path, "")
        mark = digests.get(path) or (known if 2 * number not in self._moved_ids else b"")
        if stamp and path not in (EVERY_FILE, DAY) and int(stamp.split()[2]) >= self._moment_ns - _TICK_NS:
            stamp = "young"
        return number, path, stamp, mark


_FAULTS = (sqlite3.Error, pickle.UnpicklingError, ValueError, TypeError, AttributeError, EOFError, KeyError, IndexError)


def _stamps(site: RecordedSite) -> dict[str, str]:
    """What tells without a look inside that a file is the same; the list of files and the day have one as well."""
    stamps = dict(site.stamps)
    try:
        marker = (site.root / MARKER).stat()
        stamps[MARKER] = f"{marker.st_size} {marker.st_mtime_ns} {marker.st_ctime_ns}"
    except OSError:
        pass
    stamps[EVERY_FILE] = digest_of("\n".join(site.stamps).encode("utf-8", "surrogateescape"))
    stamps[DAY] = site.day
    return stamps


def _digest_now(file: Path) -> bytes:
    try:
        return digest(file.read_bytes())
    except OSError:
        return b"unreadable"


def _asked(names: Iterable[str], ids: Mapping[str, int]) -> bytes:
    numbers = {2 * ids[name] if name in ids else 2 * ids[name[1:]] + 1 for name in names}
    return array("I", sorted(numbers)).tobytes()


def _numbers(asked: bytes) -> array[int]:
    found = array("I")
    found.frombytes(asked)
    return found


def _json(faults: Iterable[Fault]) -> str:
    return json.dumps([list(fault) for fault in faults], ensure_ascii=False) if faults else ""


def _faults(text: str) -> tuple[Fault, ...]:
    return tuple(Fault(*row) for row in json.loads(text)) if text else ()


def _refuse_foreign(file: Path) -> None:
    """A slip in a file's name must not cost the file."""
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError:
        return
    if start and not start.startswith(b"SQLite format 3\0"):
        raise AibildError(f"expected {file} as a cache of verdicts, got another file", hint="name another file with --cache")


class _Plain(pickle.Unpickler):
    """Lets in tuples with names and enums of modules that are loaded, and sets: nothing that could run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("builtins", "frozenset"), ("builtins", "set")):
            return frozenset if name == "frozenset" else set
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and issubclass(found, tuple | Enum):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def _unpickled(value: bytes) -> Any:
    return _Plain(io.BytesIO(value)).load()


def chunks(pages: Sequence[str], number: int) -> Iterator[Sequence[str]]:
    """Cut into as many parts as there are workers: neighbours share pictures, so they stay together."""
    size = max(1, -(-len(pages) // number))
    return (pages[at : at + size] for at in range(0, len(pages), size))
