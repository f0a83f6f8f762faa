"""JPEG headers: segments up to the first scan.

Source: ITU-T T.81 annex B; XMP specification part 3 section 1.1.3; IPTC-IIM in Photoshop resource 0x0404; C2PA 2.2 section A.3.1
(JUMBF in APP11, ISO/IEC 19566-5 annex D).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .exif import orientation_of
from .found import Probe, Span
from .plain import ImageFault
from .reading import TOO_SHORT, Reader

XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
EXIF_MARK = b"Exif\0\0"
PHOTOSHOP_MARK = b"Photoshop 3.0\0"
APP0, APP1, APP2, APP11, APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_IIM_RESOURCE = 0x0404


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker segment: `start` is where its 0xFF lies, `body` and `end` enclose what follows the length."""

    marker: int
    start: int
    body: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """All marker segments before the first scan. Raises ImageFault on a length that leaves the file."""
    reader = Reader(data, 2)
    while True:
        start = reader.at
        if reader.uint(1) != 0xFF:
            raise ImageFault("the JPEG file is damaged: its header has bytes between segments")
        marker = reader.uint(1)
        while marker == 0xFF:
            marker = reader.uint(1)
        if marker in _ALONE:
            continue
        if marker in (0xD9, 0xDA):
            return
        length = reader.uint(2)
        if length < 2:
            raise ImageFault("the JPEG file is damaged: a segment has no length")
        body = reader.at
        reader.skip(length - 2)
        yield Segment(marker, start, body, reader.at)


def probe_jpeg(data: bytes) -> Probe:
    """Header of a JPEG. Raises ImageFault when it has no frame before its first scan."""
    size: tuple[int, int] | None = None
    xmp = exif = None
    resources = b""
    manifest: list[bytes] = []
    for segment in segments(data):
        body = data[segment.body : segment.end]
        if segment.marker in _FRAMES and size is None:
            frame = Reader(body, min(1, len(body)))
            size = (frame.uint(2), frame.uint(2))
        elif segment.marker == APP1 and body.startswith(XMP_MARK):
            xmp = xmp or (segment.body + len(XMP_MARK), segment.end)
        elif segment.marker == APP1 and body.startswith(EXIF_MARK):
            exif = exif or (segment.body + len(EXIF_MARK), segment.end)
        elif segment.marker == APP13 and body.startswith(PHOTOSHOP_MARK):
            resources += body[len(PHOTOSHOP_MARK) :]
        elif segment.marker == APP11 and body.startswith(b"JP"):
            manifest.append(body)
    if size is None:
        raise ImageFault(TOO_SHORT)
    exif_bytes = _cut(data, exif)
    return Probe(
        format="jpeg",
        media_type="image/jpeg",
        width=size[1],
        height=size[0],
        orientation=orientation_of(exif_bytes),
        xmp=_cut(data, xmp),
        exif=exif_bytes,
        iim=_iim(resources),
        c2pa=_manifest(manifest),
        xmp_span=xmp,
        exif_span=exif,
    )


def _cut(data: bytes, span: Span | None) -> bytes:
    return data[span[0] : span[1]] if span else b""


def _iim(resources: bytes) -> bytes:
    """The IIM records among Photoshop image resources; a damaged block yields what was found before the damage."""
    reader = Reader(resources)
    try:
        while reader.left >= 12:
            if reader.take(4) != b"8BIM":
                return b""
            number = reader.uint(2)
            name = reader.uint(1)
            reader.skip(name + (name + 1) % 2)
            size = reader.uint(4)
            body = reader.take(size)
            if number == _IIM_RESOURCE:
                return body
            reader.skip(min(size % 2, reader.left))
    except ImageFault:
        pass
    return b""


def _manifest(pieces: list[bytes]) -> bytes:
    """The C2PA manifest store from APP11 segments: each repeats the box header, which is kept only once."""
    boxes: dict[int, list[tuple[int, bytes]]] = {}
    for piece in pieces:
        if len(piece) >= 16:
            boxes.setdefault(int.from_bytes(piece[2:4]), []).append((int.from_bytes(piece[4:8]), piece[8:]))
    for number in sorted(boxes):
        parts = [part for _, part in sorted(boxes[number], key=lambda part: part[0])]
        head = 16 if parts[0][:4] == b"\0\0\0\1" else 8
        store = parts[0] + b"".join(part[head:] for part in parts[1:])
        if b"c2pa" in store[:64]:
            return store
    return b""
