"""Verdicts of a run as they come, and those of earlier runs that still hold: an unchanged page is not judged again.

Takes a file and a key over everything that is no file of the site (settings, rules, address), yields which pages' verdicts hold.
A file counts as unchanged when its size and times are, or else what was read of it. SQLite, since a run changes few rows of many;
what this run says lies in a temporary one, so memory does not grow with it. What is damaged or of another key is thrown away: the
worst that a cache can cost is time.
"""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..budgets.reading import Fault
from ..budgets.reading.site import MARKER
from ..errors import AibildError
from .notes import Notes, Spoilt, key_of, path_of, unpickled
from .pages import Judged, Verdict
from .recorded import DAY, EVERY_FILE, MARK_BYTES, RecordedSite, is_marked

SCHEMA = "2"
_TICK_NS = 50_000_000  # a file that changed this shortly before a run may change again within the same tick of the clock
_ABSENT, _YOUNG = 0, -1  # Python's hash is never -1
_STRETCH = 1_000
_FEW = 4
_NO_MARK = bytes(MARK_BYTES)
_MOST_NAMES = 3  # for each file of the site; beyond that the cache holds mostly what is gone


class Verdicts:
    """What was said of pages, in this run and, with a `file`, before it. Open for one run.

    `names` are those of everything that verdicts depend on. A verdict keeps their numbers: twice the place of a name for the
    file's bytes, one more for its presence.
    """

    def __init__(self, file: Path | None, key: str, families: Sequence[str]) -> None:
        """Raises AibildError when the file cannot be written, or is something else than such a cache."""
        if file is not None:
            _refuse_foreign(file)
        self._families = {family: f"note{number}" for number, family in enumerate(families)}
        columns = "".join(f", {column} BLOB" for column in self._families.values())
        page = f"page (path BLOB PRIMARY KEY, asked BLOB, faults TEXT{columns})"
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute(f"CREATE TABLE {page}")
        self._file = file
        self._names: list[str] = []
        self._ids: dict[str, int] = {}
        self._marks = bytearray()
        self._stamps: array[int] = array("q")
        self._moved: set[int] = set()
        self._gone: set[str] = set()
        self._had_pages = self._has_news = False
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                self._open(file, f"{SCHEMA} {sys.hexversion:x} {key}", page)
                os.utime(file)
                self._moment_ns = file.stat().st_mtime_ns  # the file system's clock, which also stamped the site's files
            except (OSError, sqlite3.Error) as error:
                self.close()
                hint = "name another file with --cache"
                raise AibildError(f"the cache {file} cannot be written: {error}", hint=hint) from error

    @property
    def is_kept(self) -> bool:
        return self._file is not None

    def still_true(self, site: RecordedSite) -> tuple[set[str], list[Fault]]:
        """The pages whose verdicts hold, and what was said of them. Raises Spoilt."""
        if self._file is None:
            return set(), []
        try:
            self._compare(site)
            held: set[str] = set()
            faults: list[Fault] = []
            if not self._moved:
                return self._all_held()
            # A look for bytes is cheap, but may find them across two numbers; of many numbers one is found sooner by the set
            needles = [array("I", [one]).tobytes() for one in self._moved] if len(self._moved) <= _FEW else [b""]
            for key, asked, said in self._base.execute("SELECT path, asked, faults FROM kept.page"):
                self._had_pages = True
                path = path_of(key)
                if path not in site.sizes:
                    self._gone.add(path)
                elif not any(one in asked for one in needles) or self._moved.isdisjoint(_numbers(asked)):
                    held.add(path)
                    if said:
                        faults += _faults(said)
            return held, faults
        except _FAULTS as error:
            raise Spoilt from error

    def _all_held(self) -> tuple[set[str], list[Fault]]:
        """Every verdict, where nothing has moved: a page that went would have."""
        rows = self._base.execute("SELECT path, faults FROM kept.page").fetchall()
        self._had_pages = bool(rows)
        return {path_of(key) for key, _ in rows}, [fault for _, said in rows if said for fault in _faults(said)]

    def add(self, judged: Judged) -> set[str]:
        """Take in new verdicts; returns the families whose notes are not what they were. Raises Spoilt."""
        try:
            self._has_news = True
            stirred = set().union(*(self._stirred(one) for one in judged.verdicts))
            rows = ((key_of(one.path), self._asked(one.asked), _json(one.faults), *one.notes) for one in judged.verdicts)
            self._base.execute("BEGIN")
            self._base.executemany(f"INSERT INTO main.page VALUES (?, ?, ?{', ?' * len(self._families)})", rows)
            self._base.execute("COMMIT")
            self.mark(judged.marks)
            return stirred
        except _FAULTS as error:
            raise Spoilt from error

    def stirred_by_loss(self) -> set[str]:
        """The families that had noted something of pages that are no more."""
        verdicts = [Verdict(path, (), (None,) * len(self._families), ()) for path in self._gone]
        return set().union(*(self._stirred(one) for one in verdicts))

    def notes(self, family: str) -> Notes:
        """The family's notes by page, in the order of pages, each read when it is asked for."""
        column = self._families[family]
        tables = (
            [("main", "")] if not self._had_pages else [("main", ""), ("kept", " AND path NOT IN (SELECT path FROM main.page)")]
        )
        selects = [f"SELECT path, {column} FROM {name}.page WHERE {column} IS NOT NULL{but}" for name, but in tables]
        return Notes(self._base, selects, self._gone)

    def whole(self, family: str) -> list[Fault] | None:
        """What the family said of the whole site, None where an answer to what it asked has changed. Raises Spoilt."""
        if self._file is None:
            return None
        try:
            for asked, faults in self._base.execute("SELECT asked, faults FROM kept.whole WHERE family = ?", (family,)):
                if self._moved.isdisjoint(_numbers(asked)):
                    return _faults(faults)
            return None
        except _FAULTS as error:
            raise Spoilt from error

    def mark(self, marks: Mapping[str, bytes]) -> None:
        """Remember what was read of files; of two marks the one counts that saw more."""
        for path, mark in marks.items():
            at = MARK_BYTES * self._number(path)
            if mark > self._marks[at : at + MARK_BYTES]:
                self._marks[at : at + MARK_BYTES] = mark

    def keep(self, site: RecordedSite, wholes: Mapping[str, tuple[Sequence[Fault], Iterable[str]]]) -> None:
        """Write what is new into the file. A failure to write is none of the check."""
        if self._file is None or not (self._has_news or self._gone or wholes):
            return
        try:
            told = [(family, self._asked(asked), _json(faults)) for family, (faults, asked) in wholes.items()]
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("DELETE FROM kept.page WHERE path = ?", [(key_of(path),) for path in self._gone])
            self._base.execute("INSERT OR REPLACE INTO kept.page SELECT * FROM main.page")
            self._base.executemany("INSERT OR REPLACE INTO kept.whole VALUES (?, ?, ?)", told)
            self._write_names(site)
            self._base.execute("COMMIT")
        except (OSError, *_FAULTS):
            self.drop()

    def drop(self) -> None:
        """Throw the cache away."""
        self.close()
        if self._file is not None:
            for name in (self._file, self._file.with_name(self._file.name + "-journal")):
                name.unlink(missing_ok=True)

    def close(self) -> None:
        self._base.close()

    def _open(self, file: Path, key: str, page: str) -> None:
        for _ in range(2):
            try:
                self._base.execute("ATTACH ? AS kept", (str(file),))
                self._base.execute("PRAGMA busy_timeout = 200")
                # What a crash leaves behind is found to be damaged, or is found out by its marks
                self._base.execute("PRAGMA kept.synchronous = OFF")
                if not self._base.execute("SELECT count(*) FROM kept.sqlite_master").fetchone()[0]:
                    self._base.execute("BEGIN")
                    self._base.execute("CREATE TABLE kept.told (name TEXT PRIMARY KEY, value BLOB)")
                    self._base.execute(f"CREATE TABLE kept.{page}")
                    self._base.execute("CREATE TABLE kept.whole (family TEXT PRIMARY KEY, asked BLOB, faults TEXT)")
                    self._base.execute("INSERT INTO kept.told VALUES ('key', ?)", (key.encode(),))
                    self._base.execute("COMMIT")
                if self._told("key") == key.encode():
                    return
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "lock" in str(error):
                    raise
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            with suppress(sqlite3.OperationalError):  # too damaged to have been opened at all
                self._base.execute("DETACH kept")
            file.unlink(missing_ok=True)
        raise sqlite3.OperationalError("it stays damaged")

    def _told(self, name: str) -> bytes:
        found = self._base.execute("SELECT value FROM kept.told WHERE name = ?", (name,)).fetchone()
        return found[0] if found is not None and isinstance(found[0], bytes) else b""  # an older cache has texts

    def _compare(self, site: RecordedSite) -> None:
        """Find out what answers differently than before."""
        text = self._told("names")
        self._names = os.fsdecode(text).split("\0") if text else []
        self._marks = bytearray(self._told("marks"))
        before: array[int] = array("q", self._told("stamps"))
        if not len(self._names) == len(before) == len(self._marks) / MARK_BYTES:
            raise ValueError("names and stamps do not fit together")
        if len(self._names) > 1_000 + _MOST_NAMES * len(site.sizes):
            raise ValueError("most names are of files that are no more")
        if not text:
            self._names, self._marks = list(site.sizes), bytearray(MARK_BYTES * len(site.sizes))
            return
        self._stamps = self._stamps_now(site)
        self._has_news = self._stamps != before
        for at in differing(before, self._stamps):
            stamp = self._stamps[at]
            place = MARK_BYTES * at
            if (stamp == _ABSENT) != (before[at] == _ABSENT):
                self._moved |= {2 * at, 2 * at + 1}
            elif not is_marked(site.root / self._names[at], bytes(self._marks[place : place + MARK_BYTES])):
                self._moved.add(2 * at)
            if 2 * at in self._moved:
                self._marks[place : place + MARK_BYTES] = _NO_MARK

    def _stamps_now(self, site: RecordedSite) -> array[int]:
        """What every name's file, or answer, has for a stamp by now."""
        files = list(site.sizes)
        if self._names[: len(files)] == files:  # no file came or went since the cache was made: their stamps stand in this order
            others = _other_stamps(site)
            return site.stamps + array("q", [others.get(name, _ABSENT) for name in self._names[len(files) :]])
        now = {**dict(zip(files, site.stamps, strict=True)), **_other_stamps(site)}
        return array("q", [now.get(name, _ABSENT) for name in self._names])

    def _number(self, name: str) -> int:
        """The place of a name among all."""
        if not self._ids:
            self._ids = dict(zip(self._names, range(len(self._names)), strict=True))
        at = self._ids.setdefault(name, len(self._names))
        if at == len(self._names):
            self._names.append(name)
            self._marks += _NO_MARK
        return at

    def _asked(self, names: Iterable[str]) -> bytes:
        if self._file is None:
            return b""
        numbers = [
            2 * self._number(name[1:]) + 1 if name[0] == "?" and name not in (EVERY_FILE, DAY) else 2 * self._number(name)
            for name in names
        ]
        return array("I", sorted(numbers)).tobytes()

    def _stirred(self, verdict: Verdict) -> set[str]:
        if not self._had_pages:
            return set(self._families)
        columns = ", ".join(self._families.values())
        found = self._base.execute(f"SELECT {columns} FROM kept.page WHERE path = ?", (key_of(verdict.path),)).fetchone()
        before = found or (None,) * len(self._families)
        pairs = zip(self._families, before, verdict.notes, strict=True)
        return {family for family, was, now in pairs if _differ(was, now)}

    def _write_names(self, site: RecordedSite) -> None:
        before = len(self._stamps)  # as many names had a stamp when the run began
        stamps = self._stamps_now(site) if len(self._names) != before else self._stamps
        latest = self._moment_ns - _TICK_NS
        young = {path for path, changed_ns in zip(site.sizes, site.changed_ns, strict=True) if changed_ns >= latest}
        for at, name in enumerate(self._names) if young else ():
            if name in young:
                stamps[at] = _YOUNG
        told = {"stamps": stamps.tobytes(), "marks": bytes(self._marks)}
        if before != len(self._names):
            told["names"] = os.fsencode("\0".join(self._names))
        self._base.executemany("INSERT OR REPLACE INTO kept.told VALUES (?, ?)", told.items())


