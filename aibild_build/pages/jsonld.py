"""Structured data: one schema.org `@graph` for a page.

Takes a page, its pictures and its breadcrumbs, yields JSON text for `<script type="application/ld+json">`. Nodes are joined by
stable `@id`s made of the page's own address; keys stand in the order written here. Knows no HTML but a script's escape.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..config import Config
from ..errors import AibildError
from ..model import Json, Page, Picture
from .product import AVAILABILITY, CONDITIONS, PRODUCT
from .urls import absolute, full, local
from .view import PageView, site_view

ARTICLES = ("Article", "BlogPosting", "NewsArticle", "TechArticle")
Node: TypeAlias = "dict[str, object]"
# IPTC has renamed these since schema.org took its list over (schema.org/IPTCDigitalSourceEnumeration keeps the old names).
_OLDER_TERMS = {
    "computationalCapture": "multiFrameComputationalCapture",
    "digitalCreation": "digitalArt",
    "humanEdits": "minorHumanEdits",
}


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def graph(config: Config, page: Page, pictures: Sequence[Picture], primary: Picture | None, crumbs: Sequence[PageView]) -> str:
    """The page's `@graph` as JSON, `<` escaped. `primary` is the picture that stands for the page; it is one of `pictures`."""
    nodes = [_website(config, page)]
    if config.organisation.name:
        nodes.append(_organization(config))
    nodes.append(_web_page(config, page, primary, bool(crumbs)))
    if page.schema in ARTICLES:
        nodes.append(_article(config, page, primary))
    elif page.schema == PRODUCT:
        nodes.append(_product(config, page, primary))
    if crumbs:
        nodes.append(_breadcrumbs(config, page, crumbs))
    seen: dict[str, Node] = {}
    for picture in pictures:
        seen.setdefault(_picture_id(config, page, picture), _image(config, page, picture))
    return script_json({"@context": "https://schema.org", "@graph": [*nodes, *seen.values()]})


