"""Asks for a feed, wherever it lies: a file, one address, or the pages of a REST endpoint one after the other.

Takes a path or an address, yields its pages as bytes. What came is kept in `.aibild/feeds` with the tag it came with (ETag in
RFC 9110, 8.8.3), so that a page which did not change is not sent again. What is in a page is the feeds' room to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ..canonical import digest_of
from ..disk import write_atomic
from ..errors import OutboundError
from ..feeds import format_of, items_at
from ..model import Json
from ..outbound import Limits, Reach, Reply, patiently, request
from .outside import Outside

KEPT = ".aibild/feeds"
_MOST_PAGES = 10_000
_NEXT = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+)\s*)*)')
_REL_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next)\s*(?:;|$)', re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """`path` names it in findings; `fresh` is False where the sender said that nothing had changed."""

    path: str
    format: str
    data: bytes
    fresh: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a feed is asked for: `after` leads to the next page's address in a JSON answer, `token` is sent as a bearer token."""

    reach: Reach
    format: str = ""
    after: str = ""
    token: str = ""
    timeout_s: float = 30.0
    attempts: int = 4
    max_bytes: int = 256 * 1024 * 1024


def is_address(feed: str) -> bool:
    return feed.startswith(("http://", "https://"))


def ask_pages(root: Path, feed: str, asking: Asking, outside: Outside) -> Iterator[FeedPage]:
    """The pages of a feed at an address, the first one first. Raises OutboundError for one that cannot be had."""
    seen: set[str] = set()
    url = feed
    while url:
        if url in seen or len(seen) >= _MOST_PAGES:
            raise OutboundError(f"{_path(url)} leads back to itself", hint="`next` in the template must end somewhere")
        seen.add(url)
        page, link = _page(root, url, asking, outside)
        yield page
        url = _following(url, page, link, asking.after)
        if url and _host(url) != _host(feed) and _host(url) not in (*asking.reach.hosts, *asking.reach.private):
            raise OutboundError(f"{_path(feed)} names its next page on another host, {_host(url)}", hint="name it under `hosts`")


def _page(root: Path, url: str, asking: Asking, outside: Outside) -> tuple[FeedPage, str]:
    place = root / KEPT / f"{digest_of(f'{url} {digest_of(asking.token.encode())}'.encode())[:32]}"
    kept = _kept(place)
    headers = {"Accept": "application/json, application/x-ndjson, text/csv, application/xml;q=0.9, */*;q=0.5"}
    if asking.token:
        headers["Authorization"] = f"Bearer {asking.token}"
    if kept is not None:
        headers |= {
            name: kept[0][key] for name, key in (("If-None-Match", "etag"), ("If-Modified-Since", "modified")) if kept[0][key]
        }
    limits = Limits(timeout_s=asking.timeout_s, max_bytes=asking.max_bytes)
    # The feed's own host is one that the user named, on whatever network; pictures that a row names are held to `hosts` alone.
    reach = Reach(hosts=(*asking.reach.hosts, _host(url)), private=asking.reach.private) if asking.reach.hosts else asking.reach
    ask = partial(request, "GET", url, headers=headers, reach=reach, limits=limits)
    reply: Reply = patiently(ask, attempts=asking.attempts, sleep=outside.sleep, wall=outside.wall)
    if reply.status == 304 and kept is not None:
        facts, body = kept
        return FeedPage(path=_path(url), format=asking.format or facts["format"], data=body, fresh=False), facts["link"]
    if reply.status != 200:
        hint = "is the token right, and may it read this?" if reply.status in (401, 403) else ""
        raise OutboundError(f"{_path(url)} answered {reply.status}", hint=hint)
    format = asking.format or format_of(urlsplit(url).path, reply.headers.get("content-type", ""))
    link = reply.headers.get("link", "")
    facts = {
        "etag": reply.headers.get("etag", ""),
        "modified": reply.headers.get("last-modified", ""),
        "format": format,
        "link": link,
    }
    if facts["etag"] or facts["modified"]:
        write_atomic(place.with_suffix(".body"), reply.body)
        write_atomic(place.with_suffix(".json"), json.dumps({**facts, "body": digest_of(reply.body)}).encode())
    return FeedPage(path=_path(url), format=format, data=reply.body), link


def _kept(place: Path) -> tuple[dict[str, str], bytes] | None:
    """What an earlier answer was, None where it is not there whole."""
    try:
        facts = json.loads(place.with_suffix(".json").read_bytes())
        body = place.with_suffix(".body").read_bytes()
        return (
            ({key: str(facts[key]) for key in ("etag", "modified", "format", "link")}, body)
            if (digest_of(body) == facts["body"])
            else None
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _following(url: str, page: FeedPage, link: str, after: str) -> str:
    """The next page's address: by the header `Link` (RFC 8288) with `rel=next`, or by what `after` leads to; "" at the end."""
    for target, parameters in _NEXT.findall(link):
        if _REL_NEXT.search(parameters):
            return urljoin(url, str(target))
    if not after or page.format != "json":
        return ""
    try:
        found: Json = items_at(json.loads(page.data), after)
    except ValueError:
        return ""
    return urljoin(url, found) if isinstance(found, str) and found else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _path(url: str) -> str:
    """An address without its query, which may hold a secret."""
    return url.partition("?")[0].partition("#")[0]
