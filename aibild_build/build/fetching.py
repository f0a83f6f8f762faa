"""Pictures that the rows of a feed name by address: fetched once, held against what a picture may be, kept under their digest.

Takes an address, yields a path in the project. Where it leads is bounded by the template's `hosts`; nothing in a private network
is asked unless the template names it. A host that cannot be reached is given up after a few pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..canonical import digest_of
from ..disk import write_atomic
from ..errors import OutboundError, OutputError
from ..feeds import Template
from ..imagefile import MAX_PIXELS, ImageFault, probe
from ..outbound import Limits, Reach, Reply, patiently, request
from .outside import Outside

FOLDER = "briefs/feeds"
_MAX_BYTES = 32 * 1024 * 1024
_TIMEOUT_S = 30.0
_ATTEMPTS = 3
_MOST_FAILURES = 3
_SUFFIXES = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "tiff": "tiff"}


class Pictures:
    """`known` is what earlier imports fetched: for each address its `file` and `etag`; what comes is put there.

    `fetched` counts what came, `left` are the briefs of a dry run that lack a picture.
    """

    def __init__(
        self,
        root: Path,
        template: Template,
        known: dict[str, dict[str, str]],
        outside: Outside,
        *,
        refresh: bool,
        dry_run: bool,
    ) -> None:
        self._root, self._template, self._known, self._outside = root, template, known, outside
        self._refresh, self._dry_run = refresh, dry_run
        self._asked: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self.fetched = 0
        self.left: set[str] = set()

    def for_brief(self, name: str) -> Callable[[str], str]:
        """What the template's filter `fetch` calls for that brief. Raises OutboundError."""
        return partial(self._path, name)

    def _path(self, name: str, address: str) -> str:
        if address not in self._asked:
            known = self._known.get(address)
            here = known is not None and (self._root / known["file"]).is_file()
            if known is not None and here and not self._refresh:
                self._asked[address] = known["file"]
            elif self._dry_run:
                self.left.add(name)
                return known["file"] if known is not None and here else ""
            else:
                self._asked[address] = self._fetched(address, known if here else None)
        return self._asked[address]

    def _fetched(self, address: str, known: Mapping[str, str] | None) -> str:
        reply = self._reply(address, known["etag"] if known else "")
        if reply.status == 304 and known is not None:
            return known["file"]
        if reply.status != 200:
            raise OutboundError(f"the picture's address answered {reply.status}")
        path = f"{FOLDER}/{self._template.name}/{digest_of(reply.body)[:32]}.{_suffix(reply.body)}"
        try:
            write_atomic(self._root / path, reply.body)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        self._known[address] = {"file": path, "etag": reply.headers.get("etag", "")}
        self.fetched += 1
        return path

    def _reply(self, address: str, etag: str) -> Reply:
        host = _host(address)
        if self._failures.get(host, 0) >= _MOST_FAILURES:
            raise OutboundError(f"{host} was given up: it failed {_MOST_FAILURES} times", hint="import again later")
        headers = {"Accept": "image/*", **({"If-None-Match": etag} if etag else {})}
        reach = Reach(hosts=self._template.hosts, private=self._template.private)
        limits = Limits(timeout_s=_TIMEOUT_S, max_bytes=_MAX_BYTES)
        ask = partial(request, "GET", address, headers=headers, reach=reach, limits=limits)
        try:
            reply = patiently(ask, attempts=_ATTEMPTS, sleep=self._outside.sleep, wall=self._outside.wall)
        except OutboundError as error:
            self._failures[host] = self._failures.get(host, 0) + error.again
            raise
        self._failures[host] = self._failures.get(host, 0) + 1 if reply.status >= 500 else 0
        return reply


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def _suffix(data: bytes) -> str:
    """The suffix of a picture by its first bytes, whatever the sender calls it. Raises OutboundError for all else."""
    try:
        found = probe(data)
    except ImageFault as error:
        raise OutboundError(f"expected a picture, got something else: {error}") from error
    if found.format not in _SUFFIXES:
        raise OutboundError(f"expected a JPEG, PNG, WebP, AVIF or TIFF picture, got {found.format.upper()}")
    if found.width * found.height > MAX_PIXELS:
        raise OutboundError(f"expected a picture of at most {MAX_PIXELS} pixels, got {found.width}×{found.height}")
    return _SUFFIXES[found.format]
