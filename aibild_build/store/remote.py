"""The shared half of a store: blobs and signed records in object storage, which several machines read and few may write.

Takes a bucket, the public keys that count and, on machines that may write, a private key. Layout, as in the folder:

    v1/cas/ab/<sha256>   v1/rec/ab/<key>   v1/packs/<site>   v1/packs/<site>.shares/<share>   v1/bad/…
    and the same under `pr/<namespace>/`

Nothing from there is believed: a blob must be what its name says, a record must be signed and written for the key that was asked.
Whatever else comes is a miss. A network that is gone, refuses us or takes too long is left alone from then on, in one line.
Records are created and never replaced, so of two machines that made different bytes for one key the first is right for both.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from ..bucket import Bucket, Entry, bucket_time, honours_conditions, together
from ..canonical import digest_of
from ..errors import BucketDenied, BucketError, BucketUnreachable
from ..model import Json
from .files import is_name
from .lines import unseal
from .signing import RecordKey, is_signed, line_of

RECORD_LIMIT_BYTES = 1 << 20
BLOB_LIMIT_BYTES = 1 << 29
_PACK_LIMIT_BYTES = 1 << 28
_SLOW_S = 30.0  # how long a run waits, beyond what its bytes excuse, before it goes on alone
_FAIR_S, _FAIR_BYTES_PER_S = 1.0, 250_000
_SHARES = ".shares"
_WIDE = 100  # names in one folder: 25 requests one after another take as long as 256 by 32
Result = TypeVar("Result")


class Remote:
    """Object storage as a store sees it. `trusted` are public keys; `key` signs what is written, None for readers.

    With a `namespace` (an untrusted pull request) everything is written below `pr/<namespace>/`, unsigned, and read from there
    before the trusted part; nobody else reads it. `clock` counts seconds. `note` is one line for the user when the storage was
    left alone, or "", and `detail` what its library said then.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        trusted: Iterable[str],
        key: RecordKey | None,
        namespace: str,
        clock: Callable[[], float],
        slow_s: float = _SLOW_S,
    ) -> None:
        self.bucket = bucket
        self._trusted = frozenset(trusted) | ({key.public} if key is not None else set())
        self._key = key
        self._own = f"pr/{namespace}/v1/" if namespace else "v1/"
        self._tops = (self._own, "v1/") if namespace else ("v1/",)
        self._namespaced = bool(namespace)
        self._clock, self._slow_s = clock, slow_s
        self._lost: set[str] = set()  # what was found broken, by name: not asked for again
        self.begin(listed=False)

    def begin(self, *, listed: bool) -> None:
        """A new run: forget what was known of the network. With `listed` the storage is listed once and then believed to hold
        that; a single job asks for each name instead."""
        self.note = self.detail = ""
        self.records = self.files = self.bytes = self.refused = self.requests = 0
        self.gave = 0
        self._listed = listed
        self._names: dict[tuple[str, str], dict[str, int]] = {}
        self._old = False
        self._waited_s = 0.0
        self._off = False
        self._writes = self._key is not None or self._namespaced
        self._probed = False
        self._shares: set[str] = set()

    def relist(self) -> None:
        """Others have put things there: the next question lists anew. From any thread."""
        self._old = True

    @property
    def writes(self) -> bool:
        """Whether what is made goes there, too."""
        return self._writes and not self._off

    def said(self) -> str:
        """One line about this run."""
        if self.note:
            return self.note
        mode = "reads and writes" if self.writes else "reads only"
        said = f"shared store {self.bucket.address}: {mode}, took {self.records} records and {self.files} files"
        return f"{said} ({self.bytes} bytes)" + (f", refused {self.refused}" if self.refused else "")

    def answers(self, name: str) -> bool:
        """Whether the storage answers at all, by one small question; if not, it is left alone from here on."""
        self._ask(partial(self.bucket.head, f"v1/packs/{name}"))
        return not self._off

    # --- reading

    def record(self, key: str) -> bytes | None:
        """The record of that key as it lies there (signature included), verified; None when there is none that counts."""
        if self._off or key in self._lost:
            return None
        for top in self._tops:
            if self._absent(top, "rec", key):
                continue
            found = self._ask(partial(self.bucket.get, _path(top, "rec", key), limit_bytes=RECORD_LIMIT_BYTES))
            if found is None:
                continue
            if self._counts(top, key, found.data):
                self.records += 1
                self.bytes += len(found.data)
                return found.data
            self._refuse(top, "rec", key)
        return None

    def blob(self, digest: str) -> bytes | None:
        """The bytes of that digest, verified; None when they are not there."""
        if self._off or digest in self._lost:
            return None
        for top in self._tops:
            if self._absent(top, "cas", digest):
                continue
            found = self._ask(partial(self.bucket.get, _path(top, "cas", digest), limit_bytes=BLOB_LIMIT_BYTES))
            if found is None:
                continue
            if digest_of(found.data) == digest:
                self.files += 1
                self.bytes += len(found.data)
                return found.data
            self._refuse(top, "cas", digest)
        if not self._off:
            self._lost.add(digest)  # it was listed, or asked for because a record names it
        return None

    def size(self, digest: str) -> int | None:
        """Bytes of a blob, by listing or by a question; None when it is not there."""
        if self._off or digest in self._lost or not is_name(digest):
            return None
        for top in self._tops:
            if self._listed and (size := self._listing(top, "cas").get(digest)) is not None:
                return size
        for top in self._tops:  # put there since, perhaps: what a record names is worth a question
            entry = self._ask(partial(self.bucket.head, _path(top, "cas", digest)))
            if entry is not None:
                return entry.bytes
        return None

    def pack(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Key and bytes of the records that a site needed last, verified: one request in the place of thousands.

        What shares of a build left since then comes behind it, a request for each share.
        """
        for top in self._tops:
            yield from self._packed(top, f"{top}packs/{name}")
            for path in [entry.key for entry in self._ask(partial(self._at, f"{top}packs/{name}{_SHARES}")) or []]:
                yield from self._packed(top, path)
                self._shares |= {path} if top == self._own else set()

    def _packed(self, top: str, path: str) -> Iterator[tuple[str, bytes]]:
        found = self._ask(partial(self.bucket.get, path, limit_bytes=_PACK_LIMIT_BYTES))
        if found is None:
            return
        self.bytes += len(found.data)
        for key, data in _unpacked(found.data):
            if self._counts(top, key, data):
                self.records += 1
                yield key, data
            else:
                self.refused += 1

    def names(self, shelf: str) -> Mapping[str, int]:
        """Names and sizes on the shelf `cas` or `rec` of the part that is ours to write."""
        return self._listing(self._own, shelf)

    def read(self, key: str) -> Mapping[str, Json] | None:
        """What a record says; None when there is none that counts."""
        data = self.record(key)
        return unseal(data, key) if data is not None else None

    def entries(self, shelf: str) -> list[Entry]:
        """What lies on the shelf `cas`, `rec` or `bad` of our own part, with its age."""
        return self._ask(partial(self._at, f"{self._own}{shelf}")) or []

    def now(self) -> float:
        """By the storage's own clock, in seconds since the epoch; 0 where it cannot be had, and `note` says why."""
        return self._ask(partial(bucket_time, self.bucket, f"{self._own}clock"), writing=True) or 0.0

    def stale_namespaces(self, horizon: float) -> list[Entry]:
        """All objects of namespaces in which nothing is as young as `horizon` (seconds since the epoch)."""
        spaces: dict[str, list[Entry]] = {}
        for entry in self._ask(partial(self._at, "pr")) or []:
            spaces.setdefault(entry.key.split("/")[1], []).append(entry)
        old = (space for space in spaces.values() if max(entry.modified for entry in space) < horizon)
        return [entry for space in old for entry in space]

    # --- writing

    def can_create(self) -> bool:
        """Whether records can be written here, asked of the storage itself."""
        return self.writes and self._conditions_hold()

    def remove(self, entries: Iterable[Entry]) -> None:
        """Delete objects."""
        keys = [entry.key for entry in entries]
        if keys:
            self._ask(lambda: self.bucket.delete(keys), writing=True)
            self._names.clear()

    def put_blob(self, digest: str, data: bytes) -> bool:
        """Make sure that the bytes are there. False when they are not, and the run goes on without."""
        if not self.writes:
            return False
        if digest in self._lost or not self._has_own(digest):
            if self._ask(lambda: self.bucket.put(_path(self._own, "cas", digest), data), writing=True) is None:
                return False
            self._lost.discard(digest)
            self._names.get((self._own, "cas"), {})[digest] = len(data)
            self.gave += 1
        return True

    def create(self, key: str, line: bytes) -> bytes | None:
        """Write a record unless there is one, and return the one that stands then; None when nobody can say.

        The blobs that it names must be there already.
        """
        if not self.writes or not self._conditions_hold():
            return None
        data = self._key.signed(line) if self._key is not None and not self._namespaced else line
        path = _path(self._own, "rec", key)
        for _ in range(2):
            if self._ask(lambda: self.bucket.create(path, data) or "", writing=True):
                self._names.get((self._own, "rec"), {})[key] = len(data)
                self._lost.discard(key)
                self.gave += 1
                return data
            if self._off or not self._writes:
                return None
            there = self._ask(lambda: self.bucket.get(path, limit_bytes=RECORD_LIMIT_BYTES))
            if there is not None and self._counts(self._own, key, there.data):
                return there.data
            if there is None:
                return None
            self._refuse(self._own, "rec", key)
        return None

    def forget(self, key: str) -> None:
        """A record whose blobs are lost, or which is to give way."""
        self._lost.add(key)
        if self.writes:
            self._set_aside(self._own, "rec", key)

    def put_pack(self, name: str, records: Iterable[tuple[str, bytes]], share: str = "") -> None:
        """Write the pack of a site, or of one `share` of its build; records of others keep their signatures, our own get ours.

        What shares left, and this run has read, is in the pack of the whole, and goes.
        """
        if not self.writes:
            return
        signed = []
        for key, data in sorted(records):
            ours = self._key is not None and not is_signed(data, self._trusted)
            # Three lines each: the key, the record, its signature or nothing.
            signed.append(key.encode() + b"\n" + (self._key.signed(line_of(data)) if ours and self._key else data))
            signed[-1] += b"\n" * (3 - signed[-1].count(b"\n"))
        packed = zlib.compress(b"".join(signed), 6)
        path = f"{self._own}packs/{name}{_SHARES}/{share}" if share else f"{self._own}packs/{name}"
        before = self._ask(lambda: self.bucket.head(path))
        same = before is not None and before.sha256 == digest_of(packed)
        if same or self._ask(lambda: self.bucket.put(path, packed), writing=True) is not None:
            shares, self._shares = self._shares if not share else set(), set()
            if shares:
                self._ask(partial(self.bucket.delete, sorted(shares)), writing=True)

    # --- inside

    def _counts(self, top: str, key: str, data: bytes) -> bool:
        """Whether a record may be used: written for this key, whole, and signed where others write."""
        try:
            unseal(data, key)
        except ValueError:
            return False
        return is_signed(data, self._trusted) or (self._namespaced and top == self._own)

    def _has_own(self, digest: str) -> bool:
        """Whether a blob is there. Its size is enough: who reads it verifies it, and what is wrong is put again."""
        if self._listed:
            return any(digest in self._listing(top, "cas") for top in self._tops)
        return self.size(digest) is not None

    def _absent(self, top: str, shelf: str, name: str) -> bool:
        """Whether the listing says that there is no such object, where there is a listing."""
        return not is_name(name) or (self._listed and name not in self._listing(top, shelf))

    def _listing(self, top: str, shelf: str) -> dict[str, int]:
        if self._old:
            self._old = False
            self._names.clear()
        if (top, shelf) not in self._names:
            entries = self._ask(partial(self._shelf, f"{top}{shelf}")) or []
            named = ((entry.key.rpartition("/")[2], entry.bytes) for entry in entries)
            self._names[top, shelf] = {name: size for name, size in named if is_name(name)}
        return self._names[top, shelf]

    def _at(self, folder: str) -> list[Entry]:
        return list(self.bucket.list(folder))

    def _shelf(self, folder: str) -> list[Entry]:
        """A shelf has 256 folders, evenly filled. A large one is listed folder by folder, many at once."""
        first = self._at(f"{folder}/00")
        if len(first) <= _WIDE:
            return self._at(folder)
        rest = together(self._at, [f"{folder}/{number:02x}" for number in range(1, 256)])
        self.requests += 256
        return [*first, *(entry for entries in rest for entry in entries)]

    def _refuse(self, top: str, shelf: str, name: str) -> None:
        """Damaged or forged: counted, not asked for again, and out of the way where we may."""
        self.refused += 1
        if not self.writes or top != self._own or not self._set_aside(top, shelf, name):
            self._lost.add(name)

    def _set_aside(self, top: str, shelf: str, name: str) -> bool:
        path = _path(top, shelf, name)
        self._names.get((top, shelf), {}).pop(name, None)
        moved = self._ask(lambda: self.bucket.copy(path, f"{top}bad/{shelf}-{name}"), writing=True)
        if moved:
            self._ask(lambda: self.bucket.delete([path]), writing=True)
        return bool(moved) and self.writes

    def _conditions_hold(self) -> bool:
        """Asked once: a storage that overwrites in spite of a condition would let machines differ."""
        if not self._probed:
            self._probed = True
            holds = self._ask(lambda: honours_conditions(self.bucket, f"{self._own}probe"), writing=True)
            if holds is False:
                self._no_more_writes("ignores conditional writes: two machines would overwrite each other")
        return self.writes

    def _ask(self, request: Callable[[], Result], *, writing: bool = False) -> Result | None:
        """What the storage answers, None once it is left alone. A refusal to write ends writing only."""
        if self._off or (writing and not self._writes):
            return None
        started = self._clock()
        bytes_before = self.bytes
        try:
            self.requests += 1
            answer = request()
        except BucketUnreachable as error:
            self._off = True
            self.note = f"shared store {self.bucket.address} does not answer: left alone, the build goes on without it"
            self.detail = error.message
            return None
        except BucketDenied as error:
            self._refused_us(error, writing=writing)
            return None
        except BucketError as error:
            if writing:
                self.detail = error.message
                self._no_more_writes("takes nothing")
            else:
                self.refused += 1  # larger than anything of ours
            return None
        data = getattr(answer, "data", b"")
        fair_s = _FAIR_S + (len(data) + self.bytes - bytes_before) / _FAIR_BYTES_PER_S
        self._waited_s += max(0.0, self._clock() - started - fair_s)
        if self._waited_s > self._slow_s:
            self._off = True
            self.note = f"shared store {self.bucket.address} is too slow: the build goes on without it"
        return answer

    def _refused_us(self, error: BucketDenied, *, writing: bool) -> None:
        self.detail = error.hint or error.message
        if writing:
            self._no_more_writes("refuses what we write")
        else:
            self._off = True
            self.note = f"shared store {self.bucket.address} refuses our credentials: the build goes on without it"

    def _no_more_writes(self, why: str) -> None:
        self._writes = False
        self.note = self.note or f"nothing is written to the shared store {self.bucket.address}, which {why}"


def _path(top: str, shelf: str, name: str) -> str:
    return f"{top}{shelf}/{name[:2]}/{name}"


def _unpacked(packed: bytes) -> Iterator[tuple[str, bytes]]:
    """Key and bytes of the records of a pack. What is cut or swollen yields what can be read of it."""
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(packed, _PACK_LIMIT_BYTES)
    except zlib.error:
        return
    lines = text.split(b"\n")
    for key, line, below in zip(lines[::3], lines[1::3], lines[2::3], strict=False):
        yield key.decode("ascii", "replace"), line + b"\n" + (below + b"\n" if below else b"")
