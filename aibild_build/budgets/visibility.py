"""Rules on `content-visibility`: what is skipped until it comes near must keep its place, and must not hold the hero."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Level
from . import Family, Rule
from .reading import Css, Fault, Img, OnePage, Tag
from .reading.selectors import read_selectors

RULES = (
    Rule(
        id="content-visibility-size",
        level=Level.WARNING,
        title="`content-visibility: auto` comes with `contain-intrinsic-size`",
        source="CSS Containment 2, section 4; CSS Sizing 4, section 4",
        hint="write `contain-intrinsic-size: auto 600px`: what is skipped has no height, so the page jumps on scrolling",
    ),
    Rule(
        id="content-visibility-hero",
        level=Level.WARNING,
        title="`content-visibility: auto` is not set around the hero",
        source="web.dev, content-visibility; own",
        hint="use it below the first screen only: around the hero it holds up the largest paint",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    for css, _, tag in page.sheets:
        for selector in _skipped(css):
            sized = any(one.selector == selector and one.property != "content-visibility" for one in css.contained)
            name = selector if selector != "*" else tag.path.rpartition(" > ")[2]
            if not sized:
                message = f"expected `contain-intrinsic-size` beside `content-visibility: auto`, got none on `{name}`"
                yield page.fault("content-visibility-size", message, tag)
            if page.hero is not None and _holds(selector, tag, page.hero.img):
                message = f"expected the hero outside of what is skipped, got it inside of `{name}`"
                yield page.fault("content-visibility-hero", message, page.hero.img.tag)


def _skipped(css: Css) -> list[str]:
    found = (one.selector for one in css.contained if one.property == "content-visibility" and one.value.startswith("auto"))
    return list(dict.fromkeys(found))


def _holds(selector: str, styled: Tag, hero: Img) -> bool:
    """Whether a selector surely meets the hero or something around it: by the element that a `style` attribute stands on, or by
    names, classes and ids. States and attributes are not followed, nor which of two rules wins: that would need the cascade."""
    if styled.name not in ("style", "link"):
        return hero.tag.path == styled.path or hero.tag.path.startswith(styled.path + " > ")
    lines = [hero.line[:count] for count in range(1, len(hero.line) + 1)]
    return any(one.meets(line) is True for one in read_selectors(selector) for line in lines)


FAMILY = Family(name="visibility", fingerprint=2, rules=RULES, page=_page)
