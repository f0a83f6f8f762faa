"""Pictures in styles: which background covers most of the first screen, as far as a page's own CSS tells.

Takes a page and a device, yields a `Background` or None. A selector counts when the page has its classes and ids; a height that
is not declared is that of the picture at the width of the screen. Backgrounds of the whole page are no paint that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...devices import Device
from ...imagefile import format_of_name
from ...model import FileFacts
from .boxes import holds_on, length_px, ratio_in
from .css import Boxed, Css, urls_of
from .one import HEADER_PX, OnePage
from .page import Seen, Tag
from .site import Kind

CONTENT_PX = 300
_WHOLE_PAGE = frozenset({"html", "body"})
_BELOW = frozenset({"footer", "nav"})


class Background(NamedTuple):
    """`tag` is the element, or what holds its style sheet; `area_px` what can be seen of it on the first screen."""

    file: str
    bytes: int
    tag: Tag
    area_px: int
    preloaded: bool


def largest_background(page: OnePage, device: Device) -> Background | None:
    """The background that covers most of the device's first screen."""
    best: Background | None = None
    for css, base, tag in page.sheets:
        if not css.urls:
            continue
        medium = tag.get("media") if tag.name in ("style", "link") else ""
        for one in _painting(css, page.seen, tag):
            for url in urls_of(one.value) if holds_on(one.conditions, medium, device) else ():
                target = page.site.resolve(url, base)
                if target is None or target.kind is not Kind.FILE or format_of_name(target.path) in ("", "svg"):
                    continue
                facts = page.site.facts(target.path)
                if facts is None or facts.width < CONTENT_PX:
                    continue
                area = round(device.width * min(_height_px(css, one, facts, device), device.height - HEADER_PX))
                if best is None or area > best.area_px:
                    preloads = (page.resolve(link.get("href")) for link in page.seen.rel("preload") if link.get("href"))
                    best = Background(target.path, facts.bytes, tag, area, target in preloads)
    return best


def _painting(css: Css, seen: Seen, tag: Tag) -> Iterator[Boxed]:
    """Declarations of backgrounds that surely count for an element of the page which may lie on the first screen."""
    own = tag.name not in ("style", "link")
    for boxed in css.boxes.values():
        for one in boxed:
            steps = one.selector.steps
            if not one.property.startswith("background") or not steps:
                continue
            names = {tag.name} if own else {steps[-1].name}
            around = {*names, *(step.name for step in steps)}
            is_here = all(seen.classes.issuperset(step.classes) and seen.ids.issuperset(step.ids) for step in steps)
            is_bare = not own and names <= {"", "*"} and not steps[-1].classes and not steps[-1].ids
            if (
                is_here
                and not is_bare
                and not names & _WHOLE_PAGE
                and not around & _BELOW
                and not any(step.open for step in steps)
            ):
                yield one


def _height_px(css: Css, painted: Boxed, facts: FileFacts, device: Device) -> float:
    """The height of the element, from what stands beside its background."""
    height = device.width * facts.height / facts.width
    beside = {one.property: one.value for one in css.boxes[painted.selector.key] if one.selector == painted.selector}
    for name in ("aspect-ratio", "min-height", "height"):
        value = beside.get(name, "").partition("!")[0].strip().lower()
        if name == "aspect-ratio" and (ratio := ratio_in(value)):
            height = device.width / ratio
        elif name != "aspect-ratio" and (length := length_px(value, "height", device)) is not None and length.px:
            height = length.px
    return height
