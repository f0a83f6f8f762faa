"""What search engines and sharing cards are told: head, structured data, sitemap, robots."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from aibild_build.errors import AibildError
from aibild_build.model import Page
from aibild_build.pages.jsonld import digital_source_type, moment
from aibild_build.pages.sitemap import IMAGE_NAMESPACE, SITEMAP_NAMESPACE, robots_txt, sitemaps
from tests.unit.pages.project import Pictures, Project, elements, metas, picture


def head(project: Project, url: str, pictures: Pictures | None = None) -> str:
    hero = "{% set hero = picture('hero') %}{% if hero %}{{ picture_html(hero) }}{% endif %}"
    project.write("templates/article.html", "{{ head() }}" + hero + "{{ content }}")
    for name in ("home", "section", "404"):
        project.write(f"templates/{name}.html", "{% include 'article.html' %}")
    return project.renderer(pictures).render(project.pages()[url]).html


def nodes(html: str) -> dict[str, dict[str, Any]]:
    """The graph's nodes by type; the last of several."""
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)
    graph = json.loads(data)
    assert graph["@context"] == "https://schema.org"
    known = {node["@id"] for node in graph["@graph"]}
    assert len(known) == len(graph["@graph"])
    for reference in re.findall(r'\{"@id":"([^"]*)"\}', data):
        assert reference in known
    return {node["@type"]: node for node in graph["@graph"]}


@pytest.fixture
def bilingual(project: Project) -> Project:
    project.page("site/index.md", "Start")
    project.page("site/de/index.md", "Anfang")
    project.page("site/guide/index.md", "Guide")
    fields = {"description": '"Fold & cut"', "schema": "Article", "date": "2026-11-23", "hero": "sea"}
    project.page("site/guide/paper.md", "Paper <folding>", "![](brief:fold)\n", **fields)
    project.page("site/de/guide/paper.md", "Papier falten", **fields)
    project.page("site/404.md", "Lost", hero="sea")
    return project


def test_title_description_canonical_and_alternates(bilingual: Project) -> None:
    html = head(bilingual, "guide/paper/")
    assert "<title>Paper &lt;folding&gt; · Paper</title>" in html
    assert metas(html)["description"] == "Fold & cut"
    assert metas(html)["robots"] == "max-image-preview:large"
    links = elements(html, "link")
    assert [row["href"] for row in links if row["rel"] == "canonical"] == ["https://example.org/docs/guide/paper/"]
    assert {row["hreflang"]: row["href"] for row in links if "hreflang" in row} == {
        "en": "https://example.org/docs/guide/paper/",
        "de": "https://example.org/docs/de/guide/paper/",
        "x-default": "https://example.org/docs/guide/paper/",
    }
    german = head(bilingual, "de/guide/paper/")
    assert "<title>Papier falten · Papier</title>" in german
    assert [row["href"] for row in elements(german, "link") if row["rel"] == "canonical"] == [
        "https://example.org/docs/de/guide/paper/"
    ]
    assert not [row for row in elements(head(bilingual, "guide/"), "link") if "hreflang" in row]
    assert "<title>Papier · Anfang</title>" in head(bilingual, "de/")


def test_cards_name_the_share_picture(bilingual: Project) -> None:
    html = head(bilingual, "guide/paper/")
    properties = metas(html)
    assert {name: value for name, value in properties.items() if name.startswith(("og:image", "twitter"))} == {
        "og:image": "https://example.org/docs/pictures/hero-sea-1200x630.jpg",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:type": "image/jpeg",
        "og:image:alt": "sea in en",
        "twitter:card": "summary_large_image",
    }
    assert (properties["og:type"], properties["og:locale"], properties["og:locale:alternate"]) == ("article", "en_US", "de_DE")
    assert (properties["og:site_name"], properties["og:url"]) == ("Paper", "https://example.org/docs/guide/paper/")
    assert properties["article:published_time"] == "2026-11-23T00:00:00+00:00"
    plain = metas(head(bilingual, "guide/"))
    assert (plain["og:type"], plain["twitter:card"]) == ("website", "summary") and "og:image" not in plain


def test_the_404_page_is_kept_out(bilingual: Project) -> None:
    html = head(bilingual, "404.html")
    assert metas(html)["robots"] == "noindex" and "og:url" not in metas(html)
    assert not [row for row in elements(html, "link") if row["rel"] in ("canonical", "alternate")]
    assert "ld+json" not in html


