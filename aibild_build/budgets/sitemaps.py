"""Rules on sitemaps: their form and limits, and whether what they say is true of the site."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage
from .reading.robots import read_robots

_SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
_FEEDS = ("rss", "feed", "RDF")  # search engines take feeds as sitemaps; what they list is no list of pages
_IMAGE = "{http://www.google.com/schemas/sitemap-image/1.1}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_MOST_URLS, _MOST_BYTES, _MOST_IMAGES = 50_000, 52_428_800, 1_000
_WITHDRAWN = ("caption", "geo_location", "title", "license")
_W3C_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?)?)?")
_TELL = 20  # faults of one kind in one sitemap; the rest is counted

RULES = (
    Rule(
        id="sitemap-missing",
        level=Level.WARNING,
        title="there is a sitemap, and robots.txt names it",
        source="sitemaps.org, protocol",
        hint="write sitemap.xml, and `Sitemap: https://…/sitemap.xml` into robots.txt",
    ),
    Rule(
        id="sitemap-invalid",
        level=Level.ERROR,
        title="a sitemap is XML of the form that the protocol asks for",
        source="sitemaps.org, protocol; Google, image sitemaps",
        hint="let a program write it; namespaces must be exact",
    ),
    Rule(
        id="sitemap-limits",
        level=Level.ERROR,
        title="a sitemap has at most 50,000 addresses, 52,428,800 bytes, and 1,000 pictures an address",
        source="sitemaps.org, protocol; Google, image sitemaps",
        hint="split it, and list the parts in an index",
    ),
    Rule(
        id="sitemap-place",
        level=Level.ERROR,
        title="a sitemap lists addresses of its own host and folder",
        source="sitemaps.org, protocol",
        hint="put the sitemap into the folder above all that it lists",
    ),
    Rule(
        id="sitemap-dead",
        level=Level.ERROR,
        title="pages in a sitemap are there",
        source="Google, sitemaps",
        hint="take the address out, or correct it",
    ),
    Rule(
        id="sitemap-noindex",
        level=Level.ERROR,
        title="no page in a sitemap is `noindex` or a redirect",
        source="Google, sitemaps",
        hint="take the page out, or let it be found",
    ),
    Rule(
        id="sitemap-canonical",
        level=Level.ERROR,
        title="a sitemap lists canonical addresses, written as the page writes them",
        source="Google, sitemaps",
        hint="list the address that the page names as canonical",
    ),
    Rule(
        id="sitemap-page-missing",
        level=Level.WARNING,
        title="every page that may be found is in a sitemap",
        source="Google, sitemaps",
        hint="add it, or set it to `noindex`",
    ),
    Rule(
        id="sitemap-image-dead",
        level=Level.ERROR,
        title="pictures in a sitemap are image files that are there",
        source="Google, image sitemaps",
        hint="take the picture out, or correct its address",
    ),
    Rule(
        id="sitemap-image-other",
        level=Level.WARNING,
        title="a sitemap lists the `src` of pictures that the page shows",
        source="Google, image sitemaps; own",
        hint="list the file in `src`, which is what search engines keep, not one of the candidates",
    ),
    Rule(
        id="sitemap-image-host",
        level=Level.NOTE,
        title="pictures in a sitemap lie on the site's host",
        source="Google, image sitemaps",
        hint="it may be another one if both are verified in Search Console",
    ),
    Rule(
        id="sitemap-withdrawn",
        level=Level.WARNING,
        title="a sitemap has no tags that are withdrawn",
        source="Google, 2022-05: `image:caption`, `geo_location`, `title`, `license`",
        hint="take them out: captions and licences belong in structured data and in the file",
    ),
    Rule(
        id="sitemap-ignored",
        level=Level.NOTE,
        title="a sitemap has no tags that nobody reads",
        source="Google, sitemaps: `changefreq`, `priority`",
        hint="take them out",
    ),
    Rule(
        id="sitemap-lastmod",
        level=Level.ERROR,
        title="`lastmod` is a W3C date that has come",
        source="sitemaps.org, protocol; W3C NOTE-datetime",
        hint="write the day on which the page last changed: 2026-11-23",
    ),
    Rule(
        id="sitemap-hreflang",
        level=Level.ERROR,
        title="versions in a sitemap are those on the page",
        source="Google, localised versions",
        hint="name versions in one place only: contradictory pairs are dropped",
    ),
)


class _Note(NamedTuple):
    found: bool
    redirect: bool
    canonical: str
    pictures: frozenset[str]
    versions: frozenset[tuple[str, str]]


class _Map(NamedTuple):
    """A sitemap that could be read."""

    path: str
    url: str
    root: Any


def _note(page: OnePage) -> _Note:
    seen = page.seen
    versions = frozenset(
        (link.get("hreflang").lower(), link.get("href")) for link in seen.rel("alternate") if link.has("hreflang")
    )
    pictures = frozenset(shown.src.file for shown in page.pictures if shown.src is not None and shown.src.file)
    is_error = re.search(r"(?:^|/)(?:404|403|50x|500|offline)(?:\.html|/index\.html)$", seen.path) is not None
    found = seen.whole and not seen.noindex and seen.redirect is None and not is_error
    return _Note(found, seen.redirect is not None, seen.canonical, pictures, versions)


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    robots = read_robots(site.read("robots.txt").decode("utf-8", "replace")) if "robots.txt" in site.files else None
    named = [
        target.path for url in (robots.sitemaps if robots else ()) if (target := site.resolve(url, site.base_url)) is not None
    ]
    started = list(
        dict.fromkeys(path for path in (*named, "sitemap.xml", "sitemap_index.xml", "sitemap-index.xml") if path in site.files)
    )
    if not started and any(note.found for note in notes.values()):
        yield Fault("sitemap-missing", "robots.txt" if robots else "index.html", "expected a sitemap, got none", 1)
    elif robots is not None and not named and site.base_path == "/":
        message = f"expected robots.txt to name /{started[0]}, got no `Sitemap:` line" if started else ""
        if message:
            yield Fault("sitemap-missing", "robots.txt", message, 1)
    listed: set[str] = set()
    seen: set[str] = set()
    while started:
        path = started.pop(0)
        if path in seen:
            continue
        seen.add(path)
        found, faults = _read(path, site)
        yield from faults
        if found is None:
            continue
        if found.root.tag == f"{_SITEMAP}sitemapindex":
            parts, faults = _index(found, site)
            yield from faults
            started += parts
        else:
            yield from _few(_urls(found, notes, site, listed))
    if seen:
        for path, note in notes.items():
            if note.found and path not in listed and _is_own_canonical(path, note, site):
                yield Fault("sitemap-page-missing", path, "expected this page in a sitemap, got it in none", 1)


def _is_own_canonical(path: str, note: _Note, site: BuiltSite) -> bool:
    target = site.resolve(note.canonical, site.page_url(path)) if note.canonical else None
    return target is None or target.path == path


def _few(faults: Iterator[Fault]) -> Iterator[Fault]:
    """At most so many of one rule, then how many more."""
    counts: dict[str, int] = {}
    last: dict[str, Fault] = {}
    for fault in faults:
        counts[fault.rule] = counts.get(fault.rule, 0) + 1
        if counts[fault.rule] <= _TELL:
            yield fault
        last[fault.rule] = fault
    for rule, count in counts.items():
        if count > _TELL:
            yield Fault(rule, last[rule].path, f"expected none of these, got {count - _TELL} more like them", last[rule].line)


def _read(path: str, site: BuiltSite) -> tuple[_Map | None, list[Fault]]:
    from lxml import etree

    data = site.read(path, _MOST_BYTES + 1)
    if path.endswith(".gz"):
        unpack = zlib.decompressobj(wbits=31)
        try:
            data = unpack.decompress(data, _MOST_BYTES + 1)
        except zlib.error as error:
            return None, [Fault("sitemap-invalid", path, f"expected a gzip file, got: {error}")]
    if len(data) > _MOST_BYTES:
        message = f"expected at most {_MOST_BYTES} bytes, got more"
        return None, [Fault("sitemap-limits", path, message, measured=len(data), limit=_MOST_BYTES)]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        return None, [Fault("sitemap-invalid", path, f"expected XML, got: {str(error)[:120]}", line or 1)]
    if etree.QName(root).localname in _FEEDS:
        return None, []
    if root.tag not in (f"{_SITEMAP}urlset", f"{_SITEMAP}sitemapindex"):
        name = etree.QName(root)
        got = f"`{name.localname}` in {'the namespace ' + name.namespace if name.namespace else 'no namespace'}"
        message = f"expected `urlset` or `sitemapindex` in the namespace of sitemaps.org, got {got}"
        return None, [Fault("sitemap-invalid", path, message, root.sourceline)]
    return _Map(path, site.base_url + path, root), []


def _index(found: _Map, site: BuiltSite) -> tuple[list[str], list[Fault]]:
    parts: list[str] = []
    faults: list[Fault] = []
    for entry in found.root.iterchildren(f"{_SITEMAP}sitemap"):
        loc = (entry.findtext(f"{_SITEMAP}loc") or "").strip()
        target = site.resolve(loc, found.url) if loc else None
        if target is None or target.kind is not Kind.FILE:
            message = f"expected the address of a sitemap, got {loc or 'nothing'}"
            faults.append(Fault("sitemap-dead", found.path, message, entry.sourceline))
        elif not _is_below(loc, found.url):
            message = f"expected a sitemap in or below its index's folder, got {loc}"
            faults.append(Fault("sitemap-place", found.path, message, entry.sourceline))
        else:
            parts.append(target.path)
        faults += _lastmod(entry, found, site)
    return parts, faults


def _is_below(loc: str, sitemap: str) -> bool:
    return loc.startswith(sitemap.rpartition("/")[0] + "/")


def _urls(found: _Map, notes: Mapping[str, _Note], site: BuiltSite, listed: set[str]) -> Iterator[Fault]:
    count = 0
    for child in found.root.iterchildren("*"):
        if child.tag != f"{_SITEMAP}url":
            yield Fault("sitemap-invalid", found.path, f"expected `url`, got `{child.tag.rpartition('}')[2]}`", child.sourceline)
            continue
        count += 1
        loc = (child.findtext(f"{_SITEMAP}loc") or "").strip()
        note: _Note | None = None
        if not loc.startswith(("https://", "http://")) or re.search(r"\s|[<>\"]", loc):
            yield Fault(
                "sitemap-invalid", found.path, f"expected a full address in `loc`, got {loc or 'nothing'}", child.sourceline
            )
        elif not _is_below(loc, found.url):
            message = f"expected an address below {found.url.rpartition('/')[0]}/, got {loc}"
            yield Fault("sitemap-place", found.path, message, child.sourceline)
        else:
            target = site.resolve(loc, found.url)
            path = target.path if target is not None and target.kind is Kind.FILE else ""
            listed.add(path)
            note = notes.get(path)
            if not path:
                yield Fault("sitemap-dead", found.path, f"expected the address of a page, got {loc}", child.sourceline)
            elif note is not None:
                yield from _truth(found, child, loc, note)
        yield from _lastmod(child, found, site)
        yield from _tags(found, child)
        yield from _images(found, child, loc, note, site)
    if count > _MOST_URLS:
        message = f"expected at most {_MOST_URLS} addresses, got {count}"
        yield Fault("sitemap-limits", found.path, message, 1, "", count, _MOST_URLS)


def _truth(found: _Map, entry: Any, loc: str, note: _Note) -> Iterator[Fault]:
    if not note.found:
        got = "a redirect" if note.redirect else "one with `noindex`, or an error page"
        yield Fault("sitemap-noindex", found.path, f"expected a page that may be found, got {got}: {loc}", entry.sourceline)
    elif note.canonical and note.canonical != loc:
        message = f"expected the canonical address {note.canonical}, got {loc}"
        yield Fault("sitemap-canonical", found.path, message, entry.sourceline)
    links = {
        ((link.get("hreflang") or "").lower(), link.get("href") or "")
        for link in entry.iterchildren(f"{_XHTML}link")
        if "alternate" in (link.get("rel") or "")
    }
    if links and note.versions and links != note.versions:
        codes = sorted({code for code, _ in links ^ note.versions})
        message = f"expected the versions that the page names, got others for {', '.join(codes)}: {loc}"
        yield Fault("sitemap-hreflang", found.path, message, entry.sourceline)


def _lastmod(entry: Any, found: _Map, site: BuiltSite) -> Iterator[Fault]:
    said = (entry.findtext(f"{_SITEMAP}lastmod") or "").strip()
    if said and (not _W3C_DATE.fullmatch(said) or said[:10] > site.today):
        got = f"{said}, which is yet to come" if _W3C_DATE.fullmatch(said) else said
        yield Fault(
            "sitemap-lastmod",
            found.path,
            f"expected a W3C date until {site.today}, got {got}",
            entry.sourceline,
            "",
            said,
            site.today,
        )


def _tags(found: _Map, entry: Any) -> Iterator[Fault]:
    ignored = [name for name in ("changefreq", "priority") if entry.find(_SITEMAP + name) is not None]
    if ignored:
        names = ", ".join(f"`{name}`" for name in ignored)
        yield Fault("sitemap-ignored", found.path, f"expected nothing that is ignored, got {names}", entry.sourceline)
    withdrawn = sorted({name for name in _WITHDRAWN for _ in entry.iterfind(f"{_IMAGE}image/{_IMAGE}{name}")})
    if withdrawn:
        names = ", ".join(f"`image:{name}`" for name in withdrawn)
        yield Fault("sitemap-withdrawn", found.path, f"expected nothing that is withdrawn, got {names}", entry.sourceline)


def _images(found: _Map, entry: Any, loc: str, note: _Note | None, site: BuiltSite) -> Iterator[Fault]:
    images = [(image.findtext(f"{_IMAGE}loc") or "").strip() for image in entry.iterchildren(f"{_IMAGE}image")]
    line = entry.sourceline
    if len(images) > _MOST_IMAGES:
        message = f"expected at most {_MOST_IMAGES} pictures for {loc}, got {len(images)}"
        yield Fault("sitemap-limits", found.path, message, line, "", len(images), _MOST_IMAGES)
    for url in images:
        target = site.resolve(url, found.url) if url.startswith(("https://", "http://")) else None
        if target is None:
            yield Fault("sitemap-invalid", found.path, f"expected a full address in `image:loc`, got {url or 'nothing'}", line)
        elif target.kind is Kind.ELSEWHERE:
            yield Fault("sitemap-image-host", found.path, f"expected a picture of this host, got {url}", line)
        elif target.kind is not Kind.FILE or site.facts(target.path) is None:
            yield Fault("sitemap-image-dead", found.path, f"expected an image file, got {url}", line)
        elif note is not None and target.path not in note.pictures:
            message = f"expected the `src` of a picture that {loc} shows, got {url}"
            yield Fault("sitemap-image-other", found.path, message, line)


FAMILY = Family(name="sitemaps", fingerprint=2, rules=RULES, note=_note, whole=_whole)
