"""The sitemap against a schema, and against the pages that it lists."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.real.conftest import HERE, Built
from tests.support.references import page_url, read_html

_SPACES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "i": "http://www.google.com/schemas/sitemap-image/1.1"}
_URLSET = f'<urlset xmlns="{_SPACES["s"]}" xmlns:image="{_SPACES["i"]}">%s</urlset>'


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(HERE / "schemas" / "sitemap.xsd")))


def test_it_is_valid(built: Built, schema: etree.XMLSchema) -> None:
    document = etree.parse(str(built.output / "sitemap.xml"))
    assert schema.validate(document), schema.error_log
    assert (built.output / "sitemap.xml").stat().st_size <= 52_428_800


def test_it_lists_every_page_that_may_be_indexed(built: Built) -> None:
    canonical = set()
    for page in built.pages():
        document = read_html(page.read_text("utf-8"))
        robots = " ".join(attrs.get("content", "") for attrs in document.all("meta", name="robots"))
        links = [attrs["href"] for attrs in document.all("link", rel="canonical")]
        if "noindex" not in robots and page.name == "index.html":
            assert links == [page_url(page.relative_to(built.output).as_posix(), built.base_url)]
            canonical.update(links)
    listed = [str(loc.text) for loc in _found(built, "//s:url/s:loc")]
    assert sorted(listed) == sorted(canonical)


def test_it_lists_pictures_as_the_page_shows_them(built: Built) -> None:
    """Each `image:loc` is the `src` of an `img` of that page: the file that every reader can show."""
    for url in _found(built, "//s:url"):
        (loc,) = url.xpath("s:loc", namespaces=_SPACES)
        page = built.output / str(loc.text).removeprefix(built.base_url) / "index.html"
        shown = {attrs["src"] for attrs in read_html(page.read_text("utf-8")).all("img")}
        base_path = "/" + built.base_url.split("://")[1].partition("/")[2]
        for picture in url.xpath("i:image/i:loc", namespaces=_SPACES):
            assert base_path + str(picture.text).removeprefix(built.base_url) in shown
    assert _found(built, "//i:loc")


def test_robots_txt_names_it(built: Built) -> None:
    assert f"Sitemap: {built.base_url}sitemap.xml" in (built.output / "robots.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<url/>",
        "<url><loc>/relative</loc></url>",
        "<url><loc>https://a.example/</loc><lastmod>yesterday</lastmod></url>",
        "<url><loc>https://a.example/</loc></url><url><loc>https://a.example/</loc></url>",
        "<url><loc>https://a.example/</loc><image:image><image:title>t</image:title></image:image></url>",
        "<url><loc>https://a.example/</loc><image:image><image:loc>a.jpg</image:loc></image:image></url>",
    ],
)
def test_the_schema_refuses(schema: etree.XMLSchema, inside: str) -> None:
    assert not schema.validate(etree.fromstring(_URLSET % inside))


def test_the_schema_accepts(schema: etree.XMLSchema) -> None:
    page = "<url><loc>https://a.example/</loc><lastmod>2026-11-23</lastmod>%s</url>"
    picture = "<image:image><image:loc>https://a.example/a.jpg</image:loc></image:image>"
    assert schema.validate(etree.fromstring(_URLSET % (page % (picture * 2)))), schema.error_log


def _found(built: Built, path: str) -> list[etree._Element]:
    document = etree.parse(str(built.output / "sitemap.xml"))
    return list(document.xpath(path, namespaces=_SPACES))