def test_the_graph_of_an_article(bilingual: Project) -> None:
    graph = nodes(head(bilingual, "guide/paper/"))
    base, url = "https://example.org/docs/", "https://example.org/docs/guide/paper/"
    assert list(graph) == ["WebSite", "Organization", "WebPage", "Article", "BreadcrumbList", "ImageObject"]
    assert graph["WebPage"]["primaryImageOfPage"] == {"@id": f"{url}#picture-hero-sea"}
    assert graph["WebPage"]["inLanguage"] == "en"
    assert graph["Organization"]["logo"] == f"{base}logo.png"
    article = graph["Article"]
    assert (article["headline"], article["datePublished"]) == ("Paper <folding>", "2026-11-23T00:00:00+00:00")
    assert article["image"] == [f"{base}pictures/hero-sea-{size}.jpg" for size in ("1600x900", "1200x900", "1200x1200")]
    assert article["author"] == {"@id": f"{base}#organization"}
    assert [item["name"] for item in graph["BreadcrumbList"]["itemListElement"]] == ["Start", "Guide", "Paper <folding>"]
    image = graph["ImageObject"]  # the last: the one in the text
    assert image["contentUrl"] == f"{base}pictures/prose-fold-1600.jpg"
    assert (image["license"], image["creditText"], image["copyrightNotice"]) == (f"{base}licence/", "Studio", "© Studio")
    assert image["creator"] == {"@type": "Organization", "name": "Studio"}
    assert image["digitalSourceType"] == "https://schema.org/AlgorithmicMediaDigitalSource"
    assert image["width"] == {"@type": "QuantitativeValue", "value": 1600, "unitCode": "E37"}


def test_structured_data_cannot_close_its_script(bilingual: Project) -> None:
    html = head(bilingual, "guide/paper/", Pictures({"sea": {"alt": "</script><script>alert(1)</script>"}}))
    assert "</script><script>alert" not in html
    assert nodes(html)["ImageObject"]


def test_the_hero_is_preloaded_only_where_it_is_shown(bilingual: Project) -> None:
    assert len([row for row in elements(head(bilingual, "guide/paper/"), "link") if row["rel"] == "preload"]) == 2
    bilingual.write("templates/article.html", "{{ head() }}")
    html = bilingual.renderer().render(bilingual.pages()["guide/paper/"]).html
    assert "preload" not in html and "og:image" in html


def test_days_begin_in_the_sites_time_zone(project: Project) -> None:
    project.settings["time_zone"] = "Europe/Berlin"
    assert moment(project.config, "2026-11-23") == "2026-11-23T00:00:00+01:00"
    assert moment(project.config, "2026-07-01") == "2026-07-01T00:00:00+02:00"
    assert moment(project.config, "2026-07-01T08:00:00Z") == "2026-07-01T08:00:00Z"
    project.settings["time_zone"] = "Europe/Nowhere"
    with pytest.raises(AibildError, match="Europe/Nowhere"):
        moment(project.config, "2026-11-23")


def test_source_types_are_schema_terms() -> None:
    assert digital_source_type("trainedAlgorithmicMedia") == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    assert digital_source_type("digitalCreation") == "https://schema.org/DigitalArtDigitalSource"


def locations(xml: bytes, namespace: str = SITEMAP_NAMESPACE) -> list[str]:
    return [element.text or "" for element in etree.fromstring(xml).iter(f"{{{namespace}}}loc")]


def test_the_sitemap_lists_what_may_be_indexed(bilingual: Project) -> None:
    bilingual.page("site/hidden.md", "Hidden", noindex="true")
    bilingual.page("site/later.md", "Later", draft="true")
    bilingual.page("site/straße.md", "Street & more", updated="2026-12-01")
    pages = bilingual.pages()
    sea = picture("sea", "hero", "en")
    ((name, xml),) = sitemaps(bilingual.config, pages.values(), {"guide/paper/": (sea, sea, picture("a&b", "prose", "en"))})
    assert name == "sitemap.xml"
    assert locations(xml) == [
        f"https://example.org/docs/{path}" for path in ("", "de/", "de/guide/paper/", "guide/", "guide/paper/", "stra%C3%9Fe/")
    ]
    assert locations(xml, IMAGE_NAMESPACE) == [
        f"https://example.org/docs/pictures/{file}-1600.jpg" for file in ("hero-sea", "prose-a&b")
    ]
    assert b"<lastmod>2026-12-01</lastmod>" in xml and b"changefreq" not in xml
    assert sitemaps(bilingual.config, reversed(pages.values()), {})[0] == sitemaps(bilingual.config, pages.values(), {})[0]


def test_a_sitemap_that_grows_too_large_becomes_an_index(bilingual: Project) -> None:
    page = bilingual.pages()["guide/"]
    pages: list[Page] = [replace(page, id=f"p{number}", url=f"p{number}/") for number in range(5)]
    files = sitemaps(bilingual.config, pages, {}, max_urls=2)
    assert [name for name, _ in files] == ["sitemap.xml", "sitemap-1.xml", "sitemap-2.xml", "sitemap-3.xml"]
    assert locations(files[0][1]) == [f"https://example.org/docs/sitemap-{number}.xml" for number in (1, 2, 3)]
    assert [url for _, xml in files[1:] for url in locations(xml)] == [f"https://example.org/docs/{page.url}" for page in pages]
    assert len(sitemaps(bilingual.config, pages, {}, max_bytes=2000)) > 2


def test_robots_allow_all_and_name_the_sitemap(project: Project) -> None:
    assert robots_txt(project.config) == b"User-agent: *\nAllow: /\n\nSitemap: https://example.org/docs/sitemap.xml\n"
