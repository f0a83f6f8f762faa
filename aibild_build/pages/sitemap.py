"""`sitemap.xml` and `robots.txt`.

Takes pages and the pictures on each, yields files by name. Lists canonical, indexable pages only and of each picture only the
`src` that search engines index; `lastmod` comes from front matter, never from a clock. Alternates are told in each page's head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..config import Config
from ..model import Page, Picture
from .listing import NOT_FOUND
from .urls import absolute, full

SITEMAP_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
IMAGE_NAMESPACE = "http://www.google.com/schemas/sitemap-image/1.1"
MAX_URLS = 50_000
MAX_BYTES = 50 * 1024 * 1024  # of one file, uncompressed (sitemaps.org, protocol)
MAX_IMAGES = 1_000  # of one page (Google, image sitemaps)
_TAGS_BYTES = 120  # what the elements around one address may take


@dataclass(frozen=True, slots=True)
class _Entry:
    loc: str
    lastmod: str
    images: tuple[str, ...]

    @property
    def bytes(self) -> int:
        return sum(_TAGS_BYTES + 6 * len(text.encode()) for text in (self.loc, *self.images))  # "'" becomes six bytes at worst


def sitemaps(
    config: Config,
    pages: Iterable[Page],
    pictures: Mapping[str, Sequence[Picture]],
    *,
    max_urls: int = MAX_URLS,
    max_bytes: int = MAX_BYTES,
) -> tuple[tuple[str, bytes], ...]:
    """(file name, bytes) of `sitemap.xml`; of an index and its parts when one file would pass the limits.

    `pictures` maps a page's `url` to the pictures that it shows. Pages that are drafts, `noindex` or the 404 page are left out.
    """
    listed = sorted(
        (page for page in pages if not (page.noindex or page.draft or page.id == NOT_FOUND)), key=lambda page: page.url
    )
    entries = [_entry(config, page, pictures.get(page.url, ())) for page in listed]
    parts = _parts(entries, max_urls, max_bytes)
    if len(parts) == 1:
        return (("sitemap.xml", _urlset(parts[0])),)
    named = [(f"sitemap-{number}.xml", _urlset(part)) for number, part in enumerate(parts, start=1)]
    return (("sitemap.xml", _index([full(config, name) for name, _ in named])), *named)


def robots_txt(config: Config) -> bytes:
    """Everybody may read everything; where the sitemap is (RFC 9309, and sitemaps.org for the last line)."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {full(config, 'sitemap.xml')}\n".encode()


def _entry(config: Config, page: Page, pictures: Sequence[Picture]) -> _Entry:
    images = tuple(dict.fromkeys(absolute(config, picture.src.url) for picture in pictures))[:MAX_IMAGES]
    return _Entry(full(config, page.url), page.updated or page.date, images)


def _parts(entries: Sequence[_Entry], max_urls: int, max_bytes: int) -> list[list[_Entry]]:
    parts: list[list[_Entry]] = [[]]
    room = max_bytes - 1024
    used = 0
    for entry in entries:
        if parts[-1] and (len(parts[-1]) == max_urls or used + entry.bytes > room):
            parts.append([])
            used = 0
        parts[-1].append(entry)
        used += entry.bytes
    return parts


def _urlset(entries: Sequence[_Entry]) -> bytes:
    from lxml import etree

    root = etree.Element(f"{{{SITEMAP_NAMESPACE}}}urlset", nsmap={None: SITEMAP_NAMESPACE, "image": IMAGE_NAMESPACE})
    for entry in entries:
        url = etree.SubElement(root, f"{{{SITEMAP_NAMESPACE}}}url")
        etree.SubElement(url, f"{{{SITEMAP_NAMESPACE}}}loc").text = entry.loc
        if entry.lastmod:
            etree.SubElement(url, f"{{{SITEMAP_NAMESPACE}}}lastmod").text = entry.lastmod
        for image in entry.images:
            element = etree.SubElement(url, f"{{{IMAGE_NAMESPACE}}}image")
            etree.SubElement(element, f"{{{IMAGE_NAMESPACE}}}loc").text = image
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _index(locations: Iterable[str]) -> bytes:
    from lxml import etree

    root = etree.Element(f"{{{SITEMAP_NAMESPACE}}}sitemapindex", nsmap={None: SITEMAP_NAMESPACE})
    for location in locations:
        sitemap = etree.SubElement(root, f"{{{SITEMAP_NAMESPACE}}}sitemap")
        etree.SubElement(sitemap, f"{{{SITEMAP_NAMESPACE}}}loc").text = location
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
