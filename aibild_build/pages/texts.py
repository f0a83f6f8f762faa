"""What texts were read as, kept between builds in `.aibild/texts.db`, so that a build reads only those again that changed.

Takes pages as read, yields them without their words, which stay on the disk until their page is rendered: they are most of what a
large site weighs. A file whose size and times are as they were is not opened; another is taken as it was when its digest is.
Losing all this costs a reading of the site and nothing else. It reads no Markdown.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from ..canonical import digest_of
from ..config import Config
from ..model import Finding, Heading, LinkRef, Page
from ..packing import pack
from .recorded import read_back
from .refs import brief_of

TEXTS = "texts.db"
_VERSION = 1
_STEP_NS = 20_000_000  # two writes within a tick of the kernel's clock have equal times
_COARSE_NS = 2_000_000_000  # some file systems count in whole or every other second
_WAIT_S = 60.0  # copies of a process write in turn
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Read:
    """A text as read. `ids` are all ids in it, joined by NUL; `plain` is a page that chooses no template itself; `files` are the
    pictures that it names by path: target, line, and what that was taken for. `apart`: words and headings lie on disk."""

    page: Page
    ids: str
    links: tuple[LinkRef, ...]
    plain: bool
    files: tuple[tuple[str, int | None, str], ...] = ()
    apart: bool = False


Parsed: TypeAlias = "tuple[Read | None, tuple[Finding, ...]]"


@dataclass(slots=True)
class Texts:
    """The texts of one project. `began_ns` is when the build began: what was saved since may be saved once more within the same
    tick, so that its times tell nothing.

    Each process opens the file for itself, and must have closed it before it is copied.
    """

    file: Path
    began_ns: int
    _root: str = ""
    _stamps: dict[str, str] = field(default_factory=dict)
    _others: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    _open: sqlite3.Connection | None = None

    def forget(self) -> None:
        """Have everything read anew."""
        with suppress(OSError):
            self.file.unlink()

    def before(self, config: Config, paths: Sequence[str]) -> dict[str, Parsed]:
        """Those of the texts that are as they were. Rows of texts that are gone are given up."""
        self._root = str(config.root)
        self._stamps = {path: self._stamp(path) for path in paths}
        found: dict[str, Parsed] = {}
        try:
            with self._turn() as texts:
                _prepare(texts, _way(config))
                gone = []
                for path, stamp, digest, head in texts.execute("SELECT path, stamp, digest, head FROM text"):
                    if path not in self._stamps:
                        gone.append((path,))
                    elif stamp and stamp == self._stamps[path] and (read := self._unpacked(path, digest, head)) is not None:
                        found[path] = read, ()
                    else:
                        self._others[path] = digest, head
                for table in ("text", "body"):
                    texts.executemany(f"DELETE FROM {table} WHERE path = ?", gone)
        except (OSError, sqlite3.Error):
            self._give_up()
            found = {}
        finally:
            self.close()
        return found

    def as_before(self, path: str, digest: str) -> Read | None:
        """A text with these bytes, where it was read before under other times."""
        known, head = self._others.get(path, ("", b""))
        return self._unpacked(path, digest, head) if known == digest else None

    def keep(self, parsed: list[Parsed]) -> list[Parsed]:
        """The same without words where they could be put away. What is not as it should be stays as it is."""
        fit = [read for read, findings in parsed if read is not None and not findings]
        apart = {id(read): _apart(read) for read in fit}
        try:
            with self._turn() as texts:
                again = ((self._stamps.get(path, ""), path) for path in (read.page.origin.path for read in fit if read.apart))
                texts.executemany("UPDATE text SET stamp = ? WHERE path = ?", again)
                fresh = [read for read in fit if not read.apart]
                texts.executemany(
                    "INSERT OR REPLACE INTO text VALUES (?, ?, ?, ?)", (self._text_row(apart[id(read)]) for read in fresh)
                )
                texts.executemany("INSERT OR REPLACE INTO body VALUES (?, ?, ?)", map(_body_row, fresh))
        except (OSError, sqlite3.Error):
            return parsed
        return [(apart.get(id(read), read), found) for read, found in parsed]

    def put_away(self, reads: Sequence[Read]) -> None:
        """Know which pages are without words."""
        self._digests = {read.page.origin.path: read.page.digest for read in reads if read.apart}

    def has(self, page: Page) -> bool:
        """Whether the words of this page lie on disk."""
        return not page.made and page.origin.path in self._digests

    def whole(self, page: Page) -> Page | None:
        """A page with its words; None where they cannot be had any more."""
        path = page.origin.path
        with suppress(OSError, ValueError, sqlite3.Error):
            row = self._connection().execute("SELECT digest, data FROM body WHERE path = ?", (path,)).fetchone()
            if row is not None and row[0] == self._digests[path]:
                body, headings = read_back(row[1])
                return replace(
                    page, body=body, headings=tuple(Heading(level=one, id=name, text=text) for one, name, text in headings)
                )
        return None

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _stamp(self, path: str) -> str:
        """Size and times of a file, "" where they tell nothing: links, and what was saved a moment ago."""
        try:
            found = os.lstat(f"{self._root}/{path}")
        except OSError:
            return ""
        step = _STEP_NS if found.st_mtime_ns % 1_000_000_000 else _COARSE_NS
        if not stat.S_ISREG(found.st_mode) or max(found.st_mtime_ns, found.st_ctime_ns) >= self.began_ns - step:
            return ""
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"

    def _unpacked(self, path: str, digest: str, head: bytes) -> Read | None:
        try:
            page, ids, links, plain, files = read_back(head)
        except ValueError:
            return None
        same = all(brief_of(Path(self._root), path, target, line) == (brief, ()) for target, line, brief in files)
        return Read(page, ids, links, plain, files, apart=True) if same and page.digest == digest else None

    def _text_row(self, read: Read) -> tuple[str, str, str, bytes]:
        path = read.page.origin.path
        head = pack((read.page, read.ids, read.links, read.plain, read.files))
        return path, self._stamps.get(path, ""), read.page.digest, head

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self.file, timeout=_WAIT_S, isolation_level=None)
            self._open.execute("PRAGMA synchronous = OFF")
        return self._open

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """All that is written at once, or nothing of it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        texts = self._connection()
        texts.execute("BEGIN IMMEDIATE")
        try:
            yield texts
        except BaseException:
            texts.rollback()
            raise
        texts.commit()

    def _give_up(self) -> None:
        """A damaged file is made anew by the next build."""
        self.close()
        self._others.clear()
        self.forget()


def batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many texts as are put away at once."""
    return (paths[at : at + _BATCH] for at in range(0, len(paths), _BATCH))


def _prepare(texts: sqlite3.Connection, key: str) -> None:
    """Tables for this way of reading; rows of another are of no use."""
    texts.execute("CREATE TABLE IF NOT EXISTS way (key TEXT)")
    if texts.execute("SELECT key FROM way").fetchone() == (key,):
        return
    for name in ("text", "body"):
        texts.execute(f"DROP TABLE IF EXISTS {name}")
    texts.execute("CREATE TABLE text (path TEXT PRIMARY KEY, stamp TEXT, digest TEXT, head BLOB)")
    texts.execute("CREATE TABLE body (path TEXT PRIMARY KEY, digest TEXT, data BLOB)")
    texts.execute("DELETE FROM way")
    texts.execute("INSERT INTO way VALUES (?)", (key,))


def _way(config: Config) -> str:
    """What decides beside a text how it is read: settings, and the code that reads."""
    told = repr((_VERSION, config.default_language, config.languages, sorted(config.slots)))
    return digest_of(f"{told} {_code_digest()}".encode("utf-8", "surrogatepass"))


def _apart(read: Read) -> Read:
    """Of a page's body nothing is left but what others ask of it: which pictures it names."""
    if read.apart:
        return read
    named = tuple(piece for piece in read.page.body if not isinstance(piece, str))
    return replace(read, page=replace(read.page, body=named, headings=()), apart=True)


def _body_row(read: Read) -> tuple[str, str, bytes]:
    headings = [(one.level, one.id, one.text) for one in read.page.headings]
    return read.page.origin.path, read.page.digest, pack((read.page.body, headings))


@cache
def _code_digest() -> str:
    """Digest of all code that a text goes through."""
    import pyromark
    import yaml12

    here = Path(__file__).parent
    rooms: tuple[Any, ...] = (here, here.parent / "source", here.parent / "model")
    files = sorted(file for room in rooms for file in (*room.glob("*.py"), *room.glob("phrases/*.toml")))
    versions = f"{pyromark.__version__} {getattr(yaml12, '__version__', '')}".encode()
    return digest_of(b"".join((*(file.read_bytes() for file in files), versions)))
