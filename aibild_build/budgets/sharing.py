"""Rules on sharing: Open Graph and Twitter tags, and the one picture that previews are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import FileFacts, Level
from . import Family, Rule
from .reading import Fault, Kind, OnePage, Tag
from .reading.names import is_hash, picture_name

_CRAWLED = ("image/jpeg", "image/png")
_WIDTH_PX, _HEIGHT_PX = 1200, 630
_LOW_RATIO, _HIGH_RATIO = 1.85, 2.0
_HEAVY_BYTES, _MOST_BYTES = 600_000, 5_000_000
_NARROWEST, _WIDEST = 0.5, 2.4
_WIDE_SCREEN = 16 / 9
_ARTICLES = ("Article", "BlogPosting", "NewsArticle", "TechArticle", "Report")

RULES = (
    Rule(
        id="og-missing",
        level=Level.WARNING,
        title="every page that may be found has `og:title`, `og:type`, `og:url` and `og:image`",
        source="Open Graph protocol",
        hint="write the missing tags: a shared link without them is a bare address",
    ),
    Rule(
        id="og-relative",
        level=Level.ERROR,
        title="addresses in Open Graph tags are absolute, with https",
        source="Open Graph protocol; makers' crawlers",
        hint="write them with scheme and host",
    ),
    Rule(
        id="og-image-dead",
        level=Level.ERROR,
        title="`og:image` is an image file that is there",
        source="makers' crawlers",
        hint="correct the address, or add the file",
    ),
    Rule(
        id="og-image-format",
        level=Level.ERROR,
        title="`og:image` is a JPEG or PNG",
        source="Meta's crawler drops AVIF, LinkedIn is unsure with WebP",
        hint="name a JPEG",
    ),
    Rule(
        id="og-image-small",
        level=Level.WARNING,
        title="`og:image` has at least 1200×630 pixels",
        source="Meta, X and LinkedIn on previews",
        hint="make a crop of 1200×630",
    ),
    Rule(
        id="og-image-ratio",
        level=Level.WARNING,
        title="`og:image` is between 1.85 and 2 times as wide as high",
        source="Meta, X and LinkedIn on previews",
        hint="make a crop of 1200×630: others are cut by each network in its own way",
    ),
    Rule(
        id="og-image-heavy",
        level=Level.WARNING,
        title="`og:image` has at most 600 kB",
        source="WhatsApp shows no preview above that",
        hint="lower its quality, or its size",
    ),
    Rule(
        id="og-image-too-heavy",
        level=Level.ERROR,
        title="`og:image` has at most 5 MB",
        source="X on cards",
        hint="lower its quality, or its size",
    ),
    Rule(
        id="og-image-facts-missing",
        level=Level.WARNING,
        title="`og:image` comes with width, height, type and alt",
        source="Open Graph protocol",
        hint="write the missing tags: with them the first person who shares a link sees the picture, too",
    ),
    Rule(
        id="og-image-facts",
        level=Level.ERROR,
        title="`og:image:width`, `:height` and `:type` are those of the file",
        source="Open Graph protocol",
        hint="correct the tags",
    ),
    Rule(
        id="twitter-card",
        level=Level.WARNING,
        title="`twitter:card` is `summary_large_image`",
        source="X on cards",
        hint="all else falls back to Open Graph; without this one the picture is small",
    ),
    Rule(
        id="preview-differs",
        level=Level.WARNING,
        title="`primaryImageOfPage`, the main entity's image and `og:image` are one picture",
        source="Google, preferred thumbnails (2026-03)",
        hint="name crops of one picture in all three places",
    ),
    Rule(
        id="preview-ratio",
        level=Level.WARNING,
        title="the preferred picture is no narrow strip: 1:2 to 2.4:1",
        source="Google, preferred thumbnails; our limit",
        hint="name another crop",
    ),
    Rule(
        id="discover-picture",
        level=Level.WARNING,
        title="an article names a picture of 16:9, at least 1200 pixels wide",
        source="Google Discover",
        hint="add such a crop to the article's `image` or as `og:image`",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    seen = page.seen
    if not seen.whole or seen.noindex or seen.redirect is not None or re.search(r"(?:^|/)(?:404|50x|500)\b", seen.path):
        return
    tags = {tag.get("property") or tag.get("name"): tag for tag in reversed(seen.metas)}
    missing = [name for name in ("og:title", "og:type", "og:url", "og:image") if not _content(tags, name)]
    if missing:
        yield page.fault("og-missing", f"expected {', '.join(f'`{name}`' for name in missing)}, got none")
    for name in ("og:url", "og:image"):
        url = _content(tags, name)
        if url and not url.startswith("https://") and not (url.startswith("http://") and page.site.base_url.startswith("http:")):
            yield page.fault("og-relative", f"expected `{name}` with https and host, got {url}", tags[name])
    if _content(tags, "og:image"):
        yield from _image(page, tags)
    if not missing and _content(tags, "twitter:card") != "summary_large_image":
        got = _content(tags, "twitter:card") or "none"
        yield page.fault("twitter-card", f"expected `twitter:card` as `summary_large_image`, got {got}", tags.get("twitter:card"))
    yield from _previews(page, _content(tags, "og:image"))


def _content(tags: dict[str, Tag], name: str) -> str:
    return tags[name].get("content") if name in tags else ""


def _image(page: OnePage, tags: dict[str, Tag]) -> Iterator[Fault]:
    tag, url = tags["og:image"], _content(tags, "og:image")
    target = page.resolve(url)
    if target is None or target.kind is Kind.MISSING:
        yield page.fault("og-image-dead", f"expected an image file, got {url}", tag)
        return
    facts = page.site.facts(target.path) if target.kind is Kind.FILE else None
    if target.kind is Kind.FILE and facts is None:
        yield page.fault("og-image-dead", f"expected an image file, got {url}: {page.site.fault(target.path)}", tag)
    if facts is not None:
        yield from _file(page, tag, facts)
        yield from _facts(page, tags, facts)
    elif re.search(r"\.(?:avif|svg|webp)$", url.partition("#")[0].partition("?")[0], re.I):
        yield page.fault("og-image-format", f"expected a JPEG or PNG, got {url.rpartition('/')[2]}", tag)


def _file(page: OnePage, tag: Tag, facts: FileFacts) -> Iterator[Fault]:
    if facts.media_type not in _CRAWLED:
        yield page.fault("og-image-format", f"expected a JPEG or PNG, got {facts.media_type}", tag, measured=facts.media_type)
    if facts.width < _WIDTH_PX or facts.height < _HEIGHT_PX:
        got = f"{facts.width}×{facts.height}"
        yield page.fault("og-image-small", f"expected at least {_WIDTH_PX}×{_HEIGHT_PX} pixels, got {got}", tag, measured=got)
    ratio = facts.width / facts.height
    if not _LOW_RATIO <= ratio <= _HIGH_RATIO:
        message = f"expected a ratio of {_LOW_RATIO} to {_HIGH_RATIO}, got {ratio:.2f}"
        yield page.fault("og-image-ratio", message, tag, measured=ratio, limit=_LOW_RATIO if ratio < _LOW_RATIO else _HIGH_RATIO)
    for rule, limit in (("og-image-too-heavy", _MOST_BYTES), ("og-image-heavy", _HEAVY_BYTES)):
        if facts.bytes > limit:
            yield page.fault(rule, f"expected at most {limit} bytes, got {facts.bytes}", tag, measured=facts.bytes, limit=limit)
            break


def _facts(page: OnePage, tags: dict[str, Tag], facts: FileFacts) -> Iterator[Fault]:
    expected = {"width": str(facts.width), "height": str(facts.height), "type": facts.media_type}
    missing = [name for name in (*expected, "alt") if not _content(tags, f"og:image:{name}")]
    if missing:
        names = ", ".join(f"`og:image:{name}`" for name in missing)
        yield page.fault("og-image-facts-missing", f"expected {names}, got none", tags["og:image"])
    for name, value in expected.items():
        got = _content(tags, f"og:image:{name}")
        if got and got.lower() != value:
            tag = tags[f"og:image:{name}"]
            message = f"expected `og:image:{name}` as the file's {value}, got {got}"
            yield page.fault("og-image-facts", message, tag, measured=got, limit=value)


def _previews(page: OnePage, shared: str) -> Iterator[Fault]:
    graph = page.graph
    places: dict[str, tuple[str, ...]] = {"og:image": (shared,)} if shared else {}
    for entity in graph.entities:
        if urls := graph.image_urls(entity.node.get("primaryImageOfPage")):
            places["primaryImageOfPage"] = urls
        main = graph.resolve(entity.node.get("mainEntity"))
        if isinstance(main, dict) and (urls := graph.image_urls(main.get("image"))):
            places["mainEntity"] = urls
        if entity.top and "mainEntityOfPage" in entity.node and (urls := graph.image_urls(entity.node.get("image"))):
            places["mainEntity"] = urls
    names = {place: {picture_name(url) for url in urls} for place, urls in places.items()}
    known = {place: names[place] for place in names if not any(is_hash(name) or not name for name in names[place])}
    if len(known) > 1 and not set.intersection(*known.values()):
        got = ", ".join(f"{place} {sorted(found)[0]}" for place, found in sorted(known.items()))
        yield page.fault("preview-differs", f"expected one picture for all previews, got {got}")
    yield from _shapes(page, places)


def _shapes(page: OnePage, places: dict[str, tuple[str, ...]]) -> Iterator[Fault]:
    shapes: dict[str, FileFacts] = {}
    for urls in places.values():
        for url in urls:
            target = page.resolve(url)
            facts = page.site.facts(target.path) if target is not None and target.kind is Kind.FILE else None
            if facts is not None and facts.height:
                shapes[url] = facts
    for url, facts in shapes.items():
        ratio = facts.width / facts.height
        if not _NARROWEST <= ratio <= _WIDEST:
            message = f"expected a ratio of {_NARROWEST} to {_WIDEST}, got {ratio:.2f} for {url.rpartition('/')[2]}"
            yield page.fault("preview-ratio", message, measured=ratio, limit=_WIDEST if ratio > 1 else _NARROWEST)
    if shapes and all(url in shapes for urls in places.values() for url in urls) and any(page.graph.of_type(*_ARTICLES)):
        wide = [
            one for one in shapes.values() if one.width >= _WIDTH_PX and abs(one.width / one.height / _WIDE_SCREEN - 1) <= 0.03
        ]
        if not wide:
            yield page.fault("discover-picture", f"expected a picture of 16:9 and {_WIDTH_PX} pixels or wider, got none")


FAMILY = Family(name="sharing", fingerprint=1, rules=RULES, page=_page)
