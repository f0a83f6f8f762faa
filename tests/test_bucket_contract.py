"""Every kind of bucket is asked the same questions; what a kind cannot do is written down here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from aibild_build.bucket import Bucket, Headers, Patience, honours_conditions, open_bucket, read_address, scoped, together
from aibild_build.canonical import digest_of
from aibild_build.errors import BucketDenied, BucketError, BucketUnreachable
from tests.support.buckets import Server, free_ports
from tests.support.judges import absent

PAGE = Headers(content_type="text/html; charset=utf-8", cache_control="public, max-age=0, s-maxage=300", content_encoding="gzip")
HASTY = Patience(connect_s=2, read_s=10, request_s=60, tries=1, retry_s=2)
KINDS = ("memory", "file", "seaweed", "rclone", "azurite", "google")


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    bucket: Bucket

    @property
    def conditions(self) -> bool:
        return self.kind != "rclone"


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    kind = request.param
    if kind != "file" and find_spec("obstore") is None:
        absent("obstore is not installed (extra cloud)")
    if kind == "memory":
        return Case(kind, open_bucket("memory://", environ={}))
    if kind == "file":
        return Case(kind, open_bucket(f"file://{tmp_path}/bucket", environ={}))
    server: Server = request.getfixturevalue(kind)
    return Case(kind, open_bucket(server.address("cdn", f"some folder/{uuid4().hex}"), environ=server.environ))


def test_bytes_and_headers_come_back(case: Case) -> None:
    data = os.urandom(70_000)
    token = case.bucket.put("a/b.html", data, PAGE)
    found = case.bucket.get("a/b.html")
    assert found is not None and found.data == data
    entry = case.bucket.head("a/b.html")
    assert entry == found.entry
    assert (entry.key, entry.bytes, entry.token) == ("a/b.html", len(data), token)
    assert entry.modified > 1.7e9
    if case.bucket.keeps_headers:
        assert entry.headers == PAGE
        assert entry.sha256 == digest_of(data)


def test_what_is_absent_is_none(case: Case) -> None:
    assert case.bucket.get("no/such") is None
    assert case.bucket.head("no/such") is None
    assert case.bucket.copy("no/such", "other") is False
    assert list(case.bucket.list("no")) == []
    case.bucket.delete(["no/such", "nor/this"])


def test_a_missing_key_does_not_keep_others_from_deletion(case: Case) -> None:
    for key in ("d/1", "d/3"):
        case.bucket.put(key, b"x")
    case.bucket.delete(["d/1", "d/2", "d/3"])
    assert list(case.bucket.list("d")) == []


def test_listing_is_of_a_folder_and_in_order(case: Case) -> None:
    keys = ["p/ä ö#?%.txt", "p/a", "p/b/c", "p/b.html", "pq/x", "top"]
    list(together(lambda key: case.bucket.put(key, key.encode()), keys))
    assert [(entry.key, entry.bytes) for entry in case.bucket.list("p/")] == [
        (key, len(key.encode())) for key in sorted(keys) if key.startswith("p/")
    ]
    assert [entry.key for entry in case.bucket.list()] == sorted(keys)
    token = case.bucket.put("p/a", b"new")
    if case.kind != "google":  # whose client reads no generations out of a list
        assert next(entry.token for entry in case.bucket.list("p") if entry.key == "p/a") == token
    assert all((found := case.bucket.get(key)) and found.data == key.encode() for key in keys if key != "p/a")


def test_a_copy_has_bytes_and_headers(case: Case) -> None:
    case.bucket.put("from.html", b"page", PAGE)
    case.bucket.put("to.html", b"old")
    assert case.bucket.copy("from.html", "to.html")
    found = case.bucket.get("to.html")
    assert found is not None and found.data == b"page"
    if case.bucket.keeps_headers:
        assert found.entry.headers == PAGE
        assert found.entry.sha256 == digest_of(b"page")


def test_create_refuses_what_is_taken(case: Case) -> None:
    first = case.bucket.create("lease", b"mine")
    assert first is not None
    if case.conditions:
        assert case.bucket.create("lease", b"yours") is None
        assert case.bucket.create("lease", b"mine") == first, "bytes equal to ours are ours: the answer may have been lost"
        assert (found := case.bucket.get("lease")) and found.data == b"mine"


def test_replace_refuses_a_stale_token(case: Case) -> None:
    first = case.bucket.put("current", b"one")
    second = case.bucket.replace("current", b"two", first)
    assert second is not None and second != first
    if case.conditions:
        assert case.bucket.replace("current", b"three", first) is None
        assert case.bucket.replace("current", b"two", first) == second
        assert case.bucket.replace("never", b"three", first) is None
        assert (found := case.bucket.get("current")) and found.data == b"two"


def test_of_racing_creators_one_wins(case: Case) -> None:
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda at: case.bucket.create("race", f"writer {at}".encode()), range(4)))
    assert (sum(token is not None for token in tokens) == 1) == case.conditions


def test_the_probe_tells_who_honours_conditions(case: Case) -> None:
    assert honours_conditions(case.bucket) == case.conditions
    assert list(case.bucket.list(".aibild")) == []


def test_large_objects_go_in_parts_and_under_conditions_whole(case: Case) -> None:
    data = os.urandom(11 << 20)
    case.bucket.put("large", data, PAGE)
    assert case.bucket.create("large once", data, PAGE) is not None
    for key in ("large", "large once"):
        assert (found := case.bucket.get(key)) and found.data == data
        assert not case.bucket.keeps_headers or found.entry.sha256 == digest_of(data)
    with pytest.raises(BucketError, match="the limit is 1000"):
        case.bucket.get("large", limit_bytes=1000)


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\nb"])
def test_keys_that_lead_elsewhere_are_refused(case: Case, key: str) -> None:
    with pytest.raises(BucketError, match="expected a key"):
        case.bucket.put(key, b"x")


def test_credentials_that_are_wrong_or_may_only_read(seaweed: Server) -> None:
    bucket = open_bucket(seaweed.address("cache"), environ=seaweed.environ)
    bucket.put("here", b"kept")
    reader = open_bucket(seaweed.address("cache"), environ=seaweed.readers)
    assert (found := reader.get("here")) and found.data == b"kept"
    for attempt in (
        lambda: reader.put("here", b"x"),
        lambda: reader.create("new", b"x"),
        lambda: reader.delete(["here"]),
        lambda: honours_conditions(reader),
    ):
        with pytest.raises(BucketDenied):
            attempt()
    stranger = open_bucket(seaweed.address("cache"), environ={**seaweed.environ, "AWS_SECRET_ACCESS_KEY": "wrong"})
    with pytest.raises(BucketDenied):
        stranger.get("here")
    with pytest.raises(BucketDenied):
        stranger.put("here", b"x")
    assert (found := bucket.get("here")) and found.data == b"kept"


def test_nobody_there_is_said_soon(seaweed: Server) -> None:
    (port,) = free_ports(1)
    gone = open_bucket(f"s3://cdn/x?endpoint=http://127.0.0.1:{port}", environ=seaweed.environ, patience=HASTY)
    for attempt in (lambda: gone.get("a"), lambda: gone.create("a", b"x"), lambda: list(gone.list()), lambda: gone.delete(["a"])):
        with pytest.raises(BucketUnreachable):
            attempt()
    nowhere = open_bucket(f"s3://no-such-bucket?endpoint={seaweed.endpoint}", environ=seaweed.readers)
    with pytest.raises(BucketError):
        nowhere.put("a", b"x")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ftp://x/y", "expected an address such as s3://"),
        ("s3://key:secret@bucket/x", "without credentials"),
        ("s3:///x", "the name of a bucket"),
        ("s3://b/x?endpiont=http://h", "expected `endpoint` or `region`"),
        ("file://relative", "expected an absolute path"),
        ("s3://b/a/../c", "expected a key"),
    ],
)
def test_addresses_that_make_no_sense(text: str, complaint: str) -> None:
    with pytest.raises(BucketError, match=complaint):
        read_address(text)


def test_addresses_have_parts(tmp_path: Path) -> None:
    address = read_address("s3://media/site/cache/?endpoint=https://s3.example&region=eu-central-1")
    assert (address.name, address.prefix, address.options["region"]) == ("media", "site/cache", "eu-central-1")
    assert str(address) == "s3://media/site/cache"
    assert read_address("file://cache", base=tmp_path).name == str(tmp_path / "cache")


def test_two_buckets_may_have_two_sets_of_credentials() -> None:
    environ: Mapping[str, str] = {
        "AWS_ACCESS_KEY_ID": "cdn",
        "AWS_SESSION_TOKEN": "cdn",
        "X_AWS_ACCESS_KEY_ID": "store",
        "HOME": "/",
    }
    own = scoped(environ, "X_")
    assert own["AWS_ACCESS_KEY_ID"] == "store" and "AWS_SESSION_TOKEN" not in own and own["HOME"] == "/"
    assert scoped(environ, "Y_") == environ
