"""AVIF headers: ISO base media boxes, the primary item's properties, and the EXIF and XMP items.

Source: ISO/IEC 14496-12 sections 4.2 and 8.11 (boxes, meta, iloc, iinf); ISO/IEC 23008-12 sections 6.5 and 9.3 (ispe, irot, imir,
ipma); AOM AV1 Image File Format 1.1; C2PA 2.2 section A.5.1 (top-level uuid box).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .found import Probe, Span
from .plain import ImageFault
from .reading import TOO_SHORT, Reader

C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_ENTRIES = 4096  # items, extents and property links; real files have a few, grids some hundred
_WIDE = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_HIGH_RANGE = {16: "PQ", 18: "HLG"}


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    content: bytes = b""
    extents: list[Span] = field(default_factory=list)
    properties: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of an item: where it begins and ends in the file, and where its offset and its length are written."""

    item: int
    start: int
    end: int
    offset: Span
    length: Span


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, Span]]:
    """(type, (start, end) of the payload) of the boxes in a stretch of the file. Raises ImageFault when one leaves it."""
    reader = Reader(data, at, end)
    while reader.left >= 8:
        start = reader.at
        size, name = reader.uint(4), reader.take(4)
        if size == 1:
            size = reader.uint(8)
        stop = end if size == 0 else start + size
        if not reader.at <= stop <= end:
            raise ImageFault(TOO_SHORT)
        yield name, (reader.at, stop)
        reader.at = stop


def probe_avif(data: bytes) -> Probe:
    """Header of an AVIF. Raises ImageFault when it holds no primary image of known size."""
    meta: Span | None = None
    manifest = b""
    for name, (start, end) in boxes(data, 0, len(data)):
        if name == b"meta":
            meta = meta or (start + 4, end)
        elif name == b"uuid" and data[start : start + 16] == C2PA_BOX:
            manifest = manifest or _manifest(data[start + 16 : end])
    if meta is None:
        raise ImageFault(TOO_SHORT)
    return _from_meta(data, meta, manifest)


def extents_of(data: bytes) -> list[Extent]:
    """Where all items lie that are stored in the file itself. Raises ImageFault."""
    for name, (start, end) in boxes(data, 0, len(data)):
        if name == b"meta":
            return [one for inner, span in boxes(data, start + 4, end) if inner == b"iloc" for one in _extents(data, span)]
    return []


def _from_meta(data: bytes, meta: Span, manifest: bytes) -> Probe:
    parts: dict[bytes, Span] = {}
    for name, span in boxes(data, *meta):
        parts.setdefault(name, span)
    items: dict[int, _Item] = {}
    _read_infos(data, parts.get(b"iinf"), items)
    _read_locations(data, parts.get(b"iloc"), items)
    properties = _read_properties(data, parts.get(b"iprp"), items)
    primary = items.get(_primary(data, parts.get(b"pitm")))
    own = [properties[index] for index in (primary.properties if primary else []) if index in properties]
    width, height = _size(data, own)
    exif_span = _exif_span(data, items)
    xmp_span = _span(data, [item for item in items.values() if item.kind == b"mime" and item.content == b"application/rdf+xml"])
    return Probe(
        format="avif",
        media_type="image/avif",
        width=width,
        height=height,
        alpha=any(name == b"auxC" and b":alpha" in data[start:end] for name, (start, end) in properties.values()),
        orientation=_orientation(data, own),
        xmp=data[xmp_span[0] : xmp_span[1]] if xmp_span else b"",
        exif=data[exif_span[0] : exif_span[1]] if exif_span else b"",
        c2pa=manifest,
        xmp_span=xmp_span,
        exif_span=exif_span,
        colour=_colour(data, own),
    )


def _manifest(payload: bytes) -> bytes:
    """FullBox header (4), purpose as text with NUL, offset of a Merkle box (8), then the JUMBF store."""
    reader = Reader(payload)
    try:
        reader.skip(4)
        purpose = reader.text()
        reader.skip(8)
    except ImageFault:
        return b""
    return payload[reader.at :] if purpose == b"manifest" else b""


def _primary(data: bytes, span: Span | None) -> int:
    if span is None:
        return 0
    reader = Reader(data, *span)
    return reader.uint(2 if reader.uint(4) >> 24 == 0 else 4)


def _item(items: dict[int, _Item], number: int) -> _Item:
    if number not in items and len(items) >= _MOST_ENTRIES:
        raise ImageFault("the AVIF file is damaged: it lists too many items")
    return items.setdefault(number, _Item())


def _read_infos(data: bytes, span: Span | None, items: dict[int, _Item]) -> None:
    if span is None:
        return
    head = Reader(data, *span)
    head.skip(2 if head.uint(4) >> 24 == 0 else 4)
    for name, (start, end) in boxes(data, head.at, span[1]):
        reader = Reader(data, start, end)
        version = reader.uint(4) >> 24
        if name != b"infe" or version < 2:
            continue
        item = _item(items, reader.uint(2 if version == 2 else 4))
        reader.skip(2)
        item.kind = reader.take(4)
        if item.kind == b"mime":
            reader.text()
            item.content = reader.text()


