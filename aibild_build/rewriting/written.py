"""A page as somebody wrote it: its text, its images and the places where something may be put, found by the HTML parser itself.

Takes bytes, yields `Written`, or `Unclear` with one sentence where positions cannot be trusted: then nobody may touch the page.
The parser counts characters of decoded text with line ends of one character; `apply` leads back to the file's own bytes.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import turbohtml

from .edits import Edit

_LEFT_ALONE = "picture,noscript,template,svg,math,object,video,iframe"
_UTF8 = ("utf-8", "utf8")
_RETURN = re.compile("\r\n")
_EARLIEST = "link,script,style"


class Unclear(NamedTuple):
    """A page that is left as it is, and why."""

    message: str


class Element(NamedTuple):
    """An `<img>`: its CSS path, what encloses it and is left alone ("" for none), its tag as written from `start` to `end`.

    `attrs` are values by name, `spans` where each attribute is written.
    """

    path: str
    within: str
    line: int
    start: int
    end: int
    tag: str
    attrs: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]]

    def get(self, name: str) -> str:
        return self.attrs.get(name, "").strip()

    def has(self, name: str) -> bool:
        return name in self.attrs


@dataclass(frozen=True)
class Written:
    """One page. `images` are all in document order; `head_at` is where something may be put into the head before all that loads,
    `head_end` at its end, None without a head that can be seen. `scripts` maps ids of `<script>`s to the span of their text.
    """

    data: bytes
    encoding: str
    images: tuple[Element, ...]
    head_at: int | None
    head_end: int | None
    scripts: Mapping[str, tuple[int, int]]
    ids: frozenset[str]
    document: turbohtml.Document = field(repr=False, compare=False)
    _text: str = field(repr=False)
    _bom: bytes = b""

    @property
    def is_unicode(self) -> bool:
        return self.encoding.lower() in _UTF8

    def text_of(self, span: tuple[int, int]) -> str:
        return _one_end(self._text)[slice(*span)]

    def apply(self, edits: Iterable[Edit]) -> bytes:
        """The page with these edits, which must not overlap; insertions at one place keep their order."""
        shifts = [found.start() - at for at, found in enumerate(_RETURN.finditer(self._text))]
        pieces: list[str] = []
        done = 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            start, end = (place + bisect_right(shifts, place - 1) for place in (edit.start, edit.end))
            if start < done:
                raise ValueError(f"two edits of one place: {edit}")
            pieces += (self._text[done:start], edit.text)
            done = end
        pieces.append(self._text[done:])
        return self._bom + "".join(pieces).encode(self.encoding, "xmlcharrefreplace")


def read_written(data: bytes) -> Written | Unclear:
    """Where the tags of a page lie. Never raises for what the bytes are."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    body = data[len(bom) :]
    document = turbohtml.parse(body, encoding="utf-8" if bom else None, source_locations=True)
    encoding = document.encoding or "utf-8"
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except (LookupError, ValueError):
        same = False
    if not same or encoding.lower().startswith("utf-16"):
        return Unclear(f"expected text in {encoding} throughout, got bytes that are none")
    lines = _one_end(text)
    images: list[Element] = []
    for image in document.select("img"):
        found = _element(image, lines)
        if found is None:
            return Unclear(f"expected each picture to have a place in the file, got none for {image.css_path()}")
        images.append(found)
    by_place = sorted(images, key=lambda one: one.start)
    if any(after.start < before.end for before, after in pairwise(by_place)):
        return Unclear("expected each picture at a place of its own, got two at one")
    head_at, head_end = _places(document, lines)
    return Written(
        data=data,
        encoding=encoding,
        images=tuple(images),
        head_at=head_at,
        head_end=head_end,
        scripts=_scripts(document),
        ids=frozenset(one.attr("id") or "" for one in document.select("[id]")),
        document=document,
        _text=text,
        _bom=bom,
    )


def _one_end(text: str) -> str:
    return text.replace("\r\n", "\n") if "\r\n" in text else text


def _element(image: turbohtml.Element, text: str) -> Element | None:
    """None where the file has no such tag at the place that the parser names."""
    place = image.source_location
    if place is None:
        return None
    start, end = place.start_tag.start_offset, place.start_tag.end_offset
    tag = text[start:end]
    if not re.match(r"<ima?ge?[\s/>]", tag, re.I) or not tag.endswith(">"):
        return None
    spans = {name: (span.start_offset, span.end_offset) for name, span in place.attrs.items()}
    for name, (first, last) in spans.items():
        if not (start < first < last < end) or not text[first:last].lower().startswith(name[:1].lower()):
            return None
    around = image.closest(_LEFT_ALONE)
    return Element(
        path=image.css_path(),
        within=around.tag if around is not None else "" if tag[:4].lower() == "<img" else "image",
        line=image.source_line or 1,
        start=start,
        end=end,
        tag=tag,
        attrs={name: image.attr(name) or "" for name in image.attrs},
        spans=spans,
    )


def _places(document: turbohtml.Document, text: str) -> tuple[int | None, int | None]:
    """Before the first thing in the head that loads, but after the encoding was told; and the head's end."""
    head = document.find("head")
    if head is None:
        return None, None
    loose = (_end(one) for one in document.select("head > title,head > meta,head > base"))
    ends = [end for end in loose if end is not None]
    told = [_end(one) for one in document.select("head > meta[charset],head > meta[http-equiv],head > base")]
    least = max((end for end in told if end is not None), default=0)
    starts = [
        one.source_location.start_tag.start_offset
        for one in document.select(",".join(f"head > {name}" for name in _EARLIEST.split(",")))
        if one.source_location is not None
    ]
    last = max(ends, default=None)
    early = max(min(starts), least) if starts else last
    place = head.source_location
    closed = place.end_tag.start_offset if place is not None and place.end_tag is not None else None
    if early is None:
        early = place.start_tag.end_offset if place is not None else None
    return early, closed if closed is not None else early


def _end(element: turbohtml.Element) -> int | None:
    place = element.source_location
    if place is None:
        return None
    return place.end_tag.end_offset if place.end_tag is not None else place.start_tag.end_offset


def _scripts(document: turbohtml.Document) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for script in document.select("script[id]"):
        place = script.source_location
        if place is not None and place.end_tag is not None:
            found[script.attr("id") or ""] = (place.start_tag.end_offset, place.end_tag.start_offset)
    return found
