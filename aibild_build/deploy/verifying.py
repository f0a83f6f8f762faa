"""Looks at the deployed site as a reader does: through its public address, caches and all.

Takes a built site and what its release says, fetches a sample, yields findings and what was measured. A host that optimises
pictures by itself often drops what is embedded in them; it is named then, since rights and origin of a picture stand there.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

from ..canonical import digest_of
from ..config import TargetSettings
from ..imagefile import ImageFault, fields, probe
from ..model import Finding, Level, Output
from .built import MARKER, BuiltSite
from .headers import headers_of

_PATIENCE_S = 20
_MOST_BYTES = 1 << 26
_PER_TYPE = 8
_LANES = 4
_HITS = ("hit", "stale", "updating", "revalidated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What readers see. `protocol` is the best that the server offers, `encoding` that of pages; `hits` came from a cache."""

    base_url: str
    files: int
    looked: int
    protocol: str = ""
    encoding: str = ""
    hits: int = 0
    ttfb_ms: float = 0.0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    ttfb_ms: float = 0.0
    fault: str = ""

    @property
    def hit(self) -> bool:
        told = " ".join(self.headers.get(name, "") for name in ("cf-cache-status", "x-cache", "cache-status", "x-vercel-cache"))
        age = self.headers.get("age", "0")
        return any(word in told.lower() for word in _HITS) or (age.isdigit() and int(age) > 0)


def verify(site: BuiltSite, settings: TargetSettings, digests: Mapping[str, str] | None = None) -> Verified:
    """Fetch a sample of the site at its public address. `digests` are of what the origin has, where they differ from the build's.

    What cannot be reached is a finding; nothing is raised for it. A host that does not answer at all is one, and is asked once.
    """
    first = _fetch(settings.base_url)
    if first.fault:
        message = f"expected {settings.base_url} to answer, got: {first.fault}"
        hint = f"is base_url right, and is {urlsplit(settings.base_url).hostname} set up?"
        silent = _finding("deploy-missing", Level.ERROR, settings.base_url, message, hint)
        return Verified(base_url=settings.base_url, files=len(site.outputs), looked=0, findings=(silent,))
    paths = sample(site.outputs)
    with ThreadPoolExecutor(_LANES, thread_name_prefix="verify") as pool:
        answers = list(pool.map(lambda path: _fetch(f"{settings.base_url}{quote(_address(path))}"), paths))
    facts = _facts(site)
    host = urlsplit(settings.base_url).netloc
    found = [
        one
        for path, answer in zip(paths, answers, strict=True)
        for one in _faults(site, settings, path, answer, (digests or {}).get(path), facts.get(path), host)
    ]
    good = [answer for answer in answers if not answer.fault]
    pages = [answer for path, answer in zip(paths, answers, strict=True) if path.endswith(".html") and not answer.fault]
    return Verified(
        base_url=settings.base_url,
        files=len(site.outputs),
        looked=len(paths),
        protocol=_protocol(settings.base_url, good),
        encoding=next((answer.headers["content-encoding"] for answer in pages if "content-encoding" in answer.headers), ""),
        hits=sum(answer.hit for answer in good),
        ttfb_ms=round(median([answer.ttfb_ms for answer in good]) if good else 0.0, 1),
        findings=tuple(found),
    )


def sample(outputs: Mapping[str, Output]) -> tuple[str, ...]:
    """The front page and up to eight files of each media type, spread evenly over the site."""
    by_type: dict[str, list[str]] = {}
    for path, one in sorted(outputs.items()):
        if not path.startswith("_") and not path.endswith((".br", ".gz")):
            by_type.setdefault(one.media_type.partition(";")[0], []).append(path)
    chosen = {path for path in ("index.html",) if path in outputs}
    for paths in by_type.values():
        step = max(1.0, len(paths) / _PER_TYPE)
        chosen |= {paths[int(index * step)] for index in range(min(_PER_TYPE, len(paths)))}
    return tuple(sorted(chosen))


def _address(path: str) -> str:
    return path.removesuffix("index.html") if path.rpartition("/")[2] == "index.html" else path