_FAULTS = (
    sqlite3.Error,
    pickle.PickleError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    KeyError,
    IndexError,
)


def differing(before: array[int], now: array[int]) -> Iterator[int]:
    """The places at which two lists of one length differ; most of both is alike."""
    for start in range(0, len(now), _STRETCH):
        if before[start : start + _STRETCH] != now[start : start + _STRETCH]:
            yield from (at for at in range(start, min(start + _STRETCH, len(now))) if before[at] != now[at])


def _other_stamps(site: RecordedSite) -> dict[str, int]:
    """Stamps of what is no file of the site, but is asked for: the marker, the list of files and the day."""
    stamps: dict[str, int] = {}
    try:
        marker = (site.root / MARKER).stat()
        stamps[MARKER] = hash((marker.st_size, marker.st_mtime_ns, marker.st_ctime_ns))
    except OSError:
        pass
    stamps[EVERY_FILE] = _stamp_of("\0".join(site.sizes))
    stamps[DAY] = _stamp_of(site.day)
    return stamps


def _differ(was: bytes | None, now: bytes | None) -> bool:
    """Whether two notes say different things: sets come out of a pickle in any order, so bytes that differ may mean the same."""
    return was != now and (was is None or now is None or unpickled(was) != unpickled(now))


def _stamp_of(text: str) -> int:
    return int.from_bytes(sha256(os.fsencode(text)).digest()[:8], signed=True)


def _numbers(asked: bytes) -> array[int]:
    return array("I", asked)


def _json(faults: Iterable[Fault]) -> str:
    return json.dumps([list(fault) for fault in faults]) if faults else ""


def _faults(text: str) -> list[Fault]:
    return [Fault(*row) for row in json.loads(text)] if text else []


def _refuse_foreign(file: Path) -> None:
    """A slip in a file's name must not cost the file."""
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError:
        return
    if start and not start.startswith(b"SQLite format 3\0"):
        raise AibildError(f"expected {file} as a cache of verdicts, got another file", hint="name another file with --cache")


def chunks(pages: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut into parts: neighbours share pictures, so they stay together."""
    return (pages[at : at + size] for at in range(0, len(pages), size))
