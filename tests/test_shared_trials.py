"""Trials of the shared store: machines that race, records that lie, bytes that rot, networks that fail. No build is needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aibild_build.bucket import Bucket, Patience, open_bucket
from aibild_build.build.jobs import _keep
from aibild_build.canonical import digest_of
from aibild_build.engines import Drawn
from aibild_build.errors import StoreError
from aibild_build.imagefile import encode_png
from aibild_build.plan.records import digests_of
from aibild_build.recipe import compose
from aibild_build.store import RecordKey, Remote, Store, gc_remote, new_key, pull, push, stats_remote, verify_remote
from aibild_build.store.lines import seal
from tests.support import proxy
from tests.support.buckets import Server, free_ports
from tests.support.faults import faulty

PEM, PUBLIC = new_key()
OTHER, _ = new_key()
HASTY = Patience(connect_s=2, read_s=10, request_s=60, tries=1, retry_s=2)


def _key(name: str) -> str:
    return digest_of(name.encode())


class Site:
    """Machines around one bucket."""

    def __init__(self, folder: Path, open_one: Callable[[], Bucket]) -> None:
        self.folder, self.open, self._count = folder, open_one, 0

    def machine(self, *, pem: bytes | None = None, namespace: str = "", listed: bool = True, slow_s: float = 30) -> Store:
        """A store with an empty disk of its own."""
        self._count += 1
        key = RecordKey(pem) if pem else None
        remote = Remote(self.open(), trusted=[PUBLIC], key=key, namespace=namespace, clock=time.monotonic, slow_s=slow_s)
        remote.begin(listed=listed)
        return Store(self.folder / f"machine-{self._count}", remote=remote)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, lambda: open_bucket(f"file://{tmp_path}/shared", environ={}))


def make(store: Store, name: str, data: bytes) -> tuple[str, str]:
    """What a job does: bytes, then the record. Returns the digest that stands under the key of `name`, and the key."""
    digest = store.put(data).digest
    stands = store.record(_key(name), "encode", {"digest": digest}, needs=(digest,))
    return str(stands["digest"]), _key(name)


def taken(store: Store, name: str) -> bytes | None:
    """The bytes that a machine finds under a key, or None for a miss."""
    record = store.lookup(_key(name))
    return store.get(str(record["digest"])) if record is not None else None


def test_what_one_gave_another_takes_once(site: Site) -> None:
    writer, reader = site.machine(pem=PEM), site.machine()
    make(writer, "a", b"bytes of a")
    assert taken(reader, "a") == b"bytes of a"
    assert reader.remote is not None and reader.remote.files == 1
    alone = Store(reader.root)
    assert taken(alone, "a") == b"bytes of a", "what was taken is kept here"
    make(reader, "b", b"reader's")
    assert taken(site.machine(), "b") is None, "a reader gives nothing"


@pytest.mark.parametrize(
    "forge",
    [
        lambda line: line,
        lambda line: RecordKey(OTHER).signed(line),
        lambda line: RecordKey(PEM).signed(seal(_key("another"), "encode", {"digest": "0" * 64})),
        lambda line: RecordKey(PEM).signed(line)[:-40],
        lambda line: RecordKey(PEM).signed(line)[: len(line) // 2],
        lambda line: RecordKey(PEM).signed(line).replace(b"encode", b"decode"),
        lambda line: RecordKey(PEM).signed(line).replace(PUBLIC.encode(), RecordKey(OTHER).public.encode()),
        lambda line: RecordKey(PEM).signed(seal(_key("a"), "encode", {"digest": "../../etc/passwd"})),
        lambda line: line + b"ed25519 x y\n" * 3,
        lambda line: b"\xff" * 2_000_000,
        lambda line: b"",
    ],
    ids=["unsigned", "stranger", "replayed", "short signature", "cut", "changed", "other name", "path", "noise", "huge", "empty"],
)
def test_a_record_that_lies_is_a_miss(site: Site, forge: Callable[[bytes], bytes]) -> None:
    bucket, digest = site.open(), digest_of(b"evil")
    bucket.put(f"v1/cas/{digest[:2]}/{digest}", b"evil")
    path = f"v1/rec/{_key('a')[:2]}/{_key('a')}"
    bucket.put(path, forge(seal(_key("a"), "encode", {"digest": digest})))
    for listed in (True, False):
        reader = site.machine(listed=listed)
        assert taken(reader, "a") is None
        assert reader.degraded == ""
    writer = site.machine(pem=PEM)
    if taken(writer, "a") is None and "passwd" not in str(writer.lookup(_key("a"))):
        assert make(writer, "a", b"right")[0] == digest_of(b"right")
        if bucket.head(path).bytes < 1 << 20:  # type: ignore[union-attr]
            assert taken(site.machine(), "a") == b"right"


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: bytes([data[0] ^ 1]) + data[1:]])
def test_damaged_bytes_are_never_used(site: Site, damage: Callable[[bytes], bytes]) -> None:
    writer, bucket = site.machine(pem=PEM), site.open()
    digest, _ = make(writer, "a", b"bytes of a")
    path = f"v1/cas/{digest[:2]}/{digest}"
    bucket.put(path, damage(b"bytes of a"))
    reader = site.machine()
    assert taken(reader, "a") is None and not reader.has(digest), "and it is not asked for twice"
    fresh = site.machine(pem=PEM)
    assert taken(fresh, "a") is None
    assert [entry.key for entry in bucket.list("v1/bad")] == [f"v1/bad/cas-{digest}"]
    fresh.put(b"bytes of a")
    assert taken(site.machine(), "a") == b"bytes of a"


def test_a_link_in_a_shared_folder_leads_nowhere(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    digest = digest_of(b"secret")
    place = tmp_path / "shared/v1/cas" / digest[:2] / digest
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)
    assert site.machine().get(digest) is None


def test_a_pull_request_keeps_to_itself(site: Site) -> None:
    make(site.machine(pem=PEM), "main", b"main's")
    branch = site.machine(namespace="142")
    assert taken(branch, "main") == b"main's"
    make(branch, "new", b"branch's")
    assert taken(site.machine(namespace="142"), "new") == b"branch's", "its next run finds it"
    for other in (site.machine(), site.machine(pem=PEM), site.machine(namespace="143")):
        assert taken(other, "new") is None
    assert all(entry.key.startswith(("pr/142/", "v1/")) for entry in site.open().list())


def test_a_lost_blob_makes_its_record_give_way(site: Site) -> None:
    writer = site.machine(pem=PEM)
    digest, key = make(writer, "a", b"first")
    site.open().delete([f"v1/cas/{digest[:2]}/{digest}"])
    fresh = site.machine(pem=PEM)
    assert fresh.lookup(key) is not None and not fresh.has(digest)
    fresh.set_aside(key)
    assert make(fresh, "a", b"second")[0] == digest_of(b"second")
    assert taken(site.machine(), "a") == b"second"


@pytest.fixture
def weed(seaweed: Server, tmp_path: Path) -> Iterator[Site]:
    address = seaweed.address("cache", f"trial-{os.urandom(4).hex()}")
    yield Site(tmp_path, lambda: open_bucket(address, environ=seaweed.environ, patience=HASTY))


def test_racing_machines_end_with_the_same_bytes(weed: Site) -> None:
    machines = [weed.machine(pem=PEM, listed=False) for _ in range(3)]
    names = [f"picture {at}" for at in range(8)]
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda at: [make(machines[at], name, f"{name} of {at}".encode())[0] for name in names], range(3)))
    assert runs[0] == runs[1] == runs[2]
    assert [taken(weed.machine(), name) for name in names] == [machines[0].get(digest) for digest in runs[0]]


def test_a_bucket_that_ignores_conditions_is_only_read(rclone: Server, tmp_path: Path) -> None:
    address = rclone.address("cache", f"trial-{os.urandom(4).hex()}")
    loose = Site(tmp_path, lambda: open_bucket(address, environ=rclone.environ, patience=HASTY))
    writer = loose.machine(pem=PEM)
    assert make(writer, "a", b"mine")[0] == digest_of(b"mine"), "the build goes on"
    assert "ignores conditional writes" in writer.degraded
    assert list(loose.open().list("v1/rec")) == []
    with pytest.raises(StoreError, match="ignores conditional writes"):
        push(loose.machine(pem=PEM), digests_of)


def test_a_credential_that_only_reads_cannot_write_whatever_it_tries(seaweed: Server, tmp_path: Path) -> None:
    address = seaweed.address("cache", f"trial-{os.urandom(4).hex()}")
    writer = Site(tmp_path / "w", lambda: open_bucket(address, environ=seaweed.environ)).machine(pem=PEM)
    make(writer, "a", b"main's")
    thief = Site(tmp_path / "r", lambda: open_bucket(address, environ=seaweed.readers)).machine(pem=PEM)
    before = [(entry.key, entry.token) for entry in open_bucket(address, environ=seaweed.environ).list()]
    assert taken(thief, "a") == b"main's"
    assert make(thief, "b", b"thief's")[0] == digest_of(b"thief's")
    assert "refuses what we write" in thief.degraded
    assert [(entry.key, entry.token) for entry in open_bucket(address, environ=seaweed.environ).list()] == before


def test_a_network_that_is_gone_is_left_alone(tmp_path: Path, seaweed: Server) -> None:
    (port,) = free_ports(1)
    gone = Site(
        tmp_path, lambda: open_bucket(f"s3://x?endpoint=http://127.0.0.1:{port}", environ=seaweed.environ, patience=HASTY)
    )
    store = gone.machine(pem=PEM)
    assert taken(store, "a") is None
    assert make(store, "a", b"mine")[0] == digest_of(b"mine") and taken(store, "a") == b"mine"
    assert "does not answer" in store.degraded
    assert store.remote is not None and store.remote.requests == 1, "and asked no more"


def test_a_network_that_is_slow_or_lies(seaweed: Server, tmp_path: Path) -> None:
    address = seaweed.address("cache", f"trial-{os.urandom(4).hex()}")
    writer = Site(tmp_path / "w", lambda: open_bucket(address, environ=seaweed.environ)).machine(pem=PEM)
    for name in ("a", "b", "c"):
        make(writer, name, os.urandom(50_000))
    with proxy.before(seaweed.endpoint) as between:
        far = address.replace(seaweed.endpoint, between.url)
        there = Site(tmp_path / "r", lambda: open_bucket(far, environ=seaweed.readers, patience=HASTY))
        assert len(taken(there.machine(), "a") or b"") == 50_000, "through an honest proxy"
        between.spoil = lambda path, body: body[:-1] + bytes([body[-1] ^ 1]) if "/cas/" in path else body
        liar = there.machine()
        assert taken(liar, "a") is None and liar.remote is not None and liar.remote.refused == 1
        between.spoil = lambda path, body: body.replace(b"encode", b"decode") if "/rec/" in path else body
        assert taken(there.machine(), "b") is None
        between.spoil, between.cut = lambda path, body: body, lambda path: "/cas/" in path
        cut = there.machine()
        assert taken(cut, "c") is None and "does not answer" in cut.degraded
        between.cut, between.delay_s = lambda path: False, 1.5
        slow = there.machine(slow_s=1)
        assert [taken(slow, name) for name in ("a", "b", "c")].count(None) >= 2
        assert "too slow" in slow.degraded


@pytest.mark.parametrize(("fault", "matching"), [("lose", "/rec/"), ("lose", "/cas/"), ("full", "/cas/"), ("full", "/rec/")])
def test_lost_answers_and_a_full_bucket(seaweed: Server, tmp_path: Path, fault: str, matching: str) -> None:
    """What was written counts although its answer was lost; what could not be written ends writing, and nothing else."""
    address = seaweed.address("cache", f"trial-{os.urandom(4).hex()}")
    with faulty(seaweed.endpoint) as harm:
        far = address.replace(seaweed.endpoint, harm.url)
        writer = Site(tmp_path / "w", lambda: open_bucket(far, environ=seaweed.environ, patience=HASTY)).machine(pem=PEM)
        make(writer, "before", b"bytes from before")
        harm.plan(fault, at=1, matching=matching)
        for name in ("a", "b"):
            make(writer, name, name.encode() * 1000)
        assert harm.acted and all(taken(writer, name) == name.encode() * 1000 for name in ("a", "b"))
        assert writer.remote is not None and (fault == "lose" or not writer.remote.writes)
    there = Site(tmp_path / "r", lambda: open_bucket(address, environ=seaweed.environ))
    assert taken(there.machine(), "before") == b"bytes from before"
    found = [taken(there.machine(), name) for name in ("a", "b")]
    assert all(data in (None, name.encode() * 1000) for name, data in zip(("a", "b"), found, strict=True))
    torn = list(verify_remote(there.machine(pem=PEM), digests_of))  # SeaweedFS keeps a body that broke off
    assert all(one.moved for one in torn) and (fault == "full" or not torn)
    assert list(verify_remote(there.machine(pem=PEM), digests_of)) == [], "no record without its bytes"


def test_credentials_that_are_wrong_are_said_once(seaweed: Server, tmp_path: Path) -> None:
    address = seaweed.address("cache", f"trial-{os.urandom(4).hex()}")
    wrong = {**seaweed.environ, "AWS_SECRET_ACCESS_KEY": "wrong"}
    store = Site(tmp_path, lambda: open_bucket(address, environ=wrong, patience=HASTY)).machine(pem=PEM)
    assert taken(store, "a") is None and make(store, "a", b"mine")[0] == digest_of(b"mine")
    assert taken(store, "a") == b"mine" and "refuses our credentials" in store.degraded
    assert store.remote is not None and store.remote.requests == 1, "and asked no more"


def test_push_pull_verify_and_weed(weed: Site) -> None:
    home = weed.machine()
    for at in range(12):
        make(home, f"n{at}", os.urandom(3000))
    with pytest.raises(StoreError, match="no key"):
        push(home, digests_of)
    writer = Store(home.root, remote=weed.machine(pem=PEM).remote)
    assert (push(writer, digests_of).records, push(writer, digests_of).records) == (12, 0)
    empty = weed.machine()
    assert pull(empty, [_key(f"n{at}") for at in range(5)], digests_of).blobs == 5
    stats = stats_remote(writer)
    assert (stats.blobs, stats.records) == (12, 12)
    bucket = weed.open()
    victim = next(iter(bucket.list("v1/cas")))
    bucket.put(victim.key, b"rotten")
    bucket.put(f"v1/rec/00/{'0' * 64}", b"{}\n")
    problems = list(verify_remote(weed.machine(pem=PEM), digests_of))
    assert {(one.shelf, one.name) for one in problems if one.moved} == {("blob", victim.key[-64:]), ("record", "0" * 64)}
    bucket.put("pr/9/v1/rec/aa/x", b"old")
    roots = {_key(f"n{at}") for at in range(3)}
    time.sleep(2.1)  # the bucket's clock counts whole seconds
    weeder = weed.machine(pem=PEM)
    kept = gc_remote(weeder, roots, max_bytes=None, grace_s=3600, digests_of=digests_of)
    assert (kept.records, kept.blobs) == (0, 0), "younger than the grace period"
    capped = gc_remote(weed.machine(pem=PEM), roots, max_bytes=25_000, grace_s=0, digests_of=digests_of)
    assert 0 < capped.records < 9 and capped.left_bytes <= 25_000
    gone = gc_remote(weed.machine(pem=PEM), roots, max_bytes=None, grace_s=0, digests_of=digests_of)
    assert capped.records + gone.records == 9
    assert list(bucket.list("pr")) == [] and list(bucket.list("v1/bad")) == []
    left = weed.machine()
    assert all(left.lookup(key) is not None for key in roots)
    with pytest.raises(StoreError, match="may not remove"):
        gc_remote(weed.machine(), roots, max_bytes=None, grace_s=0, digests_of=digests_of)


def test_a_pack_brings_every_record_in_one_request(weed: Site) -> None:
    writer = weed.machine(pem=PEM)
    for at in range(20):
        make(writer, f"n{at}", b"%d" % at)
    writer.share_pack("site")
    reader = Store(weed.folder / "packed", remote=weed.machine().remote, pack="site")
    assert reader.remote is not None
    assert all(reader.lookup(_key(f"n{at}")) is not None for at in range(20))
    assert reader.remote.requests == 2, "the pack, and the list of what shares left"
    assert Store(reader.root).lookup(_key("n7")) is not None
    bucket = weed.open()
    packed = bucket.get("v1/packs/site")
    assert packed is not None
    for spoilt in (packed.data[:-50], b"noise", packed.data[:100] + b"\0" + packed.data[101:]):
        bucket.put("v1/packs/site", spoilt)
        other = Store(weed.folder / digest_of(spoilt)[:8], remote=weed.machine().remote, pack="site")
        assert all(other.lookup(_key(f"n{at}")) is not None for at in range(20)), "each is asked for alone then"


def test_of_two_pictures_for_one_recipe_the_first_is_right_for_both(site: Site) -> None:
    """GPUs do not repeat each other bit for bit: here two machines have made other pixels of the same recipe."""
    asked = compose(engine="flat", fingerprint=1, prompt="a quay", negative="", seed=5, size=(8, 8), parameters={}, inputs=[])
    order = {"engine": "flat", "subject": "quay", "expected": "", "again": False, "today": "2026-11-23"}
    kept = []
    for shade in (10, 11):
        drawn = Drawn(samples=bytes([shade]) * 192, size=(8, 8), mode="RGB", source_type="digitalArt", environment={})
        png = encode_png(drawn.samples, drawn.size, drawn.mode)
        kept.append(_keep(site.machine(pem=PEM), order, asked, drawn, png, 1.0))
    assert kept[0] == kept[1]
    other = Drawn(samples=bytes([12]) * 192, size=(8, 8), mode="RGB", source_type="digitalArt", environment={})
    repinned = _keep(
        site.machine(pem=PEM), {**order, "again": True}, asked, other, encode_png(bytes([12]) * 192, (8, 8), "RGB"), 1.0
    )
    assert repinned.pixels != kept[0].pixels, "who asked for new pixels keeps them"
