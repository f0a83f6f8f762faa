"""`<head>`: what search engines, sharing cards and browsers are told of a page.

Takes a page, its translations and the pictures that it shows, yields markup. Addresses are in full, from the base URL alone.
Style and icons are the theme's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..config import Config
from ..model import Page, Picture
from .jsonld import ARTICLES, graph, moment
from .listing import NOT_FOUND
from .markup import preload_html
from .strings import open_graph_locale
from .urls import absolute, escaped, full
from .view import Cover, PageView, Translation, site_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a head is made of. `pictures` are those on the page, `primary` stands for it, and is preloaded if `preload`.

    `previous` and `next` are the neighbours of a numbered page, `feed` the feed of the language; absolute paths or "". `card` is
    what is shared of a page that has no picture.
    """

    config: Config
    page: Page
    translations: tuple[Translation, ...]
    crumbs: tuple[PageView, ...]
    pictures: tuple[Picture, ...]
    primary: Picture | None
    preload: bool
    previous: str = ""
    next: str = ""
    feed: str = ""
    card: Cover | None = None


def head_html(head: Head) -> Markup:
    """Title, description, robots, canonical, alternates, Open Graph, card, preload and JSON-LD, one a line.

    The preload comes before the JSON-LD, so that the browser meets it early. A page that is not to be indexed has no canonical
    URL, no alternates and no structured data.
    """
    page = head.page
    lines = [f"<title>{escaped(title_of(head.config, page))}</title>"]
    if page.description:
        lines.append(_meta("name", "description", page.description))
    lines.append(_meta("name", "robots", "noindex" if page.noindex else "max-image-preview:large"))
    if not page.noindex:
        lines.append(f'<link rel="canonical" href="{escaped(full(head.config, page.url))}">')
        lines += _neighbours(head)
        lines += _alternates(head.translations)
    if head.feed and not page.noindex:
        name = escaped(site_view(head.config, page.lang).name)
        lines.append(f'<link rel="alternate" type="application/atom+xml" title="{name}" href="{escaped(head.feed)}">')
    lines += _open_graph(head)
    if head.primary is not None and head.primary.priority and head.preload:
        lines.append(preload_html(head.primary))
    if not page.noindex:
        data = graph(head.config, page, head.pictures, head.primary, head.crumbs)
        lines.append(f'<script type="application/ld+json">{data}</script>')
    return Markup("\n".join(lines))


def title_of(config: Config, page: Page) -> str:
    """ "Title · Site", and for home the site's name first."""
    name = site_view(config, page.lang).name
    if not name or name == page.title:
        return page.title
    return f"{name} · {page.title}" if not page.id else f"{page.title} · {name}"


def _neighbours(head: Head) -> list[str]:
    named = (("prev", head.previous), ("next", head.next))
    return [f'<link rel="{name}" href="{escaped(absolute(head.config, path))}">' for name, path in named if path]


def _alternates(translations: Sequence[Translation]) -> list[str]:
    if len(translations) < 2:
        return []
    links = [_alternate(each.lang, each.absolute_url) for each in translations]
    return links + [_alternate("x-default", each.absolute_url) for each in translations if each.default]


def _alternate(lang: str, url: str) -> str:
    return f'<link rel="alternate" hreflang="{escaped(lang)}" href="{escaped(url)}">'


def _open_graph(head: Head) -> list[str]:
    config, page = head.config, head.page
    article = page.schema in ARTICLES
    kind = "article" if article else "product" if page.product else "website"
    rows = [("og:type", kind), ("og:title", page.title)]
    if page.description:
        rows.append(("og:description", page.description))
    if page.id != NOT_FOUND:
        rows.append(("og:url", full(config, page.url)))
    if name := site_view(config, page.lang).name:
        rows.append(("og:site_name", name))
    rows.append(("og:locale", open_graph_locale(page.lang)))
    rows += [("og:locale:alternate", open_graph_locale(each.lang)) for each in head.translations if not each.current]
    if article and page.date:
        rows.append(("article:published_time", moment(config, page.date)))
    if article and (page.updated or page.date):
        rows.append(("article:modified_time", moment(config, page.updated or page.date)))
    if "price" in page.product:
        rows.append(("product:price:amount", f"{page.product['price']:.2f}"))
        rows.append(("product:price:currency", str(page.product["currency"])))
    return [*(_meta("property", name, value) for name, value in rows), *card_lines(config, head.primary or head.card)]


def card_lines(config: Config, shared: Picture | Cover | None) -> list[str]:
    """What sharing cards are told of a picture, one element a line; without a picture only that there is none."""
    if shared is None or shared.share is None:
        return [_meta("name", "twitter:card", "summary")]
    share = shared.share
    rows = [
        ("og:image", absolute(config, share.url)),
        ("og:image:width", str(share.width)),
        ("og:image:height", str(share.height)),
        ("og:image:type", share.type),
    ]
    if shared.alt:
        rows.append(("og:image:alt", shared.alt))
    lines = [_meta("property", name, value) for name, value in rows]
    return [*lines, _meta("name", "twitter:card", "summary_large_image")]


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{escaped(content)}">'
