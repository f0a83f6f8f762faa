"""Which pictures the site's settings declare a slot for, and which a style sheet reaches by their place among other elements.

The latter must not be wrapped in a `<picture>`: `figure > img` and `img:first-child` mean another element, or none, once there is
one between. A `<picture>` that shows no box of its own (`display: contents`) leaves all other styles as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import turbohtml

from ...budgets.reading import Kind, OnePage
from ...config import DeclaredSlot
from ...rewriting import Written

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_SELECTOR = re.compile(r"([^{};@]+)\{")
_BY_PLACE = re.compile(r"[>+~]|:(?:first|last|only|nth)-|:empty|:has\(")
_AFTER = re.compile(r"\s*[+~]\s*")
_PSEUDO_ELEMENT = re.compile(
    r"::?(?:before|after|first-line|first-letter|placeholder|selection|marker)\b|:(?:hover|focus[\w-]*|active|visited)\b"
)
_MOST = 400


def declared_slots(declared: Sequence[DeclaredSlot], written: Written) -> dict[str, int]:
    """CSS path of a picture → place of the first declaration that finds it."""
    found: dict[str, int] = {}
    for at, one in enumerate(declared):
        for element in written.document.select(one.selector):
            if element.tag == "img":
                found.setdefault(element.css_path(), at)
    return found


def bound_by_styles(page: OnePage, written: Written) -> frozenset[str]:
    """CSS paths of the pictures that some rule meets by their place."""
    found: set[str] = set()
    for selector in dict.fromkeys(_selectors(page)):
        try:
            found.update(one.css_path() for one in written.document.select(selector) if one.tag == "img")
        except (turbohtml.SelectorSyntaxError, ValueError):
            continue
    return frozenset(found)


def _selectors(page: OnePage) -> Iterator[str]:
    for tag in page.seen.styles:
        yield from by_place(tag.text)
    for link in page.seen.rel("stylesheet"):
        target = page.resolve(link.get("href"))
        if target is not None and target.kind is Kind.FILE:
            yield from by_place(page.site.read(target.path).decode("utf-8", "replace"))


@lru_cache(maxsize=64)
def by_place(css: str) -> tuple[str, ...]:
    """Selectors that look at neighbours or parents and may mean a picture; for `img + p` the part that means the picture."""
    found: dict[str, None] = {}
    for group in _SELECTOR.findall(_COMMENT.sub(" ", css)):
        for one in _PSEUDO_ELEMENT.sub("", group).split(","):
            selector = one.strip()
            if not selector or not _BY_PLACE.search(selector):
                continue
            last = re.split(r"[\s>+~]+", selector)[-1]
            if re.match(r"img\b|[*.#:\[]", last):
                found[selector] = None
            for sign in _AFTER.finditer(selector):
                before = selector[: sign.start()]
                if re.match(r"img\b", re.split(r"[\s>+~]+", before)[-1]):
                    found[before] = None
    return tuple(found)[:_MOST]
