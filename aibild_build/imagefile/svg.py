"""SVG headers: the root element's size. Source: SVG 2 section 8.2; sizes in px or without a unit, else those of the viewBox."""

from __future__ import annotations

import re

from .found import Probe
from .plain import ImageFault

_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px)?\s*\Z")
_MOST_BYTES = 65_536  # the root element stands at the beginning; more is not read


def looks_like_svg(data: bytes) -> bool:
    """Whether the first bytes are those of an XML file whose root is `svg`."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg", b"<svg")) and b"<svg" in data[:_MOST_BYTES]


def probe_svg(data: bytes) -> Probe:
    """Size of an SVG in CSS pixels, rounded; 0 × 0 when it names none. Raises ImageFault when the root cannot be read."""
    from lxml import etree

    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        parser.feed(data[:_MOST_BYTES])
        root = next((element for _, element in parser.read_events()), None)
    except etree.XMLSyntaxError as error:
        raise ImageFault("the SVG file is damaged: its root element cannot be read") from error
    if root is None:
        raise ImageFault("the SVG file is damaged: its root element cannot be read")
    if etree.QName(root).localname != "svg":
        raise ImageFault("the file is XML, but no SVG")
    box = re.split(r"[\s,]+", str(root.get("viewBox", "")).strip())
    fallback = box[2:] if len(box) == 4 else ["", ""]
    width, height = (
        _length(str(root.get(name, ""))) or _length(other) for name, other in zip(("width", "height"), fallback, strict=True)
    )
    return Probe(format="svg", media_type="image/svg+xml", width=width, height=height, alpha=True)


def _length(text: str) -> int:
    match = _LENGTH.match(text)
    return min(round(float(match[1])), 2**31) if match and len(text) < 32 else 0
