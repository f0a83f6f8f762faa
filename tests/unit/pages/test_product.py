"""Products in front matter, in structured data and on the page."""

from __future__ import annotations

import json

import pytest

from aibild_build.pages.product import AVAILABILITY, CONDITIONS, gtin_is_sound
from aibild_build.pages.strings import phrase
from tests.unit.pages.project import Pictures, Project, metas, told

_PRODUCT = (
    '{name: Paper boat, brand: Studio, sku: B-1, gtin: "4006381333931", price: 49.5, currency: EUR,'
    " availability: in_stock, condition: new, price_valid_until: 2026-12-31}"
)


def boat(project: Project, product: str = _PRODUCT, **fields: object) -> Project:
    project.page("site/index.md", "Home")
    head: dict[str, object] = {"schema": "Product", "hero": "sea", "product": product, **fields}
    project.page("site/boat.md", "Boat", "", **head)
    return project


def nodes(project: Project) -> dict[str, dict[str, object]]:
    html = boat(project).renderer(Pictures()).render(project.pages()["boat/"]).html
    text = html.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    return {node["@type"]: node for node in json.loads(text)["@graph"]}


def test_structured_data(project: Project) -> None:
    found = nodes(project)
    url = "https://example.org/docs/boat/"
    product = found["Product"]
    assert (product["@id"], product["name"], product["gtin"], product["sku"]) == (
        f"{url}#product",
        "Paper boat",
        "4006381333931",
        "B-1",
    )
    assert product["brand"] == {"@type": "Brand", "name": "Studio"}
    images = product["image"]
    assert (
        isinstance(images, list) and len(images) == 3 and all(image.startswith("https://example.org/docs/") for image in images)
    )
    assert product["offers"] == {
        "@type": "Offer",
        "url": url,
        "price": "49.50",
        "priceCurrency": "EUR",
        "priceValidUntil": "2026-12-31",
        "availability": "https://schema.org/InStock",
        "itemCondition": "https://schema.org/NewCondition",
        "seller": {"@id": "https://example.org/docs/#organization"},
    }
    assert found["ItemPage"]["mainEntity"] == {"@id": f"{url}#product"}
    assert {"WebSite", "Organization", "BreadcrumbList", "ImageObject"} <= set(found)


def test_the_page_shows_its_facts(project: Project) -> None:
    page = boat(project).pages()["boat/"]
    assert page.template == "product.html"
    html = project.renderer().render(page).html
    assert "49.50\u00a0EUR" in html and "In stock" in html and "<dd>B-1</dd>" in html
    assert metas(html)["product:price:amount"] == "49.50" and metas(html)["og:type"] == "product"


def test_a_product_may_say_little(project: Project) -> None:
    page = boat(project, "{brand: Studio}").pages()["boat/"]
    html = project.renderer().render(page).html
    assert '"@type":"Product"' in html and "Offer" not in html and '"name":"Boat"' in html
    project.page("site/bare.md", "Bare", schema="Product")
    assert '"@type":"Product"' in project.renderer().render(project.pages()["bare/"]).html


@pytest.mark.parametrize(
    ("product", "rule"),
    [
        ('{gtin: "4006381333932"}', "source-value"),
        ("{gtin: 4006381333931}", "source-value"),
        ("{price: 5}", "source-missing"),
        ("{currency: EUR}", "source-missing"),
        ("{price: -1, currency: EUR}", "source-value"),
        ('{price: "5", currency: EUR}', "source-value"),
        ("{price: 5, currency: euro}", "source-value"),
        ("{availability: soon}", "source-value"),
        ("{prize: 5}", "source-unknown-key"),
        ("nothing", "source-value"),
    ],
)
def test_faults_of_a_product(project: Project, product: str, rule: str) -> None:
    boat(project, product)
    assert [line.rpartition(" ")[2] for line in told(project.read()[1])] == [rule]


def test_a_product_needs_its_schema(project: Project) -> None:
    boat(project, "{brand: A}", schema="Article")
    assert told(project.read()[1]) == ["site/boat.md:3 source-value"]


@pytest.mark.parametrize(
    ("gtin", "sound"),
    [
        ("96385074", True),
        ("4006381333931", True),
        ("036000291452", True),
        ("96385075", False),
        ("1234567", False),
        ("abcdefgh", False),
    ],
)
def test_check_digits(gtin: str, sound: bool) -> None:
    assert gtin_is_sound(gtin) is sound


def test_every_word_has_a_phrase() -> None:
    for word in AVAILABILITY:
        assert phrase("en", f"availability_{word}")
    for word in CONDITIONS:
        assert phrase("en", f"condition_{word}")
