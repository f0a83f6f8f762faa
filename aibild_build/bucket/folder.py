"""A folder as a bucket: for a share that several machines mount, and for trying things out.

Takes a path; yields the verbs of a bucket. Files are whole or absent, and on the disk before `put` returns. Headers and metadata
have no place here. `replace` holds a lock beside the file, so it is right between processes of machines that share locks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BucketDenied, BucketError, BucketUnreachable
from .terms import Entry, Headers, Object, check_key

_PART = re.compile(r"\.[0-9a-f]{16}\.part", re.ASCII)
_LOCKS = ".locks"
_NO_HEADERS = Headers()


class FolderBucket:
    """Objects as files below `root`, which is made at the first write."""

    keeps_headers = False

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        return f"file://{self._root}"

    def get(self, key: str, *, limit_bytes: int = 0) -> Object | None:
        with self._faults(key):
            try:
                handle = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENXIO):  # a planted link or pipe is no object
                    return None
                raise
            with os.fdopen(handle, "rb") as file:
                entry = _entry(key, os.fstat(handle))
                if limit_bytes and entry.bytes > limit_bytes:
                    raise BucketError(f"`{key}` of {self.address} has {entry.bytes} bytes, the limit is {limit_bytes}")
                return Object(data=file.read(), entry=entry)

    def head(self, key: str) -> Entry | None:
        with self._faults(key):
            try:
                return _entry(key, os.lstat(self._path(key)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, key: str, data: bytes, headers: Headers = _NO_HEADERS) -> str:
        with self._faults(key), self._held(key):
            return self._write(key, data)

    def create(self, key: str, data: bytes, headers: Headers = _NO_HEADERS) -> str | None:
        with self._faults(key), self._held(key):
            if (there := self.get(key)) is not None:
                return there.entry.token if there.data == data else None
            return self._write(key, data)

    def replace(self, key: str, data: bytes, token: str, headers: Headers = _NO_HEADERS) -> str | None:
        with self._faults(key), self._held(key):
            there = self.get(key)
            if there is not None and there.data == data:
                return there.entry.token
            return self._write(key, data) if there is not None and there.entry.token == token else None

    def list(self, prefix: str = "") -> Iterator[Entry]:
        top = self._path(prefix.strip("/")) if prefix.strip("/") else self._root
        found = []
        with self._faults(prefix):
            for folder, folders, files in os.walk(top):
                folders[:] = [name for name in folders if name != _LOCKS]
                for name in files:
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):
                        if not _PART.fullmatch(name) and path.is_file() and not path.is_symlink():
                            found.append(_entry(path.relative_to(self._root).as_posix(), path.stat()))
        yield from sorted(found, key=lambda entry: entry.key)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            with self._faults(key), suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(self._path(key))

    def copy(self, source: str, target: str) -> bool:
        found = self.get(source)
        if found is not None:
            self.put(target, found.data)
        return found is not None

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _write(self, key: str, data: bytes) -> str:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.parent / f".{secrets.token_hex(8)}.part"
        try:
            with open(part, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                token = _entry(key, os.fstat(file.fileno())).token
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)
            raise
        return token

    @contextmanager
    def _held(self, key: str) -> Iterator[None]:
        """Two writers of one key, one after the other. Keys share 256 locks, which no listing shows."""
        folder = self._root / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        slot = folder / f"{sum(check_key(key).encode()) % 256:02x}"
        handle = os.open(slot, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            with suppress(OSError):  # a share without locks: the rename still leaves no file half written
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _faults(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kind = BucketDenied if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else BucketUnreachable
            reason = (error.strerror or type(error).__name__).lower()
            raise kind(f"`{key}` of {self.address}: {reason}") from error


def _entry(key: str, status: os.stat_result) -> Entry:
    token = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    return Entry(key=key, bytes=status.st_size, token=token, modified=status.st_mtime)
