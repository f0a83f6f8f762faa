"""An Atom feed a language: pages with a date, newest first (RFC 4287).

Takes pages and the picture that stands for each, yields XML. All days come from front matter, so that equal sources give equal
bytes; nothing here asks a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..config import Config
from ..model import Page, Related
from .jsonld import moment
from .listing import NOT_FOUND
from .taxonomy import tag_label
from .urls import absolute, full
from .view import site_view

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
FEED = "feed.xml"
MAX_ENTRIES = 50


def feed_path(config: Config, lang: str) -> str:
    """Where a language's feed lies, relative to the site's root: "feed.xml", "de/feed.xml"."""
    prefix = next(language.prefix for language in config.languages if language.code == lang).strip("/")
    return f"{prefix}/{FEED}" if prefix else FEED


def feed_entries(pages: Iterable[Page], lang: str) -> tuple[Page, ...]:
    """The pages of a language that have a date and may be indexed, newest first, at most 50."""
    dated = [
        page
        for page in pages
        if page.lang == lang and page.date and not (page.noindex or page.draft or page.made) and page.id != NOT_FOUND
    ]
    dated.sort(key=lambda page: page.url)
    dated.sort(key=lambda page: page.date, reverse=True)
    return tuple(dated[:MAX_ENTRIES])


def feed_xml(config: Config, lang: str, entries: Sequence[Page], shares: Mapping[str, Related]) -> bytes:
    """The feed of one language. `entries` are not empty; `shares` maps a page's `url` to its sharing picture."""
    from lxml import etree

    site = site_view(config, lang)
    here = full(config, feed_path(config, lang))
    root = etree.Element(f"{{{ATOM_NAMESPACE}}}feed", nsmap={None: ATOM_NAMESPACE})
    root.set("{http://www.w3.org/XML/1998/namespace}lang", lang)

    def add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
        element = etree.SubElement(parent, f"{{{ATOM_NAMESPACE}}}{name}", **attributes)
        element.text = text or None
        return element

    add(root, "id", here)
    add(root, "title", site.name)
    if site.description:
        add(root, "subtitle", site.description)
    add(root, "updated", max(_updated(config, page) for page in entries))
    add(root, "link", rel="self", type="application/atom+xml", href=here)
    add(root, "link", rel="alternate", type="text/html", href=absolute(config, site.home))
    author = add(root, "author")
    add(author, "name", config.organisation.name or site.name)
    add(author, "uri", config.organisation.url or config.base_url)
    for page in entries:
        entry = add(root, "entry")
        url = full(config, page.url)
        add(entry, "id", url)
        add(entry, "title", page.title)
        add(entry, "link", rel="alternate", type="text/html", href=url)
        add(entry, "published", moment(config, page.date))
        add(entry, "updated", _updated(config, page))
        name = page.extra.get("author")
        if isinstance(name, str) and name:
            add(add(entry, "author"), "name", name)
        for tag in page.tags:
            add(entry, "category", term=tag, label=tag_label(config, tag, lang))
        if page.description:
            add(entry, "summary", page.description)
        if share := shares.get(page.url):
            add(entry, "link", rel="enclosure", type=share.type, length=str(share.bytes), href=absolute(config, share.url))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _updated(config: Config, page: Page) -> str:
    return moment(config, page.updated or page.date)
