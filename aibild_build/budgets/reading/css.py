"""Style sheets → what rules look at: addresses, font faces, filters. A glance, not a parser: one pass, no cascade.

Takes the text of a sheet, yields plain values; whatever is not understood is passed over.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_DATA = re.compile(r"url\(\s*(?:\"data:[^\"]*\"|'data:[^']*'|data:[^)]*)\s*\)", re.I)
_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)\"'\s]*))\s*\)", re.I)
_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s]+)", re.I)
_MARKS = re.compile(r"([{};])")
_METRICS = ("size-adjust", "ascent-override", "descent-override", "line-gap-override")
_CONTAINS = ("content-visibility", "contain-intrinsic-size", "contain-intrinsic-block-size", "contain-intrinsic-height")
_PAINTS = ("filter", "backdrop-filter", "mix-blend-mode")
MAX_CSS_CHARS = 2_000_000


class Painted(NamedTuple):
    """A declaration that names an address, or a costly effect: `value` is the address, or the effect."""

    selector: str
    property: str
    value: str


class FontFace(NamedTuple):
    family: str
    urls: tuple[str, ...]
    display: str
    fitted: bool  # its measures are set to those of another font


class Css(NamedTuple):
    """`urls` are all addresses outside of font faces; `contained` are declarations about elements that are not laid out yet."""

    urls: tuple[Painted, ...] = ()
    effects: tuple[Painted, ...] = ()
    fonts: tuple[FontFace, ...] = ()
    imports: tuple[str, ...] = ()
    contained: tuple[Painted, ...] = ()


@lru_cache(maxsize=256)
def read_css(text: str) -> Css:
    """Read one sheet, or the text of a `style` attribute. At most two million characters are looked at."""
    text = _DATA.sub("url()", _COMMENT.sub(" ", text[:MAX_CSS_CHARS]))
    urls: list[Painted] = []
    effects: list[Painted] = []
    fonts: list[FontFace] = []
    imports: list[str] = []
    contained: list[Painted] = []
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
            urls += [Painted(selectors[-1] if selectors else "", name, url) for url in _urls(value)]
            if name.removeprefix("-webkit-") in _PAINTS and value.strip() not in ("none", "normal", "unset", "initial"):
                effects.append(Painted(selectors[-1] if selectors else "", name, value.strip()))
            if name in _CONTAINS:
                contained.append(Painted(selectors[-1] if selectors else "", name, value.strip().lower()))
        elif piece.lower().startswith("@import"):
            imports += _IMPORT.findall(piece)
        if mark == "}" and selectors and selectors.pop().lower() == "@font-face":
            fonts.append(_face(face))
            face = {}
    return Css(tuple(urls), tuple(effects), tuple(fonts), tuple(imports), tuple(contained))


def _urls(value: str) -> list[str]:
    if "url(" not in value.lower():
        return []
    return [found[0] or found[1] or found[2] for found in _URL.findall(value) if any(found)]


def _face(face: dict[str, str]) -> FontFace:
    return FontFace(
        family=face.get("font-family", "").strip().strip("\"'"),
        urls=tuple(_urls(face.get("src", ""))),
        display=face.get("font-display", "auto").strip().lower(),
        fitted=any(name in face for name in _METRICS),
    )
