"""The words of object storage: what an object is, and what a bucket can be asked. No I/O, no library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import BucketError

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What a host sends with an object; "" leaves a header away. A folder keeps none of them."""

    content_type: str = ""
    cache_control: str = ""
    content_encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object without its bytes. `token` names this version for `replace` (compare it, never read it); `modified` is by the
    bucket's own clock, in seconds since the epoch. Listings know no `headers` and no `sha256`, and Google's no `token`: "" there,
    and on old objects."""

    key: str
    bytes: int
    token: str
    modified: float
    sha256: str = ""
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    data: bytes
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait: for a connection, for the next bytes, for a whole request; how often and how long to try again."""

    connect_s: float = 5
    read_s: float = 20
    request_s: float = 600
    tries: int = 3
    retry_s: float = 20


class Bucket(Protocol):
    """Objects by key. Keys have `/` between parts; no part is empty, `.` or `..`. Safe to share between threads.

    Every verb raises BucketDenied (credentials, rights), BucketUnreachable (network, a server that fails) or BucketError.
    What is written carries the SHA-256 of its bytes as metadata `aibildsha256`, where the bucket keeps metadata.
    """

    @property
    def address(self) -> str:
        """For people: where it is, without credentials."""

    @property
    def keeps_headers(self) -> bool:
        """Whether `headers` and `sha256` of an object come back."""

    def get(self, key: str, *, limit_bytes: int = 0) -> Object | None:
        """An object, or None when there is none. One of over `limit_bytes` (0: any size) is a BucketError, not read."""

    def head(self, key: str) -> Entry | None:
        """An object without its bytes, or None."""

    def put(self, key: str, data: bytes, headers: Headers = ...) -> str:
        """Write, whatever is there. Returns the new token."""

    def create(self, key: str, data: bytes, headers: Headers = ...) -> str | None:
        """Write unless something is there: then None. Bytes equal to ours count as ours, since an answer may have been lost."""

    def replace(self, key: str, data: bytes, token: str, headers: Headers = ...) -> str | None:
        """Write if the object still is the one of that token; None when it is not. Bytes equal to ours count as ours."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """All objects whose key begins with the folder `prefix` (with or without its last slash), by key."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove; what is not there is no fault."""

    def copy(self, source: str, target: str) -> bool:
        """Copy within the bucket, with headers and metadata, over whatever is there. False when there is no source."""


def check_key(key: str) -> str:
    """The key, if it is one. Raises BucketError."""
    if not key or _CONTROL.search(key) or any(part in ("", ".", "..") for part in key.split("/")):
        raise BucketError(f"expected a key such as `folder/file.html`, got {key!r}")
    return key
