"""Rules on what must not go out: drafts, stand-ins, addresses of somebody's own machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, OnePage, Tag

_FILLER = re.compile(r"\blorem ipsum\b", re.I)
_STAND_IN = re.compile(
    r"^(?:https?:)?//(?:[\w-]+\.)*(?:via\.placeholder\.com|placeholder\.com|placehold\.(?:co|it|jp)|picsum\.photos|dummyimage\.com"
    r"|placekitten\.com|placeimg\.com|loremflickr\.com|fakeimg\.pl|lorempixel\.com)(?:/|$)",
    re.I,
)
_LOCAL = re.compile(
    r"^(?:https?:)?//(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\]|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+)(?:[:/]|$)|^file:|^[a-z]:\\",
    re.I,
)

RULES = (
    Rule(
        id="draft-build",
        level=Level.ERROR,
        title="the site was not built with `--draft`",
        source="own",
        hint="build it without `--draft`; `aibild plan` says which pictures are missing",
    ),
    Rule(
        id="draft-picture",
        level=Level.ERROR,
        title="no picture is a draft or a stand-in",
        source="own",
        hint="make the real picture",
    ),
    Rule(
        id="draft-text",
        level=Level.WARNING,
        title="no text is filler",
        source="own",
        hint="write the real text",
    ),
    Rule(
        id="local-address",
        level=Level.ERROR,
        title="no address leads to somebody's own machine",
        source="own",
        hint="write the public address",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    for shown in page.pictures:
        tag = shown.img.tag
        stand_in = next((option.url for _, option in shown.options() if _STAND_IN.match(option.url)), "")
        if tag.has("data-draft") or stand_in:
            got = f"a stand-in from {stand_in.split('/')[2]}" if stand_in else "a draft"
            yield page.fault("draft-picture", f"expected the real picture, got {got}", tag)
    if _FILLER.search(page.seen.text):
        yield page.fault("draft-text", "expected text that was written for this page, got `lorem ipsum`")
    for tag, url in _addresses(page):
        if _LOCAL.match(url) and not page.site.base_url.startswith(("http://localhost", "http://127.")):
            yield page.fault("local-address", f"expected a public address, got {url}", tag)


def _addresses(page: OnePage) -> Iterator[tuple[Tag, str]]:
    seen = page.seen
    for anchor in seen.anchors:
        yield anchor, anchor.get("href")
    for link in seen.links:
        yield link, link.get("href")
    for tag in (*seen.scripts, *seen.embeds):
        yield tag, tag.get("src")
    for shown in page.pictures:
        for row, option in shown.options():
            yield row.tag, option.url


def _whole(notes: Mapping[str, object], site: BuiltSite) -> Iterator[Fault]:
    if site.marker.get("draft"):
        yield Fault("draft-build", "index.html" if "index.html" in site.files else "", "expected a finished build, got a draft")


FAMILY = Family(name="drafts", fingerprint=1, rules=RULES, page=_page, whole=_whole)
