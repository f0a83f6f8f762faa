"""Rules on preloaded pictures: a preload that differs from the picture in any way loads the picture twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..devices import DEVICES, Srcset, matches, media_edges, parse_srcset, viewport
from ..model import Level
from . import Family, Rule
from .reading import Fault, OnePage, Row, Shown, Tag

_JUST_PX = 0.01
_MOST_EDGES = 40
_HTML = "HTML standard, sections 4.2.4 and 4.6.8.20 (preload)"

RULES = (
    Rule(
        id="preload-unused",
        level=Level.ERROR,
        title="every preloaded picture is on the page",
        source=_HTML,
        hint="take the preload out, or let it name the candidates of the picture that it is meant for",
    ),
    Rule(
        id="preload-candidates",
        level=Level.ERROR,
        title="`imagesrcset` of a preload equals the picture's `srcset`",
        source=_HTML,
        hint="copy `srcset` of the `<source>` that comes first, to the letter",
    ),
    Rule(
        id="preload-sizes",
        level=Level.ERROR,
        title="`imagesizes` of a preload equals the picture's `sizes`",
        source=_HTML + "; seen in Chromium: two downloads",
        hint="with other sizes the browser may take another candidate, and then loads both",
    ),
    Rule(
        id="preload-type",
        level=Level.ERROR,
        title="a preload says the type of what it loads",
        source=_HTML,
        hint="a browser that cannot show AVIF skips a preload only if it says `type`",
    ),
    Rule(
        id="preload-media",
        level=Level.ERROR,
        title="on every screen just that candidate is preloaded which the picture shows there",
        source=_HTML + "; seen in Chromium: both crops are fetched",
        hint="preloads know no first match: give each the media of its source, and exclude the others'",
    ),
    Rule(
        id="preload-priority",
        level=Level.WARNING,
        title="a preloaded hero is asked for with high priority",
        source="Lighthouse 13 `lcp-discovery-insight`; web.dev, Fetch Priority API",
        hint='a preload of a picture starts at low priority: write `fetchpriority="high"` on it too',
    ),
    Rule(
        id="preload-href",
        level=Level.WARNING,
        title="a responsive preload has no `href`",
        source="web.dev, Preload responsive images",
        hint="take `href` out: browsers that do not know `imagesrcset` would load the fallback beside the picture",
    ),
)


class _Match(NamedTuple):
    link: Tag
    wanted: Srcset
    shown: Shown
    row: int


def _page(page: OnePage) -> Iterator[Fault]:
    links = [link for link in page.seen.rel("preload") if link.get("as").lower() == "image"]
    found: list[_Match] = []
    for link in links:
        match = _match(page, link)
        if match is not None:
            found.append(match)
            yield from _differences(page, match)
        elif not _in_css(page, link):
            url = link.get("href") or link.get("imagesrcset").partition(" ")[0]
            yield page.fault("preload-unused", f"expected a picture on the page that shows {url}, got none", link)
    for shown in page.pictures if found else ():
        if own := [match for match in found if match.shown is shown]:
            yield from _screens(page, own)


def _match(page: OnePage, link: Tag) -> _Match | None:
    """The row of a picture that this preload is meant for: the one with equal candidates, else one that shares a candidate."""
    wanted = parse_srcset(link.get("imagesrcset") or link.get("href"))
    urls = {_resolved(page, entry.url) for entry in wanted.entries}
    sharing: _Match | None = None
    for shown in page.pictures:
        for at, row in enumerate(shown.rows):
            own = {option.target.url for option in row.options if option.target is not None}
            if row.is_img and shown.src is not None and shown.src.target is not None and not row.options:
                own = {shown.src.target.url}
            if own == urls:
                return _Match(link, wanted, shown, at)
            if sharing is None and own & urls:
                sharing = _Match(link, wanted, shown, at)
    return sharing


def _resolved(page: OnePage, url: str) -> str:
    target = page.resolve(url)
    return target.url if target is not None else url


def _in_css(page: OnePage, link: Tag) -> bool:
    """Whether a style sheet shows the picture; it then has no `srcset` to compare with."""
    url = _resolved(page, link.get("href"))
    for css, base, _ in page.sheets:
        for painted in css.urls:
            target = page.site.resolve(painted.value, base)
            if target is not None and target.url == url:
                return True
    return False


def _differences(page: OnePage, match: _Match) -> Iterator[Fault]:
    link, row = match.link, match.shown.rows[match.row]
    own = tuple((option.width, option.density, option.target.url if option.target else "") for option in row.options)
    asked = tuple((entry.width, entry.density, _resolved(page, entry.url)) for entry in match.wanted.entries)
    if sorted(own, key=str) != sorted(asked, key=str):
        message = f"expected the {len(own)} candidates of the picture in line {row.tag.line}, got {_missing(own, asked)}"
        yield page.fault("preload-candidates", message, link)
    elif row.srcset.by_width:
        sizes, own_sizes = " ".join(link.get("imagesizes").split()), " ".join((row.sizes or "").split())
        if sizes != own_sizes:
            message = f"expected `imagesizes` as `{own_sizes}`, got `{sizes}`"
            yield page.fault("preload-sizes", message, link, measured=sizes, limit=own_sizes)
    yield from _type(page, match, row)
    if link.get("imagesrcset") and link.get("href"):
        yield page.fault("preload-href", "expected a preload with `imagesrcset` alone, got `href` beside it", link)
    if (match.shown.high or match.shown is page.hero) and link.get("fetchpriority").lower() != "high":
        got = link.get("fetchpriority") or "none"
        yield page.fault("preload-priority", f'expected `fetchpriority="high"` on the preload of the hero, got {got}', link)


def _missing(own: tuple[tuple[object, ...], ...], asked: tuple[tuple[object, ...], ...]) -> str:
    less, more = len(set(own) - set(asked)), len(set(asked) - set(own))
    return f"{len(asked)}: {less} missing, {more} others" if less or more else "them in another order"


def _type(page: OnePage, match: _Match, row: Row) -> Iterator[Fault]:
    kind = match.link.get("type").lower()
    wanted = row.type or next((option.facts.media_type for option in row.options if option.facts is not None), "")
    is_modern = wanted in ("image/avif", "image/webp")
    if wanted and kind != wanted and (kind or is_modern):
        got = f"`{kind}`" if kind else "none"
        yield page.fault("preload-type", f"expected type `{wanted}` on the preload, got {got}", match.link, measured=kind)


def _screens(page: OnePage, found: list[_Match]) -> Iterator[Fault]:
    shown = found[0].shown
    rows = tuple((row.media, row.type, bool(row.options)) for row in shown.rows)
    for at, width, taken in _clashes(tuple((match.link.get("media"), match.row) for match in found), rows):
        where = f"line {shown.rows[taken].tag.line}"
        message = f"expected no preload on a screen {width:g} px wide, where the picture shows {where}, got this one"
        yield page.fault("preload-media", message, found[at].link, measured=found[at].link.get("media") or "all screens")


@lru_cache(maxsize=4096)
def _clashes(links: tuple[tuple[str, int], ...], rows: tuple[tuple[str, str, bool], ...]) -> tuple[tuple[int, float, int], ...]:
    """(preload, screen width, row taken there) for the narrowest screen on which each preload fetches what is not shown.

    Looked at are the five devices and both sides of every width that any of the media conditions names.
    """
    edges = {edge for media in (*(media for media, _ in links), *(media for media, _, _ in rows)) for edge in media_edges(media)}
    widths = {device.width for device in DEVICES}
    for edge in sorted(edges)[:_MOST_EDGES]:
        widths |= {edge - 1, edge - _JUST_PX, edge, edge + _JUST_PX, edge + 1}
    found: dict[int, tuple[int, float, int]] = {}
    for width in sorted(width for width in widths if width > 0):
        device = viewport(width)
        taken = next((at for at, (media, _, full) in enumerate(rows[:-1]) if full and matches(media, device)), len(rows) - 1)
        for at, (media, row) in enumerate(links):
            # Rows of one media differ in format alone; a browser skips the preload of a format that it cannot show
            if at not in found and matches(media, device) and rows[row][0] != rows[taken][0]:
                found[at] = (at, width, taken)
    return tuple(found.values())


FAMILY = Family(name="preload", fingerprint=1, rules=RULES, page=_page)
