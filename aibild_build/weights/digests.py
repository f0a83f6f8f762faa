"""Digests of weight files that are read once: remembered by what the file system says of a file.

Takes paths, yields SHA-256. A remembered digest counts only while real path, size, times of content and of inode, and inode
number are what they were; on any doubt the file is read again. In a hub's cache a large file is a link to a blob that is named
by its SHA-256: that name is taken, and `verify` reads the bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ..canonical import canonical
from ..disk import write_atomic

_BLOB = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 1 << 22


class Digests:
    """Remembers in the file `memory`; None remembers for this object's life only."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._known: dict[str, str] = {}
        self._fresh = False
        self.read_bytes = 0
        if memory is not None:
            try:
                found = json.loads(memory.read_bytes())
                self._known = {str(key): str(value) for key, value in found.items()}
            except (OSError, ValueError, AttributeError):
                self._known = {}

    def digest(self, path: Path, *, verify: bool = False) -> str:
        """SHA-256 of the file's bytes. `verify` reads them whatever is remembered or named. Raises OSError."""
        real = path.resolve(strict=True)
        if not verify and real.parent.name == "blobs" and _BLOB.fullmatch(real.name):
            return real.name
        stat = real.stat()
        key = f"{real}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}|{stat.st_ino}"
        if verify or key not in self._known:
            self._known[key] = self._read(real)
            self._fresh = True
        return self._known[key]

    def is_named(self, path: Path) -> bool:
        """Whether the digest is a hub blob's name, not yet read back."""
        real = path.resolve()
        return real.parent.name == "blobs" and _BLOB.fullmatch(real.name) is not None

    def save(self) -> None:
        """Write what was learned; says nothing when the place cannot be written, since all of it can be had again."""
        if self._memory is not None and self._fresh:
            try:
                write_atomic(self._memory, canonical(self._known))
                self._fresh = False
            except OSError:
                return

    def _read(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                self.read_bytes += len(chunk)
        return digest.hexdigest()