def pictures_graph(config: Config, page: Page, pictures: Sequence[Picture]) -> str:
    """An `@graph` of those pictures that have rights to tell, for a page that describes itself; "" where none has."""
    nodes: dict[str, Node] = {}
    for picture in pictures:
        if picture.creator or picture.credit or picture.copyright or picture.license:
            nodes.setdefault(_picture_id(config, page, picture), _image(config, page, picture))
    if not nodes:
        return ""
    text = json.dumps({"@context": "https://schema.org", "@graph": list(nodes.values())}, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def moment(config: Config, day: str) -> str:
    """A day as the moment it begins in the site's time zone (ISO 8601 with offset); a date-time stays as it is.

    Raises AibildError when the system does not know the zone.
    """
    if len(day) != 10:
        return day
    return _begin(config.time_zone, day)


@lru_cache
def _begin(time_zone: str, day: str) -> str:
    """Asked four times a page."""
    try:
        zone = datetime.UTC if time_zone == "UTC" else ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        hint = "correct `time_zone` in aibild.toml, or install the package tzdata"
        raise AibildError(f"this system knows no time zone `{time_zone}`", hint=hint) from error
    return datetime.datetime.fromisoformat(day).replace(tzinfo=zone).isoformat()


def _website(config: Config, page: Page) -> Node:
    site = site_view(config, page.lang)
    node: Node = {"@type": "WebSite", "@id": f"{config.base_url}#website", "url": config.base_url, "name": site.name}
    if site.description:
        node["description"] = site.description
    node["inLanguage"] = [language.code for language in config.languages]
    if config.organisation.name:
        node["publisher"] = _organization_ref(config)
    return node


def _organization(config: Config) -> Node:
    organisation = config.organisation
    node: Node = {"@type": "Organization", **_organization_ref(config), "name": organisation.name}
    node["url"] = organisation.url or config.base_url
    if organisation.logo:
        node["logo"] = absolute(config, local(config, organisation.logo))
    return node


def _organization_ref(config: Config) -> Node:
    return {"@id": f"{config.base_url}#organization"}


def _web_page(config: Config, page: Page, primary: Picture | None, crumbs: bool) -> Node:
    url = full(config, page.url)
    kind, entity = _kind(page)
    node: Node = {"@type": kind, "@id": f"{url}#webpage", "url": url, "name": page.title}
    if page.description:
        node["description"] = page.description
    node["inLanguage"] = page.lang
    node["isPartOf"] = {"@id": f"{config.base_url}#website"}
    if crumbs:
        node["breadcrumb"] = {"@id": f"{url}#breadcrumb"}
    if primary is not None:
        node["primaryImageOfPage"] = {"@id": _picture_id(config, page, primary)}
    if entity:
        node["mainEntity"] = {"@id": f"{url}#{entity}"}
    node.update(_dates(config, page))
    return node


def _article(config: Config, page: Page, primary: Picture | None) -> Node:
    url = full(config, page.url)
    node: Node = {"@type": page.schema, "@id": f"{url}#article", "headline": page.title}
    if page.description:
        node["description"] = page.description
    if primary is not None:
        node["image"] = _images(config, primary)
    node.update(_dates(config, page))
    author = page.extra.get("author")
    if isinstance(author, str) and author:
        node["author"] = {"@type": "Person", "name": author}
    elif config.organisation.name:
        node["author"] = _organization_ref(config)
    if config.organisation.name:
        node["publisher"] = _organization_ref(config)
    node["inLanguage"] = page.lang
    node["mainEntityOfPage"] = {"@id": f"{url}#webpage"}
    return node


def _product(config: Config, page: Page, primary: Picture | None) -> Node:
    """A `Product`, with an `Offer` where there is a price."""
    url, product = full(config, page.url), page.product
    node: Node = {"@type": PRODUCT, "@id": f"{url}#product", "name": product.get("name") or page.title, "url": url}
    if page.description:
        node["description"] = page.description
    if primary is not None:
        node["image"] = _images(config, primary)
    if "brand" in product:
        node["brand"] = {"@type": "Brand", "name": product["brand"]}
    node.update({key: product[key] for key in ("sku", "mpn", "gtin", "color", "material", "category") if key in product})
    if "price" in product:
        node["offers"] = _offer(config, url, product)
    node["mainEntityOfPage"] = {"@id": f"{url}#webpage"}
    return node


def _offer(config: Config, url: str, product: Mapping[str, Json]) -> Node:
    node: Node = {"@type": "Offer", "url": url, "price": f"{product['price']:.2f}", "priceCurrency": product["currency"]}
    if "price_valid_until" in product:
        node["priceValidUntil"] = product["price_valid_until"]
    if "availability" in product:
        node["availability"] = f"https://schema.org/{AVAILABILITY[str(product['availability'])]}"
    if "condition" in product:
        node["itemCondition"] = f"https://schema.org/{CONDITIONS[str(product['condition'])]}"
    if config.organisation.name:
        node["seller"] = _organization_ref(config)
    return node


def _images(config: Config, primary: Picture) -> list[str]:
    return [absolute(config, related.url) for related in primary.structured] or [absolute(config, primary.src.url)]


def _kind(page: Page) -> tuple[str, str]:
    """What the page itself is, and the fragment of what it is about."""
    if page.schema in ARTICLES:
        return "WebPage", "article"
    return ("ItemPage", "product") if page.schema == PRODUCT else (page.schema, "")


def _dates(config: Config, page: Page) -> Node:
    dates: Node = {}
    if page.date:
        dates["datePublished"] = moment(config, page.date)
    if page.updated or page.date:
        dates["dateModified"] = moment(config, page.updated or page.date)
    return dates


def _breadcrumbs(config: Config, page: Page, crumbs: Sequence[PageView]) -> Node:
    items = [
        {"@type": "ListItem", "position": position, "name": crumb.menu_title, "item": absolute(config, crumb.url)}
        for position, crumb in enumerate(crumbs, start=1)
    ]
    return {"@type": "BreadcrumbList", "@id": f"{full(config, page.url)}#breadcrumb", "itemListElement": items}


def _image(config: Config, page: Page, picture: Picture) -> Node:
    return image_node(config, picture, _picture_id(config, page, picture))


def image_node(config: Config, picture: Picture, address: str) -> Node:
    """A picture as schema.org's ImageObject, in the picture's language; `address` is its `@id`."""
    node: Node = {
        "@type": "ImageObject",
        "@id": address,
        "contentUrl": absolute(config, picture.src.url),
        "width": _pixels(picture.src.width),
        "height": _pixels(picture.src.height),
    }
    words: Mapping[str, str] = {
        "name": picture.title,
        "caption": picture.caption or picture.alt,
        "license": absolute(config, local(config, picture.license)),
        "acquireLicensePage": absolute(config, local(config, picture.acquire_license_page)),
        "creditText": picture.credit,
    }
    node.update({name: text for name, text in words.items() if text})
    if picture.creator:
        kind = "Organization" if picture.creator == config.organisation.name else "Person"
        node["creator"] = {"@type": kind, "name": picture.creator}
    if picture.copyright:
        node["copyrightNotice"] = picture.copyright
    if picture.source_type:
        node["digitalSourceType"] = digital_source_type(picture.source_type)
    node["inLanguage"] = picture.lang
    return node


def script_json(value: Node) -> str:
    """A node as text for `<script type="application/ld+json">`, `<` escaped."""
    return _ENCODER.encode(value).replace("<", "\\u003c")


def digital_source_type(source_type: str) -> str:
    """An IPTC digital source type's last part as schema.org's term: "algorithmicMedia" → ".../AlgorithmicMediaDigitalSource"."""
    term = _OLDER_TERMS.get(source_type, source_type)
    return f"https://schema.org/{term[:1].upper()}{term[1:]}DigitalSource"


def _pixels(count: int) -> Node:
    """A length in pixels: unit code E37 of UN/CEFACT Recommendation 20."""
    return {"@type": "QuantitativeValue", "value": count, "unitCode": "E37"}


def _picture_id(config: Config, page: Page, picture: Picture) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", picture.id.lower()).strip("-")
    return f"{full(config, page.url)}#picture-{picture.slot}-{name}"
