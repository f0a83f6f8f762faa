"""Which web fonts a browser fetches for a page: those whose family, weight and style its text asks for, and whose
`unicode-range` meets its letters.

Takes a page and its style sheets, yields font faces. An upper bound: which rule wins is not followed, so a weight that any rule
sets which may meet the page counts for every family, and every letter of the page may be set in every face. Where a weight or a
family is set by something that files do not tell, all faces count. Sources: CSS Fonts 4, sections 4.5, 5.2 and 5.3; HTML
standard, section 15.3 (which elements are bold or slanted of themselves).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from .css import Css, FontFace, Typed
from .page import Seen, Tag

_BOLD = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th", "optgroup"})
_SLANTED = frozenset({"em", "i", "cite", "dfn", "var", "address"})
_NORMAL, _HEAVY = 400, 700
_NAMED = {"normal": _NORMAL, "bold": _HEAVY, "initial": _NORMAL}
_NOTHING_NEW = frozenset({"inherit", "unset", "revert", "revert-layer"})
_NUMBER = re.compile(r"(?<![\w.#/%-])([1-9]\d{0,2}|1000)(?![\w.%])")
_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_RANGE = re.compile(r"u\+([0-9a-f]{1,6})(?:(\?{1,5})|-([0-9a-f]{1,6}))?", re.I)

Faces = Sequence[tuple[FontFace, str, Tag]]


def fetched_faces(seen: Seen, sheets: Iterable[tuple[Css, str, Tag]], *, is_whole: bool) -> Faces:
    """The faces that a browser fetches, each with the address of its sheet and where the page names that. `is_whole` says that
    `sheets` are all that the page has: one on another host may use any family in any weight."""
    sheets = tuple(sheets)
    every = [(face, base, tag) for css, base, tag in sheets for face in css.fonts if face.urls]
    if not every or not seen.text:
        return ()
    here = {*(f".{name}" for name in seen.classes), *(f"#{name}" for name in seen.ids), *seen.names}
    typed = [one for css, _, _ in sheets for one in css.typed if one.may_meet(here)]
    families = " ".join(
        one.value.lower() for one in typed if one.property in ("font-family", "font") or one.property.startswith("--")
    )
    weights = _weights(seen, typed) if is_whole else None
    slants = _slants(seen, typed) if is_whole else None
    letters = _letters(seen, typed)
    grouped: dict[str, list[tuple[FontFace, str, Tag]]] = defaultdict(list)
    for one in every:
        if not is_whole or one[0].family.lower() in families:
            grouped[one[0].family.lower()].append(one)
    return tuple(
        one
        for faces in grouped.values()
        for one in _matched(faces, weights, slants)
        if not (ranges := _ranges(one[0].letters)) or any(low <= letter <= high for low, high in ranges for letter in letters)
    )


def _weights(seen: Seen, typed: Iterable[Typed]) -> frozenset[int] | None:
    """The weights that text may have, None where that cannot be told."""
    found, relative = {_NORMAL, *([_HEAVY] if _BOLD & seen.names else [])}, set()
    for one in typed:
        value = _plain(one.value)
        if one.property not in ("font-weight", "font") or value in _NOTHING_NEW:
            continue
        if "var(" in value or "calc(" in value:
            return None
        if one.property == "font":
            found |= {_HEAVY} if re.search(r"\bbold\b", value) else {int(number) for number in _NUMBER.findall(value)[:1]}
        elif value in ("bolder", "lighter"):
            relative.add(value)
        else:
            number = _NAMED.get(value, int(value) if value.isdigit() and len(value) < 5 else 0)
            if not number:
                return None
            found.add(number)
    bolder = {_NORMAL if one < 350 else _HEAVY if one < 550 else 900 for one in found} if "bolder" in relative else set()
    lighter = {100 if one < 550 else _NORMAL if one < 750 else _HEAVY for one in found} if "lighter" in relative else set()
    return frozenset(found | bolder | lighter)


def _slants(seen: Seen, typed: Iterable[Typed]) -> frozenset[str] | None:
    """The styles that text may have: `normal`, `italic`."""
    values = [_plain(one.value) for one in typed if one.property in ("font-style", "font")]
    if any("var(" in value for value in values):
        return None
    slanted = bool(_SLANTED & seen.names) or any(word in value for value in values for word in ("italic", "oblique"))
    return frozenset({"normal", *(["italic"] if slanted else [])})


def _matched(faces: Faces, weights: frozenset[int] | None, slants: frozenset[str] | None) -> Iterator[tuple[FontFace, str, Tag]]:
    """The faces of one family that font matching takes for any of the weights and styles; parts of a font are taken together."""
    if weights is None or slants is None:
        yield from faces
        return
    taken: set[tuple[str, tuple[int, int]]] = set()
    for slant in slants:
        order = ("normal", "italic") if slant == "normal" else ("italic", "normal")
        own = next(kind for kind in order if any(_slant(face) == kind for face, _, _ in faces))
        spans = {_span(face.weight) for face, _, _ in faces if _slant(face) == own}
        taken |= {(own, min(spans, key=_nearness(weight))) for weight in weights}
    yield from (one for one in faces if (_slant(one[0]), _span(one[0].weight)) in taken)


def _nearness(weight: int) -> Callable[[tuple[int, int]], tuple[int, int]]:
    """Sorts spans of weights by how soon font matching takes them for a weight."""

    def rank(span: tuple[int, int]) -> tuple[int, int]:
        low, high = span
        if low <= weight <= high:
            return 0, 0
        if _NORMAL <= weight <= 500 and weight < low <= 500:
            return 1, low - weight
        lighter_first = weight <= 500
        return (2 if (high < weight) == lighter_first else 3), min(abs(low - weight), abs(high - weight))

    return rank


def _slant(face: FontFace) -> str:
    return "italic" if face.style.startswith(("italic", "oblique")) else "normal"


@lru_cache(maxsize=1024)
def _span(text: str) -> tuple[int, int]:
    """A face's `font-weight`: one weight, or the two ends of a variable font's."""
    ends = [_NAMED.get(word, int(word) if word.isdigit() else _NORMAL) for word in text.lower().split()[:2]] or [_NORMAL]
    return min(ends), max(ends)


@lru_cache(maxsize=1024)
def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    """First and last code point of each part of a `unicode-range`; () where the face has every letter, or says it wrongly."""
    found = []
    for part in text.split(",") if text else ():
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            return ()
        unknown = match[2] or ""
        found.append((int(match[1] + "0" * len(unknown), 16), int(match[3] or match[1] + "f" * len(unknown), 16)))
    return tuple(found)


def _letters(seen: Seen, typed: Iterable[Typed]) -> frozenset[int]:
    """The code points on the page, and those that styles write beside elements (`content`)."""
    written = "".join(one.value for one in typed if one.property == "content")
    escaped = {int(number, 16) for number in _ESCAPE.findall(written)}
    return frozenset({*map(ord, set(seen.text)), *map(ord, set(_ESCAPE.sub("", written))), *escaped} - {0x20})


def _plain(value: str) -> str:
    return value.partition("!")[0].strip().lower()
