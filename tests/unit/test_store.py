"""The store, one promise at a time: what is kept, what stands, what is refused, what is swept."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from aibild_build.canonical import canonical, digest_of, key_of
from aibild_build.errors import StoreError
from aibild_build.model import Json
from aibild_build.store import BLOB_LIMIT_BYTES, RECORD_LIMIT_BYTES, Store
from aibild_build.store.lines import seal
from aibild_build.store.upkeep import Record

DAY_S = 86400.0
NOW = 1_600_000_000.0  # long past, so that whatever a test uses counts as young


def digests(record: Record) -> Iterable[str]:
    value = record.get("digest")
    return [value] if isinstance(value, str) else []


def key(number: int) -> str:
    return key_of({"test": number})


def blob_path(store: Store, digest: str) -> Path:
    return store.root / "cas" / digest[:2] / digest


def record_path(store: Store, name: str) -> Path:
    return store.root / "rec" / name[:2] / name


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# --- blobs


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("data", [b"", b"picture", bytes(range(256)) * 999])
def test_a_blob_comes_back_by_its_digest(store: Store, data: bytes, durable: bool) -> None:
    stored = store.put(data, durable=durable)
    assert (stored.digest, stored.kept) == (digest_of(data), True)
    assert store.get(stored.digest) == data
    assert store.has(stored.digest)
    assert store.size(stored.digest) == len(data)
    assert os.listdir(store.root / "tmp") == []
    assert blob_path(store, stored.digest).stat().st_nlink == 1


def test_the_same_bytes_are_one_file(store: Store) -> None:
    first = store.put(b"picture")
    inode = blob_path(store, first.digest).stat().st_ino
    assert store.put(b"picture") == first
    assert blob_path(store, first.digest).stat().st_ino == inode
    assert store.stats().blobs == 1


def test_an_absent_blob_is_a_miss_and_makes_no_folder(store: Store) -> None:
    assert store.get("0" * 64) is None
    assert not store.has("0" * 64)
    assert store.lookup("0" * 64) is None
    assert list(store.records()) == []
    assert store.stats().bytes == 0
    assert not store.root.exists()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "/etc/passwd", "٠" * 64])
def test_only_a_digest_is_ever_a_path(store: Store, name: str) -> None:
    store.put(b"picture")
    assert store.get(name) is None
    assert store.size(name) is None
    assert store.lookup(name) is None
    assert not store.set_aside(name)
    assert store.damaged == 0
    with pytest.raises(StoreError):
        store.record(name, "asset", {})


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    rewrite(path, bytes(data))


def truncate(path: Path) -> None:
    rewrite(path, path.read_bytes()[:-1])


def empty(path: Path) -> None:
    rewrite(path, b"")


def rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("rot", [flip, truncate, empty])
def test_a_rotten_blob_is_moved_aside_and_made_again(store: Store, rot: Callable[[Path], None]) -> None:
    digest = store.put(b"picture").digest
    rot(blob_path(store, digest))
    assert store.get(digest) is None
    assert (store.damaged, store.stats().bad, store.has(digest)) == (1, 1, False)
    assert store.put(b"picture").kept
    assert store.get(digest) == b"picture"


@pytest.mark.parametrize("rot", [flip, truncate, empty])
def test_putting_heals_a_blob_that_nobody_has_read(store: Store, rot: Callable[[Path], None]) -> None:
    digest = store.put(b"picture").digest
    rot(blob_path(store, digest))
    assert store.put(b"picture").kept
    assert store.get(digest) == b"picture"


def plant_link(path: Path) -> None:
    secret = path.parents[3] / "secret"
    secret.write_bytes(b"picture")  # even the right bytes: the store owns its files
    path.symlink_to(secret)


def plant_folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").touch()


def plant_pipe(path: Path) -> None:
    os.mkfifo(path)


def plant_giant(path: Path) -> None:
    with path.open("wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            file.truncate(BLOB_LIMIT_BYTES + 1)


@pytest.mark.parametrize("plant", [plant_link, plant_folder, plant_pipe, plant_giant])
def test_what_is_no_blob_is_moved_aside_unread(store: Store, plant: Callable[[Path], None]) -> None:
    digest = store.put(b"picture").digest
    path = blob_path(store, digest)
    path.unlink()
    plant(path)
    assert store.get(digest) is None
    assert not os.path.lexists(path)
    assert store.stats().bad == 1
    assert store.put(b"picture").kept
    assert store.get(digest) == b"picture"


def test_foreign_files_lie_undisturbed(store: Store) -> None:
    store.put(b"picture")
    store.record(key(1), "asset", {})
    foreign = [
        store.root / "cas" / "cover.png",
        store.root / "cas" / "00" / "cover.png",
        store.root / "rec" / "zz" / ("0" * 64),
        store.root / "cas" / "aa" / ("b" * 64),  # a digest in the wrong folder
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG")
    assert list(store.verify()) == []
    assert (store.stats().blobs, store.stats().records) == (1, 1)
    store.gc([], max_bytes=None, grace_s=0, now=NOW * 2, digests_of=digests)
    assert store.stats().bytes == 0
    assert all(path.exists() for path in foreign)


# --- records


def test_a_record_is_one_canonical_line(store: Store) -> None:
    stands = store.record(key(1), "asset", {"size": (3, 4), "ratio": 2.0, "title": "Grüße"})
    assert stands == {"schema": 1, "key": key(1), "kind": "asset", "size": [3, 4], "ratio": 2, "title": "Grüße"}
    assert store.lookup(key(1)) == stands
    data = record_path(store, key(1)).read_bytes()
    assert data.count(b"\n") == 1 and data.endswith(b"\n")
    assert data == canonical(json.loads(data)) + b"\n"


def test_a_second_line_is_left_to_a_signature(store: Store) -> None:
    stands = store.record(key(1), "asset", {"digest": "x"})
    path = record_path(store, key(1))
    rewrite(path, path.read_bytes() + b"ed25519 c2lnbmF0dXJl\n")
    assert store.lookup(key(1)) == stands


def test_the_first_writer_wins_and_the_others_adopt(store: Store) -> None:
    first = store.record(key(1), "asset", {"digest": "first"})
    other = Store(store.root)
    assert other.record(key(1), "asset", {"digest": "second"}) == first
    assert other.lookup(key(1)) == first


def test_many_writers_at_once_all_return_the_same(store: Store) -> None:
    barrier = threading.Barrier(8)
    answers: list[Record] = []

    def write(number: int) -> None:
        own = Store(store.root)
        for round_number in range(25):
            barrier.wait()
            answers.append(own.record(key(round_number), "asset", {"made_by": number, "round": round_number}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    assert len({canonical(answer) for answer in answers}) == 25
    assert os.listdir(store.root / "tmp") == []


def test_no_record_without_its_blobs(store: Store) -> None:
    missing = digest_of(b"never put")
    stands = store.record(key(1), "asset", {"digest": missing}, needs=[missing])
    assert stands["digest"] == missing  # the build that has the bytes goes on
    assert store.lookup(key(1)) is None
    stored = store.put(b"picture")
    store.record(key(1), "asset", {"digest": stored.digest}, needs=[stored.digest], durable=True)
    assert store.lookup(key(1)) is not None


def test_a_record_set_aside_makes_room(store: Store) -> None:
    store.record(key(1), "asset", {"digest": "lost"})
    assert store.set_aside(key(1))
    assert store.lookup(key(1)) is None
    assert store.record(key(1), "asset", {"digest": "new"})["digest"] == "new"
    assert not store.set_aside(key(2))


@pytest.mark.parametrize("field", ["schema", "key", "kind", "check"])
def test_reserved_fields_are_refused(store: Store, field: str) -> None:
    with pytest.raises(StoreError, match="reserved"):
        store.record(key(1), "asset", {field: "x"})


def test_a_record_has_a_size(store: Store) -> None:
    with pytest.raises(StoreError, match="the limit is"):
        store.record(key(1), "asset", {"evidence": "x" * RECORD_LIMIT_BYTES})


def test_records_are_listed_by_kind(store: Store) -> None:
    for number in range(6):
        store.record(key(number), "asset" if number % 2 else "rendition", {"number": number})
    assert sorted(record["number"] for record in store.records("asset")) == [1, 3, 5]  # type: ignore[type-var]
    names = [record["key"] for record in store.records()]
    assert names == sorted(key(number) for number in range(6))


def forged(**fields: Json) -> bytes:
    """A record with a right check: what somebody who knows the format could plant."""
    full: dict[str, Json] = {"schema": 1, "key": key(1), "kind": "asset", **fields}
    return canonical({**full, "check": digest_of(canonical(full))}) + b"\n"


SOUND = seal(key(1), "asset", {"width": 800, "digest": digest_of(b"picture")})
HOSTILE = {
    "replayed from another key": seal(key(2), "asset", {"width": 800}),
    "truncated": SOUND[: len(SOUND) // 2],
    "without its newline": SOUND[:-1],
    "empty": b"",
    "one digit flipped": SOUND.replace(b'"width":800', b'"width":900'),
    "no check": canonical({"schema": 1, "key": key(1), "kind": "asset"}) + b"\n",
    "odd check": canonical({"schema": 1, "key": key(1), "kind": "asset", "check": [1]}) + b"\n",
    "respaced": json.dumps(json.loads(SOUND)).encode() + b"\n",
    "unknown schema": forged(schema=2),
    "no kind": forged(kind=None),
    "key in capitals": forged(key=key(1).upper()),
    "not a mapping": b"[]\n",
    "no JSON": b"\x89PNG\r\n\x1a\n",
    "no UTF-8": b'{"schema":1,"\xff":1}\n',
    "NaN": SOUND.replace(b'"width":800', b'"width":NaN'),
    "deeper than the stack": b"[" * 200_000 + b"\n",
    "a number of many digits": b'{"schema":' + b"9" * 100_000 + b"}\n",
    "over a mebibyte": b" " * RECORD_LIMIT_BYTES + SOUND,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_record_is_a_plain_miss(store: Store, data: bytes) -> None:
    store.record(key(1), "asset", {"width": 800})
    rewrite(record_path(store, key(1)), data)
    assert store.lookup(key(1)) is None
    assert (store.damaged, store.stats().bad, store.stats().records) == (1, 1, 0)
    assert store.record(key(1), "asset", {"width": 801})["width"] == 801


@pytest.mark.parametrize("plant", [plant_link, plant_folder, plant_pipe])
def test_what_is_no_record_is_moved_aside(store: Store, plant: Callable[[Path], None]) -> None:
    store.record(key(1), "asset", {"width": 800})
    record_path(store, key(1)).unlink()
    plant(record_path(store, key(1)))
    assert store.lookup(key(1)) is None
    assert store.record(key(1), "asset", {"width": 801})["width"] == 801
    assert store.lookup(key(1)) is not None


@pytest.mark.parametrize("digest", ["../../etc/passwd", "/etc/passwd", "0" * 64])
def test_a_record_that_names_a_strange_blob_leads_nowhere(store: Store, digest: str) -> None:
    record_path(store, key(1)).parent.mkdir(parents=True)
    record_path(store, key(1)).write_bytes(forged(digest=digest, bytes=1 << 40))
    stands = store.lookup(key(1))
    assert stands is not None
    assert store.get(str(stands["digest"])) is None
    assert store.damaged == 0


# --- several builds at once


def test_a_flight_is_single(store: Store) -> None:
    inside: list[int] = []
    most: list[int] = []

    def fly(number: int) -> None:
        for _ in range(20):
            with Store(store.root).single_flight(key(7), key(number)):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=fly, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 80
    assert max(most) == 1


def test_flights_are_not_nested(store: Store) -> None:
    with store.single_flight(key(1)), pytest.raises(StoreError, match="nested"), store.single_flight(key(2)):
        pass
    with store.single_flight(key(1), key(1), key(2)):
        pass


# --- when nothing can be written


def test_a_read_only_store_answers_and_adds_nothing(tmp_path: Path) -> None:
    writable = Store(tmp_path / "store")
    stored = writable.put(b"picture")
    writable.record(key(1), "asset", {"digest": stored.digest})
    rotten = writable.put(b"rotten").digest
    flip(blob_path(writable, rotten))
    before = [(name, (tmp_path / name).lstat().st_mtime_ns) for name in tree(tmp_path)]

    store = Store(tmp_path / "store", read_only=True)
    assert store.get(stored.digest) == b"picture"
    assert store.lookup(key(1)) == writable.lookup(key(1))
    assert store.get(rotten) is None
    assert not store.put(b"another").kept
    assert store.put(b"picture").kept
    assert store.record(key(2), "asset", {"digest": "x"})["digest"] == "x"
    assert not store.set_aside(key(1))
    with store.single_flight(key(2)):
        assert store.lookup(key(2)) is None
    assert [problem.moved for problem in store.verify()] == [False]
    assert "read-only" in store.degraded and "\n" not in store.degraded
    with pytest.raises(StoreError, match="read-only"):
        store.gc([], max_bytes=None, grace_s=0, now=NOW, digests_of=digests)
    names = [name for name, _ in before]
    assert tree(tmp_path) == names
    unread = [(name, time) for name, time in before if name != f"store/rec/{key(1)[:2]}/{key(1)}"]
    assert [(name, (tmp_path / name).lstat().st_mtime_ns) for name, _ in unread] == unread


def test_a_store_that_was_never_made_may_be_read_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", read_only=True)
    assert not store.put(b"picture").kept
    assert tree(tmp_path) == []


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store").touch()
    with pytest.raises(StoreError, match="expected a folder for the store"):
        Store(tmp_path / "store")


@pytest.mark.parametrize("blocked", ["cas", "rec", "tmp", "lock"])
def test_a_broken_folder_means_built_not_cached(store: Store, blocked: str) -> None:
    store.root.mkdir()
    (store.root / blocked).touch()
    stored = store.put(b"picture")
    with store.single_flight(key(1)):
        assert store.record(key(1), "asset", {"digest": stored.digest}, needs=[stored.digest])["digest"] == stored.digest
    assert store.degraded.startswith("built, not cached: the store ")
    assert list(store.verify(digests)) == []


def test_a_blob_over_the_limit_is_not_kept(store: Store) -> None:
    huge = bytes(BLOB_LIMIT_BYTES + 1)
    assert not store.put(huge).kept
    assert "over the limit" in store.degraded
    assert store.put(b"small").kept


# --- upkeep


def fill(store: Store, number: int, *, age_days: float, shared: bytes = b"") -> str:
    """A record with one blob of 1000 bytes, both last used so many days before `NOW`; returns its digest."""
    data = shared or bytes([number]) * 1000
    digest = store.put(data).digest
    store.record(key(number), "asset", {"digest": digest, "number": number}, needs=[digest])
    for path in (blob_path(store, digest), record_path(store, key(number))):
        os.utime(path, (NOW - age_days * DAY_S,) * 2)
    return digest


def numbers(store: Store) -> list[Json]:
    return sorted(record["number"] for record in store.records())  # type: ignore[type-var]


def test_gc_keeps_roots_and_the_young(store: Store) -> None:
    kept = [fill(store, 1, age_days=90), fill(store, 2, age_days=3)]
    lost = fill(store, 3, age_days=90)
    report = store.gc([key(1), key(99)], max_bytes=None, grace_s=14 * DAY_S, now=NOW, digests_of=digests)
    assert (report.records, report.blobs) == (1, 1)
    assert report.freed_bytes > 1000
    assert report.left_bytes == store.stats().bytes
    assert numbers(store) == [1, 2]
    assert all(store.has(digest) for digest in kept)
    assert not store.has(lost)
    assert list(store.verify(digests)) == []


def test_gc_keeps_a_blob_as_long_as_one_record_names_it(store: Store) -> None:
    shared = fill(store, 1, age_days=90, shared=b"shared" * 99)
    fill(store, 2, age_days=90, shared=b"shared" * 99)
    store.gc([key(2)], max_bytes=None, grace_s=DAY_S, now=NOW, digests_of=digests)
    assert numbers(store) == [2]
    assert store.has(shared)


def test_gc_with_a_size_drops_the_least_recently_used_until_it_fits(store: Store) -> None:
    for number in range(1, 7):
        fill(store, number, age_days=100 - number)
    whole = store.stats().bytes
    report = store.gc([key(1)], max_bytes=whole - 2500, grace_s=DAY_S, now=NOW, digests_of=digests)
    assert numbers(store) == [1, 4, 5, 6]
    assert report.left_bytes == store.stats().bytes <= whole - 2500
    again = store.gc([key(1)], max_bytes=whole - 2500, grace_s=DAY_S, now=NOW, digests_of=digests)
    assert (again.records, again.blobs, again.freed_bytes) == (0, 0, 0)


def test_a_hit_is_a_use(store: Store) -> None:
    digest = fill(store, 1, age_days=90)
    fill(store, 2, age_days=90)
    assert store.lookup(key(1)) is not None
    used = record_path(store, key(1)).stat().st_mtime
    store.gc([], max_bytes=None, grace_s=DAY_S, now=used + DAY_S / 2, digests_of=digests)
    assert numbers(store) == [1]
    assert store.has(digest)


def test_gc_spares_what_is_used_while_it_runs(store: Store) -> None:
    digest = fill(store, 1, age_days=90)
    fill(store, 2, age_days=90)
    other = Store(store.root)

    def digests_and_a_hit(record: Record) -> Iterable[str]:
        if record["number"] == 1:
            assert other.lookup(key(1)) is not None
        return digests(record)

    store.gc([], max_bytes=None, grace_s=DAY_S, now=NOW, digests_of=digests_and_a_hit)
    assert numbers(store) == [1]
    assert store.has(digest)


def test_gc_leaves_what_another_build_is_making(store: Store) -> None:
    young = store.put(b"its record is not written yet").digest
    os.utime(blob_path(store, young), (NOW - 5,) * 2)
    old = store.put(b"its build was killed").digest
    os.utime(blob_path(store, old), (NOW - 90 * DAY_S,) * 2)
    report = store.gc([], max_bytes=1 << 40, grace_s=DAY_S, now=NOW, digests_of=digests)
    assert (report.blobs, store.has(young), store.has(old)) == (1, True, False)


def test_gc_empties_the_quarantine_after_the_grace_period(store: Store) -> None:
    digest = store.put(b"picture").digest
    flip(blob_path(store, digest))
    assert store.get(digest) is None
    plant_folder(store.root / "bad" / "folder")
    moved = max(path.lstat().st_ctime for path in (store.root / "bad").iterdir())
    assert store.gc([], max_bytes=None, grace_s=DAY_S, now=moved + 10, digests_of=digests).bad == 0
    assert store.gc([], max_bytes=None, grace_s=DAY_S, now=moved + 2 * DAY_S, digests_of=digests).bad == 2
    assert store.stats().bad == 0


def test_temporary_files_of_the_dead_are_swept_and_of_the_living_are_not(store: Store) -> None:
    temporary = store.root / "tmp"
    temporary.mkdir(parents=True)
    for name in ("1-0", f"{os.getpid()}-0", "left.png"):
        (temporary / name).write_bytes(b"half a pict")
    with (temporary / "2-0").open("wb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert store.put(b"picture").kept
        assert os.listdir(temporary) == ["2-0"]
    assert store.gc([], max_bytes=None, grace_s=DAY_S, now=NOW, digests_of=digests).tmp == 1
    assert os.listdir(temporary) == []


def test_verify_names_every_problem(store: Store) -> None:
    good, rotten, gone = (fill(store, number, age_days=1) for number in (1, 2, 3))
    flip(blob_path(store, rotten))
    blob_path(store, gone).unlink()
    fill(store, 4, age_days=1)
    truncate(record_path(store, key(4)))
    problems = {(problem.shelf, problem.name): problem for problem in store.verify(digests)}
    assert set(problems) == {("blob", rotten), ("record", key(2)), ("record", key(3)), ("record", key(4))}
    assert problems["blob", rotten].why == "is not what its name says"
    assert problems["record", key(3)].why == f"needs the blob {gone}, which is absent"
    assert problems["record", key(4)].why == "is cut short"
    assert {name for (_, name), problem in problems.items() if problem.moved} == {rotten, key(4)}
    assert store.has(good)
    assert {problem.shelf for problem in store.verify()} == set()


def test_stats_measure_against_the_size_that_was_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", max_bytes=1500)
    store.put(bytes(1000))
    assert store.stats().over_bytes == 0
    store.put(bytes(1001))
    assert store.stats().bytes == 2001
    assert store.stats().over_bytes == 501