def _read_locations(data: bytes, span: Span | None, items: dict[int, _Item]) -> None:
    for one in _extents(data, span) if span is not None else ():
        _item(items, one.item).extents.append((one.start, one.end))


def _extents(data: bytes, span: Span) -> Iterator[Extent]:
    """Extents in the file (construction method 0); items stored elsewhere give none."""
    reader = Reader(data, *span)
    version = reader.uint(4) >> 24
    sizes = reader.uint(2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    seen = 0
    for _ in range(reader.uint(2 if version < 2 else 4)):
        item = reader.uint(2 if version < 2 else 4)
        in_file = (reader.uint(2) & 15 if version else 0) == 0
        reader.skip(2)
        base = reader.uint(base_bytes)
        count = reader.uint(2)
        seen += count
        if seen > _MOST_ENTRIES:
            raise ImageFault("the AVIF file is damaged: it lists too many extents")
        for _ in range(count):
            reader.skip(index_bytes)
            at = reader.at
            start = base + reader.uint(offset_bytes)
            middle = reader.at
            length = reader.uint(length_bytes)
            if in_file:
                end = start + length if length else len(data)
                yield Extent(item=item, start=start, end=end, offset=(at, middle), length=(middle, reader.at))


def _read_properties(data: bytes, span: Span | None, items: dict[int, _Item]) -> Mapping[int, tuple[bytes, Span]]:
    """Properties by index from 1; the links from items to them are put into the items."""
    properties: dict[int, tuple[bytes, Span]] = {}
    if span is None:
        return properties
    for name, inner in boxes(data, *span):
        if name == b"ipco" and not properties:
            properties = dict(enumerate(boxes(data, *inner), 1))
        elif name == b"ipma":
            _read_links(Reader(data, *inner), items)
    return properties


def _read_links(reader: Reader, items: dict[int, _Item]) -> None:
    flags = reader.uint(4)
    version, wide = flags >> 24, flags & 1
    for _ in range(reader.uint(4)):
        item = _item(items, reader.uint(2 if version < 1 else 4))
        for _ in range(reader.uint(1)):
            link = reader.uint(2) & 0x7FFF if wide else reader.uint(1) & 0x7F
            item.properties.append(link)


def _size(data: bytes, own: list[tuple[bytes, Span]]) -> tuple[int, int]:
    for name, span in own:
        if name == b"ispe":
            reader = Reader(data, *span)
            reader.skip(4)
            return reader.uint(4), reader.uint(4)
    raise ImageFault("the AVIF file is damaged: its picture has no size")


def _orientation(data: bytes, own: list[tuple[bytes, Span]]) -> int:
    """irot (quarter turns anti-clockwise), then imir (0 top ↔ bottom, 1 left ↔ right), as one EXIF orientation."""
    angle, mirror = 0, None
    for name, span in own:
        if name == b"irot":
            angle = Reader(data, *span).uint(1) & 3
        elif name == b"imir":
            mirror = Reader(data, *span).uint(1) & 1
    if mirror is None:
        return (1, 8, 3, 6)[angle]
    return ((4, 5, 2, 7), (2, 7, 4, 5))[mirror][angle]


def _colour(data: bytes, own: list[tuple[bytes, Span]]) -> str:
    """The name of wide or high-range colours that are declared by code points (ITU-T H.273) and not by an ICC profile."""
    colours = [span for name, span in own if name == b"colr"]
    kinds = {data[start : start + 4]: start + 4 for start, _ in colours}
    if b"nclx" not in kinds or kinds.keys() & {b"prof", b"rICC"}:
        return ""
    reader = Reader(data, kinds[b"nclx"])
    primaries, transfer = reader.uint(2), reader.uint(2)
    return " ".join(filter(None, (_WIDE.get(primaries, ""), _HIGH_RANGE.get(transfer, ""))))


def _span(data: bytes, items: list[_Item]) -> Span | None:
    """Where an item lies, if it does in one piece; a second item of the kind is left alone."""
    if not items or len(items[0].extents) != 1:
        return None
    start, end = items[0].extents[0]
    if end > len(data):
        raise ImageFault(TOO_SHORT)
    return start, end


def _exif_span(data: bytes, items: Mapping[int, _Item]) -> Span | None:
    """The TIFF block of the Exif item, which begins with the block's own offset (ISO/IEC 23008-12 section A.2.1)."""
    span = _span(data, [item for item in items.values() if item.kind == b"Exif"])
    if span is None:
        return None
    reader = Reader(data, *span)
    try:
        reader.skip(reader.uint(4))
    except ImageFault:
        return None
    return reader.at, span[1]
