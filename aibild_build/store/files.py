"""Single files of the store: written whole or not at all, read with suspicion, moved aside when they are not what they should be.

Takes folders and names (64 hexadecimal digits), yields bytes or why there are none. Knows nothing of digests or records: whether
bytes are right is for the caller to say.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FOLDER = re.compile(r"[0-9a-f]{2}", re.ASCII)
Inode: TypeAlias = tuple[int, int]  # device and number
_serial = count()  # per process, so that no two temporary names are ever the same in it


def is_name(text: object) -> bool:
    """Whether this may name a file here; whatever else a record says of a digest never becomes a path."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What lies under a name. `why` says what is wrong with it, `data` is None then."""

    data: bytes | None
    why: str = ""
    inode: Inode | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a listing sees it; `used` is its modification time, which is moved at each hit (seconds since the epoch)."""

    name: str
    bytes: int
    used: float


class Shelf:
    """Named files in two-letter folders, each at most `limit_bytes`."""

    def __init__(self, folder: Path, bad: Path, *, limit_bytes: int, read_only: bool) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._bad = bad
        self._read_only = read_only

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def entry(self, name: str) -> Entry | None:
        """Size and last use of a regular file, without opening it."""
        try:
            status = os.lstat(self.path(name))
        except OSError:
            return None
        return Entry(name, status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else None

    def entries(self) -> Iterator[Entry]:
        """Every regular file whose name belongs here, sorted; whatever else lies about is none of ours."""
        for name in self.names():
            entry = self.entry(name)
            if entry is not None:
                yield entry

    def names(self) -> Iterator[str]:
        """Every name that belongs here, sorted, whatever lies under it."""
        for folder in _listing(self.folder):
            if _FOLDER.fullmatch(folder):
                yield from (name for name in _listing(self.folder / folder) if name[:2] == folder and is_name(name))

    def read(self, name: str) -> Found | None:
        """The bytes under a name; None when there is nothing.

        O_NOFOLLOW keeps a planted symbolic link from leading out of the store, O_NONBLOCK a planted pipe from holding us up.
        """
        path = self.path(name)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            movable = error.errno in (errno.ELOOP, errno.ENXIO)
            return Found(None, "is no regular file" if movable else _reason(error), _inode(path) if movable else None)
        try:
            return _read_open(handle, self.limit_bytes)
        except OSError as error:
            return Found(None, _reason(error))
        finally:
            os.close(handle)

    def touch(self, name: str) -> None:
        """Mark as used now."""
        if not self._read_only:
            with suppress(OSError):
                os.utime(self.path(name), follow_symlinks=False)

    def set_aside(self, name: str, inode: Inode | None) -> bool:
        """Move to the quarantine, if it still is the file that was read: another build may have put a good one there."""
        path = self.path(name)
        if self._read_only or inode is None or _inode(path) != inode:
            return False
        try:
            self._bad.mkdir(parents=True, exist_ok=True)
            os.rename(path, self._bad / f"{self.folder.name}-{name}-{inode[1]}")
        except OSError:
            return False
        return True

    def remove(self, entry: Entry) -> bool:
        """Delete what the listing saw, unless somebody used it since."""
        now = self.entry(entry.name)
        if now is None or now.used > entry.used:
            return False
        with suppress(OSError):
            os.unlink(self.path(entry.name))
            return True
        return False


class Temps:
    """The folder of files being written. A file's writer holds a lock on it, which the kernel drops with the process: what can be
    locked is nobody's any more. No clock and no process number has to be trusted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def publish(self, data: bytes, target: Path, *, durable: bool, replace: bool) -> bool:
        """Write a whole file, then give it its name in one step. False when `replace` is off and the name was taken.

        `durable` waits until the bytes and the name are on the disk. Raises OSError; no partial file is left then.
        """
        handle, path = self._create()
        placed = False
        try:
            with suppress(OSError):  # a file system without locks: its files are never swept, that is all
                fcntl.flock(handle, fcntl.LOCK_EX)
            _write_all(handle, data)
            if durable:
                os.fsync(handle)
            fresh = not target.parent.is_dir()
            os.makedirs(target.parent, exist_ok=True)
            placed = _place(path, target, replace=replace)
        finally:
            if not (placed and replace):
                with suppress(OSError):
                    os.unlink(path)
            os.close(handle)
        if placed and durable:
            for folder in (target.parent, *target.parents[1:3]) if fresh else (target.parent,):
                _sync_folder(folder)
        return placed

    def sweep(self) -> int:
        """Remove what killed processes left behind; returns how many files."""
        swept = 0
        for name in _listing(self.folder):
            path = self.folder / name
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
                swept += 1
            except OSError:
                continue
            finally:
                os.close(handle)
        return swept

    def __len__(self) -> int:
        return len(_listing(self.folder))

    def _create(self) -> tuple[int, Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = self.folder / f"{os.getpid()}-{next(_serial)}"
            # An earlier process of our number may have left its file: the next serial is as good.
            with suppress(FileExistsError):
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444), path


def lock(path: Path) -> int:
    """Wait for the one lock of this file; closing the returned handle, or dying, gives it back. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _listing(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read_open(handle: int, limit_bytes: int) -> Found:
    status = os.fstat(handle)
    inode = (status.st_dev, status.st_ino)
    if not stat.S_ISREG(status.st_mode):
        return Found(None, "is no regular file", inode)
    if status.st_size > limit_bytes:
        return Found(None, f"has {status.st_size} bytes, the limit is {limit_bytes}", inode)
    with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
        data = file.read(status.st_size + 1) or b""
        while len(data) < status.st_size and (more := file.read(status.st_size - len(data))):
            data += more
    return Found(data, "", inode) if len(data) == status.st_size else Found(None, "changed while it was read", inode)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _place(path: Path, target: Path, *, replace: bool) -> bool:
    if replace:
        os.rename(path, target)
        return True
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _inode(path: Path) -> Inode | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
