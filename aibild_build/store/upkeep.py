"""Looking after a store: count it, weed it.

Takes shelves and functions that say what a record needs, yields reports. The clock and the grace period come in as arguments.
"""

from __future__ import annotations

import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..model import Json
from .files import Entry, Shelf, Temps, is_name

Record = Mapping[str, Json]
DigestsOf = Callable[[Record], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStats:
    """What lies in a store. `bytes` are blobs and records, `over_bytes` is what lies above the store's `max_bytes`."""

    blobs: int
    records: int
    bytes: int
    bad: int
    bad_bytes: int
    tmp: int
    over_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it should be. `shelf` is `blob` or `record`, `moved` whether it was put into the quarantine."""

    shelf: str
    name: str
    why: str
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GcReport:
    """What a collection removed, and what is left (`left_bytes`: blobs and records)."""

    records: int
    blobs: int
    bad: int
    tmp: int
    freed_bytes: int
    left_bytes: int


def count(blobs: Shelf, records: Shelf, bad: Path, temps: Temps, max_bytes: int) -> StoreStats:
    """Walk the folders; no file is opened."""
    blob_sizes = [entry.bytes for entry in blobs.entries()]
    record_sizes = [entry.bytes for entry in records.entries()]
    bad_sizes = [path.lstat().st_size for path in _quarantined(bad)]
    total = sum(blob_sizes) + sum(record_sizes)
    return StoreStats(
        blobs=len(blob_sizes),
        records=len(record_sizes),
        bytes=total,
        bad=len(bad_sizes),
        bad_bytes=sum(bad_sizes),
        tmp=len(temps),
        over_bytes=max(0, total - max_bytes) if max_bytes else 0,
    )


class Collection:
    """One run of the collector: mark from roots, then sweep by last use, records before blobs.

    A kill in between leaves blobs that no record names, which the next run finds; never a record without its blobs.
    """

    def __init__(self, blobs: Shelf, records: Shelf, horizon: float) -> None:
        self._blobs = blobs
        self._records = records
        self._horizon = horizon
        self._users: Counter[str] = Counter()
        self._blob_entries = {entry.name: entry for entry in blobs.entries()}
        self.removed_records = 0
        self.removed_blobs = 0
        self.freed_bytes = 0
        self.left_bytes = sum(entry.bytes for entry in self._blob_entries.values())

    def sweep_records(self, known: Iterable[tuple[Entry, tuple[str, ...]]], roots: frozenset[str], max_bytes: int | None) -> None:
        """Drop unmarked records older than the horizon, the least recently used first, until the store fits into `max_bytes`."""
        stale = []
        for entry, digests in known:
            self._users.update(digests)
            self.left_bytes += entry.bytes
            if entry.name not in roots and entry.used < self._horizon:
                stale.append((entry.used, entry.name, entry, digests))
        remaining_bytes = self.left_bytes - sum(entry.bytes for entry in self._unused_blobs())
        for _, _, entry, digests in sorted(stale, key=lambda item: item[:2]):
            if max_bytes is not None and remaining_bytes <= max_bytes:
                break
            if self._records.remove(entry):
                self.removed_records += 1
                self._count_freed(entry.bytes)
                remaining_bytes -= entry.bytes + self._release(digests)

    def sweep_blobs(self) -> None:
        """Drop old blobs that no record names."""
        for entry in self._unused_blobs():
            if self._blobs.remove(entry):
                self.removed_blobs += 1
                self._count_freed(entry.bytes)

    def _release(self, digests: tuple[str, ...]) -> int:
        """Take a record's claim off its blobs; returns the bytes that nobody claims now and that are old enough to go."""
        self._users.subtract(digests)
        free = (self._blob_entries[digest] for digest in digests if not self._users[digest] and digest in self._blob_entries)
        return sum(entry.bytes for entry in free if entry.used < self._horizon)

    def _unused_blobs(self) -> list[Entry]:
        return [entry for name, entry in self._blob_entries.items() if not self._users[name] and entry.used < self._horizon]

    def _count_freed(self, amount_bytes: int) -> None:
        self.freed_bytes += amount_bytes
        self.left_bytes -= amount_bytes


def blobs_named(record: Record, digests_of: DigestsOf) -> tuple[str, ...]:
    """The blobs that a record needs, each once; what is no digest is left out."""
    return tuple(sorted({digest for digest in digests_of(record) if is_name(digest)}))


def empty_quarantine(bad: Path, horizon: float) -> int:
    """Delete damaged files that have lain for longer than the grace period; returns how many."""
    removed = 0
    for path in _quarantined(bad):
        status = path.lstat()
        # Moving a file aside changes its inode's time and not its modification time.
        if max(status.st_ctime, status.st_mtime) >= horizon:
            continue
        if stat.S_ISDIR(status.st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
        removed += 1
    return removed


def _quarantined(bad: Path) -> list[Path]:
    return sorted(bad.iterdir()) if bad.is_dir() else []
