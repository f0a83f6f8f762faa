"""The `product` table of front matter: what is sold, for how much, and whether it can be had.

Takes the table's fields, yields plain JSON with the keys as written and values that are known to be sound. Structured data and
templates read it from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..model import Json
from ..source import Fields

PRODUCT = "Product"
AVAILABILITY: Mapping[str, str] = {
    "in_stock": "InStock",
    "out_of_stock": "OutOfStock",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "limited": "LimitedAvailability",
    "sold_out": "SoldOut",
    "discontinued": "Discontinued",
}
"""Our word → schema.org's ItemAvailability."""

CONDITIONS: Mapping[str, str] = {
    "new": "NewCondition",
    "used": "UsedCondition",
    "refurbished": "RefurbishedCondition",
    "damaged": "DamagedCondition",
}
"""Our word → schema.org's OfferItemCondition."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_GTIN = re.compile(r"\d{8}|\d{12,14}")


def read_product(fields: Fields, schema: str) -> dict[str, Json]:
    """The product of a page; empty without one. A page whose schema is no Product must have none."""
    if not fields.has("product"):
        return {}
    table = fields.fields("product")
    texts = {
        "name": table.text("name"),
        "brand": table.text("brand"),
        "sku": table.text("sku"),
        "mpn": table.text("mpn"),
        "gtin": table.text("gtin"),
        "color": table.text("color"),
        "material": table.text("material"),
        "category": table.text("category"),
        "currency": table.text("currency"),
        "availability": table.choice("availability", tuple(AVAILABILITY), ""),
        "condition": table.choice("condition", tuple(CONDITIONS), ""),
        "price_valid_until": table.day("price_valid_until"),
    }
    product: dict[str, Json] = {key: text for key, text in texts.items() if text}
    if table.has("price"):
        product["price"] = table.number("price", low=0)
    _check(table, texts)
    if product and schema != PRODUCT:
        fields.tell("source-value", f"expected schema as Product on a page with a product, got {schema}", "schema")
    return product


def gtin_is_sound(gtin: str) -> bool:
    """8, 12, 13 or 14 digits whose last one is right (GS1 General Specifications, section 7.9)."""
    if not _GTIN.fullmatch(gtin):
        return False
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(gtin[:-1])))
    return (10 - weighed % 10) % 10 == int(gtin[-1])


def _check(table: Fields, texts: Mapping[str, str]) -> None:
    if texts["gtin"] and not gtin_is_sound(texts["gtin"]):
        table.wrong("gtin", "GTIN of 8, 12, 13 or 14 digits with a right check digit")
    if texts["currency"] and not _CURRENCY.fullmatch(texts["currency"]):
        table.wrong("currency", "currency code like EUR (ISO 4217)")
    for one, other in (("price", "currency"), ("currency", "price")):
        if table.has(one) and not table.has(other):
            table.tell("source-missing", f"expected product.{other} beside product.{one}, got nothing", one)
