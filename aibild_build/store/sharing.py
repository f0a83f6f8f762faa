"""Looking after a shared store: give it all that is here, fetch what a site needs, read it through, weed it, count it.

Takes a store with its remote and functions that say what a record needs; yields reports. Many requests run at once, in the
threads of `bucket.together`. The clock and the grace period come in as arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..bucket import Entry, together
from ..errors import StoreError
from .folder import Store
from .remote import Remote
from .upkeep import DigestsOf, GcReport, Problem, StoreStats, blobs_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was brought from one place to the other, and what could not be: `failed` counts records."""

    records: int
    blobs: int
    bytes: int
    failed: int


def remote_of(store: Store) -> Remote:
    """The shared store, if it is there to be used. Raises StoreError."""
    if store.remote is None:
        raise StoreError("there is no shared store", hint='`remote = "s3://…"` in [store] names one')
    return store.remote


def push(store: Store, digests_of: DigestsOf) -> Moved:
    """Give the shared store every record that is here, blobs first. Raises StoreError where this machine may not write."""
    remote = remote_of(store)
    if not remote.can_create():
        raise StoreError(
            remote.note or "this machine has no key that signs records", hint=remote.detail or "AIBILD_STORE_KEY names one"
        )
    there, files = remote.names("rec"), dict(remote.names("cas"))
    wanted = [record for record in store.records() if str(record["key"]) not in there]
    blobs = {digest: "" for record in wanted for digest in blobs_named(record, digests_of) if digest not in files}

    def give(digest: str) -> tuple[str, int | None]:
        data = store.get_here(digest)
        return digest, len(data) if data is not None and remote.put_blob(digest, data) else None

    gone = set()
    sizes = []
    for digest, size in together(give, blobs):
        gone |= {digest} if size is None else set()
        sizes += [size] if size is not None else []
    whole = [record for record in wanted if not gone.intersection(blobs_named(record, digests_of))]
    stands = list(together(lambda record: store.share(str(record["key"])), whole))
    if remote.note:
        raise StoreError(remote.note, hint=remote.detail)
    done = sum(stands)
    return Moved(records=done, blobs=len(sizes), bytes=sum(sizes), failed=len(wanted) - done)


def pull(store: Store, keys: Iterable[str], digests_of: DigestsOf) -> Moved:
    """Fetch the records of these keys and their blobs. `failed` counts records whose bytes could not be had."""
    remote = remote_of(store)
    found = [record for key in keys if (record := store.lookup(key)) is not None]
    missing = {digest: "" for record in found for digest in blobs_named(record, digests_of) if store.size_here(digest) is None}
    sizes = [len(data) for data in together(store.get, missing) if data is not None]
    lacking = [record for record in found if any(store.size_here(digest) is None for digest in blobs_named(record, digests_of))]
    return Moved(records=remote.records, blobs=len(sizes), bytes=sum(sizes), failed=len(lacking))


def verify_remote(store: Store, digests_of: DigestsOf) -> Iterator[Problem]:
    """Read everything there; what is damaged or not signed by one who is trusted is set aside where this machine may write."""
    remote = remote_of(store)
    blobs, records = remote.names("cas"), remote.names("rec")
    for digest, sound in together(lambda digest: (digest, remote.blob(digest) is not None), list(blobs)):
        if not sound:
            yield Problem(shelf="blob", name=digest, why="is not what its name says", moved=remote.writes)
    for key, record in together(lambda key: (key, remote.read(key)), list(records)):
        if record is None:
            yield Problem(shelf="record", name=key, why="is damaged, or nobody who is trusted signed it", moved=remote.writes)
            continue
        for digest in blobs_named(record, digests_of):
            if digest not in blobs:
                yield Problem(shelf="record", name=key, why=f"needs the blob {digest}, which is absent", moved=False)
    if remote.note:
        raise StoreError(remote.note, hint=remote.detail)


def stats_remote(store: Store, max_bytes: int = 0) -> StoreStats:
    """Count what lies there, by listing."""
    remote = remote_of(store)
    blobs, records, bad = (remote.entries(shelf) for shelf in ("cas", "rec", "bad"))
    if remote.note:
        raise StoreError(remote.note, hint=remote.detail)
    total = sum(entry.bytes for entry in (*blobs, *records))
    over = max(0, total - max_bytes) if max_bytes else 0
    bad_bytes = sum(entry.bytes for entry in bad)
    return StoreStats(
        blobs=len(blobs), records=len(records), bytes=total, bad=len(bad), bad_bytes=bad_bytes, tmp=0, over_bytes=over
    )


def gc_remote(store: Store, roots: Iterable[str], *, max_bytes: int | None, grace_s: float, digests_of: DigestsOf) -> GcReport:
    """Remove what nobody needs: records that are no root and older than `grace_s`, the oldest first, then blobs without a record.

    Age is by the storage's own clock; reading does not make a record younger. With `max_bytes` the sweep ends when the rest
    fits. Namespaces of pull requests, and what was set aside, go when nothing in them is younger than the grace period. Run it
    in one trusted place. Raises StoreError where this machine may not write.
    """
    remote = remote_of(store)
    if not remote.writes:
        raise StoreError("this machine may not remove anything from the shared store", hint="AIBILD_STORE_KEY names a key")
    horizon, kept = remote.now() - grace_s, frozenset(roots)
    entries = {entry.key.rpartition("/")[2]: entry for entry in remote.entries("rec")}
    blobs = {entry.key.rpartition("/")[2]: entry for entry in remote.entries("cas")}
    needs = {
        key: blobs_named(record, digests_of) if record is not None else ()
        for key, record in together(lambda key: (key, remote.read(key)), list(entries))
    }
    if remote.note:
        raise StoreError(remote.note, hint=remote.detail)
    users = Counter(digest for named in needs.values() for digest in named)
    left = sum(entry.bytes for entry in (*entries.values(), *blobs.values()))
    gone: list[Entry] = []
    old = sorted((entry for key, entry in entries.items() if key not in kept and entry.modified < horizon), key=_age)
    left -= sum(entry.bytes for name, entry in blobs.items() if not users[name] and entry.modified < horizon)
    for entry in old:
        if max_bytes is not None and left <= max_bytes:
            break
        gone.append(entry)
        left -= entry.bytes
        for digest in needs[entry.key.rpartition("/")[2]]:
            users[digest] -= 1
            if not users[digest] and digest in blobs and blobs[digest].modified < horizon:
                left -= blobs[digest].bytes
    unused = [entry for name, entry in blobs.items() if not users[name] and entry.modified < horizon]
    others = [entry for entry in remote.entries("bad") if entry.modified < horizon]
    remote.remove(gone)
    remote.remove(unused)
    remote.remove([*others, *remote.stale_namespaces(horizon)])
    if remote.note:
        raise StoreError(remote.note, hint=remote.detail)
    freed = sum(entry.bytes for entry in (*gone, *unused))
    return GcReport(records=len(gone), blobs=len(unused), bad=len(others), tmp=0, freed_bytes=freed, left_bytes=left)


def _age(entry: Entry) -> tuple[float, str]:
    return entry.modified, entry.key