def _fetch(url: str) -> _Answer:
    """One GET, as a browser asks: compressed, no cookies; a redirect is not followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "aibild-verify"}
    try:
        with closing(kind(parts.netloc, timeout=_PATIENCE_S)) as connection:
            connection.connect()
            started = time.perf_counter()
            connection.request("GET", parts.path or "/", headers=headers)
            answer = connection.getresponse()
            ttfb_ms = (time.perf_counter() - started) * 1000
            told = {name.lower(): value for name, value in answer.getheaders()}
            body = _decoded(answer.read(_MOST_BYTES), told.get("content-encoding", ""))
            return _Answer(status=answer.status, headers=told, body=body, ttfb_ms=ttfb_ms)
    except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
        system = error.strerror if isinstance(error, OSError) else ""
        return _Answer(status=0, fault=system or str(error) or type(error).__name__)


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompress(data, 31)
    if encoding == "br":  # sent to everybody, whatever they accept
        import importlib

        decoded: bytes = importlib.import_module("brotli").decompress(data)
        return decoded
    return data


def _faults(
    site: BuiltSite,
    settings: TargetSettings,
    path: str,
    answer: _Answer,
    digest: str | None,
    facts: Mapping[str, Any] | None,
    host: str,
) -> Iterator[Finding]:
    one = site.outputs[path]
    if answer.fault or answer.status != (404 if path == "404.html" and answer.status == 404 else 200):
        got = answer.fault or f"status {answer.status}"
        yield _finding("deploy-missing", Level.ERROR, path, f"expected {path} at {host}, got {got}", "deploy again, or purge")
        return
    if digest_of(answer.body) not in (one.digest, digest):
        yield from _differences(path, answer.body, facts, host)
    wanted = headers_of(one, settings, site.outputs)
    kind = answer.headers.get("content-type", "")
    if _plain(kind) != _plain(wanted.content_type):
        yield _finding(
            "deploy-header", Level.WARNING, path, f"expected `{wanted.content_type}` for {path}, got `{kind}`", _SERVER
        )
    lifetime = answer.headers.get("cache-control", "")
    if "immutable" in wanted.cache_control and not _is_long(lifetime):
        message = f"expected `Cache-Control: {wanted.cache_control}` for {path}, got `{lifetime}`"
        yield _finding("deploy-header", Level.WARNING, path, message, _SERVER)
    if settings.noindex and path.endswith(".html") and b"noindex" not in answer.body:
        message = f"expected {path} closed to search engines, got it open"
        yield _finding("deploy-indexed", Level.ERROR, path, message, "`aibild build --target NAME` builds for a target")


_SERVER = "set it in the host's or server's configuration"


def _differences(path: str, body: bytes, facts: Mapping[str, Any] | None, host: str) -> Iterator[Finding]:
    """What a host did to a file on its way: of pictures, whether their marks survived."""
    if facts is None:
        message = f"expected {path} as it was built, {host} sends other bytes"
        yield _finding("deploy-differs", Level.ERROR, path, message, "an old copy in a cache, or a host that changes pages")
        return
    hint = f"switch off what {host} does to pictures (polish, optimisation, conversion)"
    try:
        found = probe(body)
        kept = fields(found)
    except ImageFault as fault:
        yield _finding("deploy-differs", Level.ERROR, path, f"expected a picture at {path}, {host} sends: {fault}", hint)
        return
    yield _finding("deploy-differs", Level.WARNING, path, f"{host} sends other bytes of {path} than were built", hint)
    lost = sorted(name for name in facts.get("fields", {}) if name not in kept)
    if lost:
        message = f"{host} strips metadata: {path} arrives without {', '.join(lost[:3])}"
        yield _finding("metadata-stripped", Level.ERROR, path, message, hint)
    if facts.get("credential") == "embedded" and not found.c2pa:
        yield _finding("credentials-stripped", Level.ERROR, path, f"{host} strips credentials: {path} arrives unsigned", hint)


def _finding(rule: str, level: Level, path: str, message: str, hint: str) -> Finding:
    return Finding(rule=rule, level=level, message=message, subject=path, hint=hint)


def _plain(kind: str) -> str:
    """Without spaces and case; a charset that a type does not need is no difference."""
    plain = kind.lower().replace(" ", "")
    return plain if plain.startswith("text/") else plain.partition(";")[0]


def _is_long(lifetime: str) -> bool:
    ages = [part.partition("=")[2] for part in lifetime.lower().replace(" ", "").split(",") if part.startswith("max-age=")]
    return any(age.isdigit() and int(age) >= 8_380_800 for age in ages)


def _protocol(base_url: str, answers: Sequence[_Answer]) -> str:
    """`h3` where it is announced, `h2` where the server takes it, else HTTP/1.1."""
    if any("h3" in answer.headers.get("alt-svc", "") for answer in answers):
        return "h3"
    parts = urlsplit(base_url)
    if parts.scheme != "https" or not answers:
        return "http/1.1" if answers else ""
    import socket

    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), timeout=_PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            return secure.selected_alpn_protocol() or "http/1.1"
    except OSError:
        return ""


def _facts(site: BuiltSite) -> dict[str, Mapping[str, Any]]:
    """File facts of pictures, which reading the folder for a deploy passes over."""
    try:
        rows = json.loads((site.folder / MARKER).read_bytes())["outputs"]
    except (OSError, ValueError, KeyError):
        return {}
    return {row["path"]: row["facts"] for row in rows if row.get("facts")}
