"""`Store`: a folder of blobs and records that several builds may use at once, and that no kill, full disk or rot corrupts.

Takes bytes and JSON, yields digests and what stands. Whatever is wrong in the folder is a miss, counted in `damaged`; whatever
cannot be written is *built, not cached*, said once in `degraded`. It never decides what is to be made.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..canonical import digest_of
from ..errors import StoreError
from ..model import Json
from .files import Entry, Inode, Shelf, Temps, is_name, lock
from .lines import RESERVED, seal, unseal
from .remote import Remote
from .signing import line_of
from .upkeep import Collection, DigestsOf, GcReport, Problem, Record, StoreStats, blobs_named, count, empty_quarantine

RECORD_LIMIT_BYTES = 1 << 20
BLOB_LIMIT_BYTES = 1 << 29  # a lossless master of 8192 by 8192 is some 200 MB; anything beyond is an attack or a mistake
_LASTING = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTSUP, errno.ENOTDIR})


@dataclass(frozen=True, slots=True)
class Stored:
    """What `put` did. With `kept` False the bytes are not in the store: pass them along, and record nothing that needs them."""

    digest: str
    kept: bool


class Store:
    """The store in folder `root`, which is made at the first write.

    `max_bytes` is the size that its owner wants it to have (0: any); `stats` measures against it and `gc` is told of it, no write
    is refused for it. A `read_only` store adds, moves and touches no file. `degraded` is one line for the user when something
    could not be kept, or ""; `damaged` counts what was found broken. What is not here is looked for in `remote`, and what is
    made goes there; `pack` names the records that a site needs, fetched at once. Raises StoreError when `root` is no folder.
    """

    def __init__(
        self, root: Path, *, max_bytes: int = 0, read_only: bool = False, remote: Remote | None = None, pack: str = ""
    ) -> None:
        if root.exists() and not root.is_dir():
            raise StoreError(f"expected a folder for the store, got the file `{root}`", hint="set `store` to another path")
        self.root = root
        self.max_bytes = max_bytes
        self.read_only = read_only
        self.remote = remote
        self.damaged = 0
        self._degraded = ""
        self._pack = pack
        self._far: dict[str, Record] = {}  # records of the remote, for as long as this object lives
        self._used: set[str] = set()
        self._bad = root / "bad"
        self._blobs = Shelf(root / "cas", self._bad, limit_bytes=BLOB_LIMIT_BYTES, read_only=read_only)
        self._records = Shelf(root / "rec", self._bad, limit_bytes=RECORD_LIMIT_BYTES, read_only=read_only)
        self._temps = Temps(root / "tmp")
        self._swept = False
        self._closed = read_only  # nothing more is written: read-only from the start, or found to be so
        self._flying: set[int] = set()

    @property
    def degraded(self) -> str:
        """One line for the user: what could not be kept, or why the shared store was left alone; "" when all is well."""
        return self._degraded or (self.remote.note if self.remote is not None else "")

    # --- blobs

    def put(self, data: bytes, *, durable: bool = False) -> Stored:
        """Keep bytes under their SHA-256. `durable` waits for the disk; for what is dear to make again (masters), 15 ms each.

        Never raises for a full or read-only disk: `kept` is False then, and `degraded` says why.
        """
        digest = digest_of(data)
        stored = self._put_here(digest, data, durable=durable)
        if self.remote is not None:
            self.remote.put_blob(digest, data)
        return stored

    def _put_here(self, digest: str, data: bytes, *, durable: bool = False) -> Stored:
        if self._get_here(digest) is not None:
            return Stored(digest, True)
        if len(data) > BLOB_LIMIT_BYTES:
            self._degrade(f"a file of {len(data)} bytes is over the limit of {BLOB_LIMIT_BYTES}")
            return Stored(digest, False)
        target = self._blobs.path(digest)
        kept = self._write(lambda: self._temps.publish(data, target, durable=durable, replace=True))
        return Stored(digest, bool(kept))

    def get(self, digest: str) -> bytes | None:
        """The bytes of that digest, verified; None when they are not here. Damaged ones are moved aside and count as absent."""
        found = self._get_here(digest)
        if found is None and self.remote is not None and is_name(digest):
            found = self.remote.blob(digest)
            if found is not None and not self._closed:
                self._put_here(digest, found)
        return found

    def get_here(self, digest: str) -> bytes | None:
        """The bytes of that digest on this machine, verified, whatever the shared store has."""
        return self._get_here(digest) if is_name(digest) else None

    def _get_here(self, digest: str) -> bytes | None:
        found = self._blobs.read(digest) if is_name(digest) else None
        if found is None:
            return None
        if found.data is None or digest_of(found.data) != digest:
            self._blobs.set_aside(digest, found.inode)
            self.damaged += 1
            return None
        self._blobs.touch(digest)
        return found.data

    def has(self, digest: str) -> bool:
        """Whether a file of that name is here; one stat, nothing is verified."""
        return self.size(digest) is not None

    def size(self, digest: str) -> int | None:
        """Bytes of a blob without opening it; None when it is not here."""
        here = self.size_here(digest)
        return self.remote.size(digest) if here is None and self.remote is not None else here

    def size_here(self, digest: str) -> int | None:
        """Bytes of a blob on this machine, whatever the shared store has; None when it is not here."""
        entry = self._blobs.entry(digest) if is_name(digest) else None
        return None if entry is None else entry.bytes

    # --- records

    def record(
        self, key: str, kind: str, fields: Mapping[str, Json], *, needs: Iterable[str] = (), durable: bool = False
    ) -> Record:
        """Say what came of `key`, and return what stands: records are never replaced, so the first writer wins and others adopt.

        `needs` are the digests without which the record would be a lie: unless all are here, nothing is written. What cannot be
        written is returned all the same, so that a build goes on. Raises StoreError for a key that is no SHA-256, for a field
        named schema, key, kind or check, and for a record over 1 MiB.
        """
        if not is_name(key) or not kind or RESERVED & fields.keys():
            raise StoreError(f"record `{kind}` of `{key}` has no proper key or kind, or a reserved field")
        line = seal(key, kind, fields)
        if len(line) > RECORD_LIMIT_BYTES:
            raise StoreError(f"record `{kind}` of `{key}` has {len(line)} bytes, the limit is {RECORD_LIMIT_BYTES}")
        target = self._records.path(key)
        stands = self.lookup(key)
        wanted = tuple(needs)
        if stands is None and all(self.has(digest) for digest in wanted):
            standing: bytes = self._shared(key, line, wanted) or line
            self._write(lambda: self._temps.publish(standing, target, durable=durable, replace=False))
            stands = self.lookup(key) or unseal(standing, key)
        return unseal(line, key) if stands is None else stands

    def _shared(self, key: str, line: bytes, needs: Iterable[str]) -> bytes | None:
        """Blobs first, then the record: what stands in the shared store, None where there is none or it is left alone."""
        if self.remote is None or not self.remote.writes:
            return None
        for digest in needs:
            data = self._get_here(digest)
            if not (self.remote.put_blob(digest, data) if data is not None else self.remote.size(digest) is not None):
                return None
        return self.remote.create(key, line)

    def lookup(self, key: str) -> Record | None:
        """What stands under `key`, with `schema`, `key` and `kind`; None when nothing does. A damaged record is moved aside."""
        stands = self._read_record(key)
        if stands is not None:
            self._records.touch(key)
        elif self.remote is not None and is_name(key):
            stands = self._look_far(key, self.remote)
        if stands is not None and self.remote is not None:
            self._used.add(key)
        return stands

    def keeps(self, key: str) -> bool:
        """Whether the record lies in this folder, whatever a shared store has."""
        return self._records.read(key) is not None

    def _look_far(self, key: str, remote: Remote) -> Record | None:
        """A record that only the shared store has; kept here, too. The first such question brings the site's whole pack."""
        if self._pack:
            name, self._pack = self._pack, ""
            for packed, line in remote.pack(name):
                self._adopt(packed, line)
            if (stands := self._far.get(key) or self._read_record(key)) is not None:
                return stands
        if key not in self._far and (data := remote.record(key)) is not None:
            self._adopt(key, data)
        return self._far.get(key) or self._read_record(key)

    def _adopt(self, key: str, data: bytes) -> None:
        """Keep it here, or in memory where that cannot be."""
        path = self._records.path(key)
        if self._closed or self._write(lambda: self._temps.publish(data, path, durable=False, replace=False)) is None:
            self._far[key] = unseal(data, key)

    def share(self, key: str) -> bool:
        """Give the shared store a record that is here and whose blobs it has; False when it could not be given."""
        found = self._records.read(key)
        if self.remote is None or found is None or found.data is None:
            return False
        return self.remote.create(key, line_of(found.data)) is not None

    def share_pack(self, name: str, share: str = "") -> None:
        """Leave in the shared store, under one name, all records that were asked for since this object was made.

        Those of one `share` of a build lie apart until a run that needs them all has read them.
        """
        if self.remote is None or not self.remote.writes:
            return
        found = ((key, self._records.read(key)) for key in sorted(self._used))
        self.remote.put_pack(name, [(key, one.data) for key, one in found if one is not None and one.data is not None], share)

    def set_aside(self, key: str) -> bool:
        """Take a record out of use: its blobs are lost and what is made anew will differ, or its picture is to be repinned."""
        self._far.pop(key, None)
        if self.remote is not None and is_name(key):
            self.remote.forget(key)
        found = self._records.read(key) if is_name(key) else None
        return found is not None and self._records.set_aside(key, found.inode)

    def records(self, kind: str | None = None) -> Iterator[Record]:
        """Every sound record, or those of one kind, sorted by key. Reading them here is no use in the sense of `gc`."""
        for name in self._records.names():
            record = self._read_record(name)
            if record is not None and kind in (None, record["kind"]):
                yield record

    # --- several builds at once

    @contextmanager
    def single_flight(self, *keys: str) -> Iterator[None]:
        """Hold the locks of these keys: of all builds on this folder only one is inside. Look up again once inside.

        All keys of a job are named at once (they are locked in one fixed order), so flights of a thread must not be nested:
        StoreError. The kernel drops the locks of a killed process. Where locking is impossible, work may be done twice, never
        wrongly.
        """
        thread = threading.get_ident()
        if thread in self._flying:
            raise StoreError("single flights must not be nested")
        with ExitStack() as held:
            self._flying.add(thread)
            held.callback(self._flying.discard, thread)
            for slot in sorted({key[:3] for key in keys if is_name(key)}) if not self._closed else ():
                try:
                    held.callback(os.close, lock(self.root / "lock" / slot))
                except OSError as error:
                    self._degrade(error)
                    break
            yield

    # --- upkeep

    def stats(self) -> StoreStats:
        """Count files and bytes."""
        return count(self._blobs, self._records, self._bad, self._temps, self.max_bytes)

    def verify(self, digests_of: DigestsOf | None = None) -> Iterator[Problem]:
        """Read everything and move aside what is damaged. `digests_of` names a record's blobs: absent ones are problems, too."""
        for name in self._blobs.names():
            found = self._blobs.read(name)
            if found is not None and (found.data is None or digest_of(found.data) != name):
                self.damaged += 1
                moved = self._blobs.set_aside(name, found.inode)
                yield Problem(shelf="blob", name=name, why=found.why or "is not what its name says", moved=moved)
        for name in self._records.names():
            record, why, inode = self._examine(name)
            if why:
                self.damaged += 1
                yield Problem(shelf="record", name=name, why=why, moved=self._records.set_aside(name, inode))
            if record is not None and digests_of is not None:
                for digest in blobs_named(record, digests_of):
                    if not self.has(digest):
                        yield Problem(shelf="record", name=name, why=f"needs the blob {digest}, which is absent", moved=False)

    def gc(self, roots: Iterable[str], *, max_bytes: int | None, grace_s: float, now: float, digests_of: DigestsOf) -> GcReport:
        """Remove what nobody needs: records that are no root and were not used for `grace_s`, then old blobs without a record.

        With `max_bytes` the least recently used go first and the sweep ends when the store fits; None removes all of them.
        `now` in seconds since the epoch. Also swept: temporary files of killed processes, quarantine older than the grace period.
        Raises StoreError on a read-only store.
        """
        if self.read_only:
            raise StoreError("a read-only store cannot be collected")
        horizon = now - grace_s
        tmp = self._temps.sweep()
        run = Collection(self._blobs, self._records, horizon)
        run.sweep_records(self._known(digests_of), frozenset(roots), max_bytes)
        run.sweep_blobs()
        return GcReport(
            records=run.removed_records,
            blobs=run.removed_blobs,
            bad=empty_quarantine(self._bad, horizon),
            tmp=tmp,
            freed_bytes=run.freed_bytes,
            left_bytes=run.left_bytes,
        )

    # --- inside

    def _known(self, digests_of: DigestsOf) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """Every sound record's file and the blobs that it needs."""
        for entry in self._records.entries():
            record = self._read_record(entry.name)
            if record is not None:
                yield entry, blobs_named(record, digests_of)

    def _read_record(self, key: str) -> Record | None:
        record, why, inode = self._examine(key)
        if why:
            self._records.set_aside(key, inode)
            self.damaged += 1
        return record

    def _examine(self, key: str) -> tuple[Record | None, str, Inode | None]:
        """The record, or what is wrong with the file that should be it; neither when there is none."""
        found = self._records.read(key) if is_name(key) else None
        if found is None:
            return None, "", None
        if found.data is None:
            return None, found.why, found.inode
        try:
            return unseal(found.data, key), "", found.inode
        except ValueError as error:
            return None, str(error), found.inode

    def _write(self, publish: Callable[[], bool]) -> bool | None:
        """Try, sweep away what killed builds left, try once more. None: not kept, and `degraded` says why."""
        if self._closed:
            self._degrade("it is read-only")
            return None
        if not self._swept:
            self._temps.sweep()
            self._swept = True
        tries = 1 if self._degraded else 2
        for left in reversed(range(tries)):
            try:
                return publish()
            except OSError as error:
                if left and error.errno not in _LASTING:
                    self._temps.sweep()
                    continue
                self._degrade(error)
                break
        return None

    def _degrade(self, why: OSError | str) -> None:
        """One line for the user, the first time; what will not pass by itself ends all writing."""
        if isinstance(why, OSError):
            self._closed = self._closed or why.errno in _LASTING
            why = (why.strerror or type(why).__name__).lower()
        if not self._degraded:
            self._degraded = f"built, not cached: the store `{self.root}` cannot keep everything ({why})"
