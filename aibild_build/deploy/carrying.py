"""Carries a plan out, in the one order in which no page ever names a file that is not there.

Takes what the origin said and the release that is wanted, puts files, takes the lease, switches pages and writes down what is
shown now. Whatever ends it, the origin is consistent: before the first page everything is as it was; between the first and the
last page each page is whole and what it names is there; a rerun finishes. Nothing here decides what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ..bucket import Bucket, Headers, bucket_time, together
from ..compression import compressed
from ..errors import DeployError, TargetConflict
from ..targets import Target
from .lease import LEASE_S, Clock, Lease
from .origin import Standing, look, read_now, read_releases, release_ids
from .planning import Change, Reason, changes_of, in_turn
from .records import CURRENT, RELEASES, Release, Row, Shown, current_bytes, release_bytes

Contents = Callable[[str], bytes]
Say = Callable[[str], None]
_AT_ONCE = 128  # pages between two looks at the lease
_JSON = Headers(content_type="application/json", cache_control="no-store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to become of an origin: `release` with its `changes`, given how it stands."""

    standing: Standing
    release: Release
    changes: tuple[Change, ...]
    retracted: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.changes and self.standing.current.id != "" and self.standing.intent is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What was done: files and bytes that were sent, files that were switched and deleted."""

    work: Work
    sent: int
    sent_bytes: int
    switched: int
    deleted: int


class Carrier:
    """One deploy or rollback. `contents` brings the bytes of a file, uncompressed; `retract` are pixels that go at once."""

    def __init__(
        self,
        target: Target,
        contents: Contents,
        clock: Clock,
        *,
        conditional: bool,
        retract: frozenset[str] = frozenset(),
        wait_s: float = 0.0,
        lease_s: float = LEASE_S,
        say: Say = lambda line: None,
    ) -> None:
        self._target = target
        self._bucket: Bucket = target.bucket
        self._contents = contents
        self._clock = clock
        self._conditional = conditional
        self._retract = retract
        self._wait_s, self._lease_s = wait_s, lease_s
        self._say = say
        self._sent = self._sent_bytes = 0
        self._there: set[str] = set()

    def carry(self, work: Work) -> Carried:
        """Raises BucketError, TargetConflict and DeployError; the origin is consistent then, too."""
        self._prepare(work)
        lease = Lease(self._bucket, self._clock, conditional=self._conditional, seconds=self._lease_s)
        lease.take(work.release.id, wait_s=self._wait_s)
        try:
            if lease.taken_over or read_now(self._bucket)[1] != work.standing.token:
                # Somebody else switched, or began to, since we looked: what we planned may be wrong by now.
                work = plan_work(self._target, look(self._bucket), work.release, retract=self._retract)
                self._prepare(work)
        except BaseException:
            (lease.give_up if lease.taken_over else lease.drop)()
            raise
        try:
            switched = self._switch(work, lease)
            if work.release.mode == "inplace":
                self._bucket.delete([change.path for change in work.changes if change.reason is Reason.GONE])
            self._bucket.delete(work.retracted)
            self._write_down(work)
        except BaseException:
            lease.give_up()
            raise
        lease.drop()
        deleted = sum(change.row is None for change in work.changes)
        return Carried(work=work, sent=self._sent, sent_bytes=self._sent_bytes, switched=switched, deleted=deleted)

    # --- before the first page is switched

    def _prepare(self, work: Work) -> None:
        """Put everything that the switch needs; nothing that is shown changes by it."""
        release, held = work.release, work.standing.held
        if f"{RELEASES}{release.id}.json" not in held:
            self._bucket.put(f"{RELEASES}{release.id}.json", release_bytes(release), _JSON)
        puts = [(change.path, change.path, change.row) for change in work.changes if change.wave == 0 and change.row is not None]
        if release.mode == "release":
            if not self._target.shares_assets:
                puts = []
            self._stage(work, puts)
            return
        rows = {path: row for path, row in release.rows.items() if not row.immutable}
        blobs = {row.blob: (row.blob, path, row) for path, row in rows.items() if row.blob not in held}
        self._put([*puts, *blobs.values()])

    def _stage(self, work: Work, puts: list[tuple[str, str, Row]]) -> None:
        """Lay the release out in its own folder: what is as it was is copied at the origin, the rest is sent."""
        standing, release = work.standing, work.release
        folder, before = self._target.folder_of(release.id), self._target.folder_of(standing.current.id)
        copies: list[tuple[str, str]] = []
        for path, row in release.rows.items():
            key, was = f"{folder}{path}", standing.rows.get(path)
            if key in standing.held or (row.immutable and self._target.shares_assets):
                continue
            if was == row and f"{before}{path}" in standing.held:
                copies.append((f"{before}{path}", key))
            else:
                puts.append((key, path, row))
        self._put(puts)
        self._copy(copies)

    def _put(self, puts: Sequence[tuple[str, str, Row]]) -> None:
        """Send files (key, path, row), many at once."""
        todo = [one for one in puts if one[0] not in self._there]
        if todo:
            self._say(f"sending {len(todo)} files")

        def one(entry: tuple[str, str, Row]) -> int:
            key, path, row = entry
            data = self._contents(path)
            encoding = row.headers.content_encoding
            if encoding and row.bytes == 0:
                data = compressed(encoding, data)
            self._bucket.put(key, data, row.headers)
            return len(data)

        for (key, _, _), size in zip(todo, together(one, todo), strict=False):
            self._there.add(key)
            self._sent += 1
            self._sent_bytes += size

    def _copy(self, copies: Sequence[tuple[str, str]]) -> None:
        def one(pair: tuple[str, str]) -> None:
            if not self._bucket.copy(*pair):
                raise DeployError(f"`{pair[0]}` is not at {self._bucket.address} any more", hint="deploy again")

        for _ in together(one, copies):
            pass

    # --- the switch

    def _switch(self, work: Work, lease: Lease) -> int:
        if work.release.mode == "release":
            lease.renew()
            if (
                any(change.reason is not Reason.RETRACTED for change in work.changes)
                or work.standing.current.id != work.release.id
            ):
                self._target.point(work.release.id)
            return sum(change.row is not None and change.wave > 0 for change in work.changes)
        switched = 0
        for part in _parts(work.changes):
            lease.renew()
            self._copy([(change.row.blob, change.path) for change in part if change.row is not None])
            switched += len(part)
        lease.renew()
        self._say(f"switched {switched} files")
        return switched

    def _write_down(self, work: Work) -> None:
        """What is shown now, and since when. A lost answer counts as ours when our bytes are there."""
        release = work.release
        current, token = read_now(self._bucket)
        if current.id != release.id:
            at = bucket_time(self._bucket)
            current = current.followed_by(Shown(id=release.id, at=at, files=len(release.rows), bytes=release.bytes))
        current = replace(current, retracted=tuple(sorted(self._retract)))
        data = current_bytes(current)
        if not self._conditional:
            self._bucket.put(CURRENT, data, _JSON)
            return
        done = self._bucket.replace(CURRENT, data, token, _JSON) if token else self._bucket.create(CURRENT, data, _JSON)
        if done is None:
            raise TargetConflict(
                f"another deploy to {self._bucket.address} wrote down its release meanwhile", hint="deploy again"
            )


def plan_work(target: Target, standing: Standing, release: Release, *, retract: frozenset[str] = frozenset()) -> Work:
    """What differs, and which files of retracted pictures are there. Asks the bucket only about the latter and about files whose
    origin is not known."""
    inplace = release.mode == "inplace"
    place = "" if inplace else target.folder_of(standing.current.id)
    rows = standing.perhaps if inplace else standing.rows
    others = _others(target.bucket, standing.held, release, rows)
    held = {key: entry for key, entry in standing.held.items() if key not in others}
    changes = changes_of(
        release.rows,
        rows,
        held,
        place=place,
        keeps_headers=target.bucket.keeps_headers,
        unfinished=inplace and standing.intent is not None,
    )
    retracted = _retracted(target, standing, release, retract - frozenset(standing.current.retracted))
    gone = [Change(path=key, reason=Reason.RETRACTED, wave=5) for key in retracted]
    if not inplace and standing.shown is not None and standing.shown.mode == "release":
        changes = tuple(change for change in changes if change.reason is not Reason.GONE or change.path in standing.rows)
    return Work(standing=standing, release=release, changes=tuple(sorted((*changes, *gone), key=in_turn)), retracted=retracted)


def _others(bucket: Bucket, held: Mapping[str, object], release: Release, shown: Mapping[str, Row]) -> frozenset[str]:
    """Files that never change and lie there with other bytes: those that no release names are asked for their digest."""
    unknown = [path for path, row in release.rows.items() if row.immutable and row.bytes and path in held and path not in shown]
    found = zip(unknown, together(bucket.head, unknown), strict=True)
    return frozenset(path for path, entry in found if entry is None or entry.sha256 not in ("", release.rows[path].digest))


def _retracted(target: Target, standing: Standing, release: Release, pixels: frozenset[str]) -> tuple[str, ...]:
    """Every file at the origin, of any release that is kept, that shows retracted pixels."""
    if not pixels:
        return ()
    found = set()
    for one in read_releases(target.bucket, release_ids(standing.held)):
        for path, row in one.rows.items():
            if row.pixels in pixels and path not in release.rows:
                found |= {path, f"{target.folder_of(one.id)}{path}"} & standing.held.keys()
    return tuple(sorted(found))


def _parts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes of files that may change, wave by wave and depth by depth, a limited number at a time."""
    switching = [change for change in changes if change.row is not None and change.wave > 0 and not change.row.immutable]
    for _, group in groupby(switching, key=lambda change: in_turn(change)[:2]):
        listed = list(group)
        for at in range(0, len(listed), _AT_ONCE):
            yield listed[at : at + _AT_ONCE]


def lacking(target: Target, release: Release, held: Mapping[str, object]) -> tuple[str, ...]:
    """The files of a kept release that are not at the origin any more, so that it cannot be shown again."""
    folder = target.folder_of(release.id)
    found = []
    for path, row in release.rows.items():
        if row.immutable and (release.mode == "inplace" or target.shares_assets):
            key = path
        else:
            key = row.blob if release.mode == "inplace" else f"{folder}{path}"
        if key not in held:
            found.append(path)
    return tuple(found)
