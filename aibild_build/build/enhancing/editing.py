"""One page's edits: `<picture>` around what was taken, attributes that were missing, a preload, rights as structured data.

Takes a page as written, its takes and the pictures that were made; yields the page's new bytes. An attribute that the author
wrote is never changed, but for `src`, whose file is cut anew, and a hero's `loading="lazy"`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ...model import Candidate, Picture, Source
from ...pages.markup import preload_html, sources_html, srcset
from ...rewriting import Edit, Element, Unclear, Written, insert_attributes, read_written, replace_value
from .choosing import Take

SCRIPT_ID = "aibild-pictures"
STYLE_ID = "aibild-sizes"
# No specificity, and the first in the head: it meets only what a presentational hint would set otherwise
_STYLE = f'<style id="{STYLE_ID}">:where(img[data-sized]){{height:auto}}</style>'
CONTENTS = "display:contents"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be changed: a change whose rule the settings switch off is not made."""

    off: Collection[str]

    def may(self, rule: str) -> bool:
        return rule not in self.off


class Edited(NamedTuple):
    """A page's new bytes, the pictures that it shows now, in order, and how many of its tags were changed."""

    data: bytes
    pictures: tuple[Picture, ...]
    changed: int


def edit(
    written: Written,
    takes: Mapping[int, Take],
    pictures: Mapping[int, Picture],
    allowed: Allowed,
    graph: Callable[[Sequence[Picture]], str],
) -> Edited | Unclear:
    """Put everything into one page. `pictures` are those to be shown, by place; `graph` describes them as JSON-LD."""
    edits: list[Edit] = []
    changed = 0
    is_sized = False
    hero: Picture | None = None
    shown: list[Picture] = []
    for at, take in sorted(takes.items(), key=lambda item: written.images[item[0]].start):
        image, picture = written.images[at], pictures.get(at)
        if picture is not None and not allowed.may("image-oversize"):
            picture = None
        if picture is not None and not take.wrap:
            picture = replace(picture, sources=())
        attributes = _attributes(image, take, picture, allowed, sizable=written.head_at is not None)
        is_sized |= "data-sized" in attributes
        own: list[Edit] = []
        if picture is not None:
            shown.append(picture)
            hero = picture if take.hero else hero
            if take.wrap:
                cropped = any(source.media for source in picture.sources)
                sources = sources_html(picture, sized=cropped)
                own.append(Edit(image.start, image.start, f'<picture style="{CONTENTS}">{sources}'))
            if image.has("src"):
                own.append(replace_value(image.spans["src"], "src", picture.src.url))
            own_end = [Edit(image.end, image.end, "</picture>")] if take.wrap else []
        else:
            own_end = []
        if take.hero and image.get("loading").lower() == "lazy" and allowed.may("hero-lazy"):
            own.append(replace_value(image.spans["loading"], "loading", "eager"))
        if attributes:
            own.append(insert_attributes(image.tag, image.start, attributes))
        own += own_end
        edits += own
        changed += bool(own)
    if written.head_at is not None:
        edits += _head(written, hero, shown, is_sized, allowed, graph)
    data = written.apply(edits)
    if edits and (fault := _broken(written, data)):
        return Unclear(fault)
    return Edited(data, tuple(shown), changed)


def _attributes(image: Element, take: Take, picture: Picture | None, allowed: Allowed, *, sizable: bool) -> dict[str, str]:
    """What the tag lacks."""
    found: dict[str, str] = {}
    if picture is not None:
        if not image.has("src"):
            found["src"] = picture.src.url
        found |= {"srcset": srcset(picture.fallback.candidates), "sizes": picture.fallback.sizes}
        if not image.has("alt") and picture.alt:
            found["alt"] = picture.alt
    if sizable and allowed.may("img-size-missing"):
        found |= _size(image, take, picture)
    if take.hero:
        if allowed.may("hero-priority") and not image.has("fetchpriority"):
            found["fetchpriority"] = "high"
    elif not take.first and not image.has("loading") and not image.has("fetchpriority") and allowed.may("image-waste"):
        found["loading"] = "lazy"
        if not image.has("decoding"):
            found["decoding"] = "async"
    if picture is not None:
        found["data-asset"] = picture.asset
    return found


def _size(image: Element, take: Take, picture: Picture | None) -> dict[str, str]:
    """Width and height where one or both are missing: those of the file, in the proportion of what the author wrote."""
    width, height = take.natural
    if not width and picture is not None:
        width, height = picture.fallback.width, picture.fallback.height
    said = {name: image.get(name) for name in ("width", "height") if image.has(name)}
    if not width or len(said) == 2 or not all(value.isascii() and value.isdigit() and int(value) for value in said.values()):
        return {}
    if "width" in said:
        sizes = {"height": str(max(1, round(int(said["width"]) * height / width)))}
    elif "height" in said:
        sizes = {"width": str(max(1, round(int(said["height"]) * width / height)))}
    else:
        sizes = {"width": str(width), "height": str(height)}
    return {**sizes, "data-sized": ""}


def _head(
    written: Written,
    hero: Picture | None,
    shown: Sequence[Picture],
    is_sized: bool,
    allowed: Allowed,
    graph: Callable[[Sequence[Picture]], str],
) -> list[Edit]:
    edits: list[Edit] = []
    at, end = written.head_at, written.head_end
    assert at is not None and end is not None
    early = ""
    if is_sized and STYLE_ID not in written.ids:
        early += _STYLE
    if hero is not None and allowed.may("hero-priority"):
        early += str(preload_html(hero)).replace("\n", "")
    if early:
        edits.append(Edit(at, at, early))
    text = graph(shown) if shown and allowed.may("image-object-missing") else ""
    if text and SCRIPT_ID in written.scripts:
        edits.append(Edit(*written.scripts[SCRIPT_ID], _joined(written.text_of(written.scripts[SCRIPT_ID]), text)))
    elif text:
        edits.append(Edit(end, end, f'<script type="application/ld+json" id="{SCRIPT_ID}">{text}</script>'))
    return edits


def _joined(before: str, after: str) -> str:
    """Two graphs of ours as one."""
    try:
        old: Any = json.loads(before)["@graph"]
        new: Any = json.loads(after)["@graph"]
        nodes = {node["@id"]: node for node in (*old, *new)}
    except (ValueError, KeyError, TypeError):
        return after
    text = json.dumps({"@context": "https://schema.org", "@graph": list(nodes.values())}, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _broken(before: Written, data: bytes) -> str:
    """A last look: whether the parser still finds every picture. "" where it does."""
    after = read_written(data)
    if isinstance(after, Unclear):
        return after.message
    if len(after.images) != len(before.images):
        return f"expected {len(before.images)} pictures on the page after the change, got {len(after.images)}"
    return ""


def placed(picture: Picture, prefix: str, at: str) -> Picture:
    """The picture with every address that begins with `prefix` put `at` another place: relative to a page, say."""

    def url(candidate: Candidate) -> Candidate:
        return replace(candidate, url=at + candidate.url.removeprefix(prefix))

    def source(one: Source) -> Source:
        return replace(one, candidates=tuple(url(candidate) for candidate in one.candidates))

    return replace(
        picture,
        sources=tuple(source(one) for one in picture.sources),
        fallback=source(picture.fallback),
        src=url(picture.src),
    )
