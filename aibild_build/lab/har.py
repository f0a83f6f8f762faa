"""Reads a recorded page load (HAR 1.2, or a WebPageTest result) and holds it against what the files promise.

Takes the recording's text, yields its pages with their requests, and findings. Source: HAR 1.2, W3C Web Performance draft;
WebPageTest's JSON result, `data.runs.*.firstView.requests`. The host does not matter: addresses are compared by path.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import AibildError
from ..model import Finding, Level, Origin
from .expected import Promise

_CACHED_S = 97 * 24 * 3600  # Lighthouse's `cache-insight`: below that a visitor has to ask again too often
_WEIGHT_RATIO = 1.25
_WEIGHT_BYTES = 20_000
_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}


class Request(NamedTuple):
    """One request: `bytes` are those that travelled, -1 where the recording does not say."""

    path: str
    url: str
    status: int
    media_type: str
    bytes: int
    lifetime_s: int | None


class Recorded(NamedTuple):
    """One page load: its address' path, its requests, the largest paint in ms where it was measured."""

    path: str
    requests: tuple[Request, ...]
    lcp_ms: float | None


def read_har(text: str, name: str) -> list[Recorded]:
    """All page loads of a recording. Raises AibildError for other files."""
    try:
        found = json.loads(text)
        loads = list(_har(found["log"]) if "log" in found else _webpagetest(found["data"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, StopIteration) as error:
        raise AibildError(f"expected {name} as a HAR or a WebPageTest result, got something else") from error
    if not loads:
        raise AibildError(f"expected page loads in {name}, got none")
    return loads


def held_against(load: Recorded, promises: Sequence[Promise], *, base_path: str, prefix: str) -> Iterator[Finding]:
    """What differs. The device is not recorded, so a picture is fine when any device would take the file."""
    own = [promise for promise in promises if base_path.rstrip("/") + promise.address == load.path]
    if not own:
        return
    page = own[0]
    asked = Counter(request.path.removeprefix(base_path) for request in load.requests if request.path.startswith(base_path))
    for at, picture in enumerate(page.pictures):
        came = sorted(file for file in picture.candidates if asked[file])
        taken = {promise.pictures[at].file for promise in own if at < len(promise.pictures)}
        if len(came) > 1:
            message = f"expected one file of the picture, got {' and '.join('/' + file for file in came)}"
            yield _note("lab-double-download", message, page, prefix, len(came), 1, picture.selector)
        elif came and not taken & set(came):
            message = f"expected one of {', '.join('/' + file for file in sorted(taken))}, got /{came[0]}"
            yield _note("lab-candidate-differs", message, page, prefix, came[0], None, picture.selector)
        elif picture.is_hero and not came:
            yield _note(
                "lab-not-loaded", "expected a file of the hero to be loaded, got none", page, prefix, None, None, picture.selector
            )
    yield from _answers(load, page, prefix)
    yield from _weight(load, own, prefix)


def _answers(load: Recorded, page: Promise, prefix: str) -> Iterator[Finding]:
    """What a host does to files: media types and cache lifetimes are no property of the files."""
    for request in load.requests:
        wanted = _TYPES.get(request.path.rpartition(".")[2].lower())
        if wanted and request.media_type and request.media_type != wanted:
            message = f"expected {request.path} as {wanted}, got {request.media_type}"
            yield _note("lab-media-type", message, page, prefix, request.media_type, wanted)
        if wanted and request.status == 200 and (request.lifetime_s or 0) < _CACHED_S:
            message = f"expected {request.path} to be kept for 97 days or more, got {request.lifetime_s or 0} s"
            yield _note("lab-cache-lifetime", message, page, prefix, request.lifetime_s or 0, _CACHED_S)
        if request.status >= 400:
            yield _note("lab-request-failed", f"expected {request.url}, got {request.status}", page, prefix, request.status, 399)


def _weight(load: Recorded, own: Sequence[Promise], prefix: str) -> Iterator[Finding]:
    known = [request.bytes for request in load.requests if request.bytes > 0]
    most = max(promise.bytes for promise in own)
    if sum(known) > most * _WEIGHT_RATIO + _WEIGHT_BYTES:
        message = f"expected at most {most} bytes on any device, got {sum(known)}"
        yield _note("lab-page-heavier", message, own[0], prefix, sum(known), most)


HINTS = {
    "lab-double-download": "one picture came twice: a preload that differs from the picture, or a script",
    "lab-candidate-differs": "the browser took another file than the sizes promise; look at what styles do to the picture",
    "lab-not-loaded": "the picture was not loaded although it is on the first screen",
    "lab-media-type": "tell the host the type of these files: some browsers and crawlers refuse them otherwise",
    "lab-cache-lifetime": "files with a hash in their name never change; send `max-age=31536000, immutable`",
    "lab-request-failed": "something that the page asks for is not there",
    "lab-page-heavier": "the host sends text uncompressed, or scripts load what the HTML does not name",
}


def _note(
    rule: str, message: str, page: Promise, prefix: str, measured: str | int | None, limit: str | int | None, selector: str = ""
) -> Finding:
    return Finding(
        rule=rule,
        level=Level.NOTE,
        message=message,
        origin=Origin(path=prefix + page.path),
        subject=page.address,
        measured=measured,
        limit=limit,
        hint=HINTS[rule],
        selector=selector,
    )


def _har(log: Mapping[str, Any]) -> Iterator[Recorded]:
    pages = {str(page["id"]): page for page in log.get("pages", ())} or {"": {}}
    for name, page in pages.items():
        entries = [entry for entry in log["entries"] if not name or entry.get("pageref", name) == name]
        requests = tuple(_har_request(entry) for entry in entries)
        if requests:
            timing = page.get("pageTimings", {}).get("_largestContentfulPaint")
            yield Recorded(requests[0].path, requests, float(timing) if timing is not None else None)


def _har_request(entry: Mapping[str, Any]) -> Request:
    answer = entry["response"]
    headers = {str(one["name"]).lower(): str(one["value"]) for one in answer.get("headers", ())}
    size = answer.get("_transferSize", answer.get("bodySize", -1))
    media = str(answer.get("content", {}).get("mimeType", "") or headers.get("content-type", ""))
    return _request(str(entry["request"]["url"]), int(answer["status"]), media, int(size), headers.get("cache-control", ""))


def _webpagetest(found: Mapping[str, Any]) -> Iterator[Recorded]:
    view = found["median"]["firstView"] if "median" in found else next(iter(found["runs"].values()))["firstView"]
    requests = tuple(
        _request(
            str(one.get("full_url") or f"https://{one['host']}{one['url']}"),
            int(one.get("responseCode", 200)),
            str(one.get("contentType", "")),
            int(one.get("bytesIn", -1)),
            str(one.get("cacheControl", "")),
        )
        for one in view["requests"]
    )
    if requests:
        lcp = view.get("chromeUserTiming.LargestContentfulPaint")
        yield Recorded(requests[0].path, requests, float(lcp) if lcp is not None else None)


def _request(url: str, status: int, media: str, size: int, cache: str) -> Request:
    lifetime = None
    for part in cache.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.isdigit():
            lifetime = int(value)
    return Request(unquote(urlsplit(url).path), url, status, media.partition(";")[0].strip().lower(), size, lifetime)
