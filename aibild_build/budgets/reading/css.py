"""Style sheets → what rules look at: addresses, font faces, filters. A glance, not a parser: one pass, no cascade.

Takes the text of a sheet, yields plain values; whatever is not understood is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from .selectors import Selector, read_selectors

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_DATA = re.compile(r"url\(\s*(?:\"data:[^\"]*\"|'data:[^']*'|data:[^)]*)\s*\)", re.I)
_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)\"'\s]*))\s*\)", re.I)
_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s]+)", re.I)
_MARKS = re.compile(r"([{};])")
_METRICS = ("size-adjust", "ascent-override", "descent-override", "line-gap-override")
_CONTAINS = ("content-visibility", "contain-intrinsic-size", "contain-intrinsic-block-size", "contain-intrinsic-height")
_BOXES = frozenset(
    {f"{limit}{side}" for limit in ("", "min-", "max-") for side in ("width", "height", "inline-size", "block-size")}
    | {"aspect-ratio", "object-fit", "background", "background-image"}
)
_TYPED = frozenset({"font", "font-family", "font-weight", "font-style", "content"})
_PSEUDO_ELEMENT = re.compile(r"::[\w-]+|:(?:before|after|first-line|first-letter)\b", re.I)
_UNTOLD = Selector(())
_PAINTS = ("filter", "backdrop-filter", "mix-blend-mode")
MAX_CSS_CHARS = 2_000_000


class Painted(NamedTuple):
    """A declaration that names an address, or keeps what is not laid out yet: `value` is the address, or the words."""

    selector: str
    property: str
    value: str


class Effect(NamedTuple):
    """A filter or a blend mode, `none` and `normal` included, since they end another. `conditions` are the at-rules around it."""

    selector: str
    property: str
    value: str
    conditions: tuple[str, ...]


class FontFace(NamedTuple):
    family: str
    urls: tuple[str, ...]
    display: str
    fitted: bool  # its measures are set to those of another font
    weight: str = "400"
    style: str = "normal"
    letters: str = ""  # its `unicode-range`, "" for every letter


class Typed(NamedTuple):
    """A declaration about fonts, or text that a style writes. `needs` has for each selector of its list the names, ".classes" and
    "#ids" without which it meets nothing."""

    needs: tuple[frozenset[str], ...]
    property: str
    value: str

    def may_meet(self, here: Collection[str]) -> bool:
        """Whether a page with these names, classes and ids may have an element that it is about."""
        return self.property.startswith("--") or any(need.issubset(here) for need in self.needs)


class Boxed(NamedTuple):
    """A declaration about an element's size or background, its value as written. `conditions` are the at-rules around it; a
    selector without steps may meet anything, since it stands inside of another one."""

    selector: Selector
    property: str
    value: str
    conditions: tuple[str, ...]


class Css(NamedTuple):
    """`urls` are all addresses outside of font faces; `contained` are declarations about elements that are not laid out yet;
    `boxes` are those about sizes, in order, by the keys of their selectors; `typed` are those about fonts."""

    urls: tuple[Painted, ...] = ()
    effects: tuple[Effect, ...] = ()
    fonts: tuple[FontFace, ...] = ()
    imports: tuple[str, ...] = ()
    contained: tuple[Painted, ...] = ()
    boxes: Mapping[str, tuple[Boxed, ...]] = {}
    typed: tuple[Typed, ...] = ()


@lru_cache(maxsize=256)
def read_css(text: str) -> Css:
    """Read one sheet, or the text of a `style` attribute. At most two million characters are looked at."""
    text = _DATA.sub("url()", _COMMENT.sub(" ", text[:MAX_CSS_CHARS]))
    urls: list[Painted] = []
    effects: list[Effect] = []
    fonts: list[FontFace] = []
    imports: list[str] = []
    contained: list[Painted] = []
    boxes: dict[str, tuple[Boxed, ...]] = {}
    typed: list[Typed] = []
    selectors: list[str] = []
    face: dict[str, str] = {}
    parts = _MARKS.split(text)
    for at in range(0, len(parts), 2):
        piece, mark = parts[at].strip(), parts[at + 1] if at + 1 < len(parts) else ""
        if mark == "{":
            selectors.append(piece)
            continue
        name, colon, value = piece.partition(":")
        name = name.strip().lower()
        if selectors and selectors[-1].lower() == "@font-face":
            face[name] = face[name] + "," + value if name in face else value
        elif colon:
            urls += [Painted(selectors[-1] if selectors else "", name, url) for url in urls_of(value)]
            if name.removeprefix("-webkit-") in _PAINTS and selectors:
                around = tuple(one for one in selectors if one.startswith("@"))
                effects.append(Effect(selectors[-1], name.removeprefix("-webkit-"), value.strip(), around))
            if name in _CONTAINS:
                contained.append(Painted(selectors[-1] if selectors else "", name, value.strip().lower()))
            if name in _TYPED or name.startswith("--"):
                typed.append(Typed(_needs(selectors), name, value.strip()))
            if name in _BOXES:
                for one in _boxed(selectors, name, value.strip()):
                    key = one.selector.key
                    boxes[key] = (*boxes.get(key, ()), one)
        elif piece.lower().startswith("@import"):
            imports += _IMPORT.findall(piece)
        if mark == "}" and selectors and selectors.pop().lower() == "@font-face":
            fonts.append(_face(face))
            face = {}
    return Css(tuple(urls), tuple(effects), tuple(fonts), tuple(imports), tuple(contained), boxes, tuple(typed))


def _needs(around: list[str]) -> tuple[frozenset[str], ...]:
    """What the page must have for a declaration to be about anything; an empty set where that cannot be told."""
    rules = [one for one in around if not one.startswith("@")]
    if len(rules) != 1:
        return (frozenset(),)
    return _list_needs(rules[0])


@lru_cache(maxsize=4096)
def _list_needs(text: str) -> tuple[frozenset[str], ...]:
    found = read_selectors(_PSEUDO_ELEMENT.sub("", text))
    return tuple(
        frozenset(
            part
            for step in one.steps
            for part in (
                *((step.name,) if step.name not in ("", "*") else ()),
                *(f".{name}" for name in step.classes),
                *(f"#{name}" for name in step.ids),
            )
        )
        for one in found
    ) or (frozenset(),)


def _boxed(around: list[str], name: str, value: str) -> list[Boxed]:
    """A declaration once for each selector of its list."""
    conditions = tuple(one for one in around if one.startswith("@"))
    rules = [one for one in around if not one.startswith("@")]
    if len(rules) > 1:
        return [Boxed(_UNTOLD, name, value, conditions)]
    return [Boxed(one, name, value, conditions) for one in read_selectors(rules[0])] if rules else []


def urls_of(value: str) -> list[str]:
    """The addresses in a value."""
    if "url(" not in value.lower():
        return []
    return [found[0] or found[1] or found[2] for found in _URL.findall(value) if any(found)]


def _face(face: dict[str, str]) -> FontFace:
    return FontFace(
        family=face.get("font-family", "").strip().strip("\"'"),
        urls=tuple(urls_of(face.get("src", ""))),
        display=face.get("font-display", "auto").strip().lower(),
        fitted=any(name in face for name in _METRICS),
        weight=face.get("font-weight", "400").strip().lower(),
        style=face.get("font-style", "normal").strip().lower(),
        letters=face.get("unicode-range", "").strip().lower(),
    )
