"""WebP headers: RIFF chunks.

Source: RFC 9649 sections 2 (container), 2.5 (VP8), 2.6 (VP8L), 2.7 (VP8X); VP8 frame header RFC 6386 section 9.1; C2PA 2.2
section A.3.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from .exif import orientation_of
from .found import Probe, Span
from .plain import ImageFault
from .reading import TOO_SHORT, Reader

_ALPHA = 0x10


def chunks(data: bytes) -> Iterator[tuple[bytes, Span]]:
    """(name, (start, end) of its bytes) in file order. Raises ImageFault when one leaves the file."""
    head = Reader(data, 4)
    size = head.uint(4, "little")
    if size + 8 > len(data):
        raise ImageFault(TOO_SHORT)
    reader = Reader(data, 12, size + 8)
    while reader.left >= 8:
        name = reader.take(4)
        length = reader.uint(4, "little")
        start = reader.at
        reader.skip(length)
        yield name, (start, reader.at)
        reader.skip(min(length % 2, reader.left))


def probe_webp(data: bytes) -> Probe:
    """Header of a WebP. Raises ImageFault when it holds no image chunk."""
    size: tuple[int, int] | None = None
    alpha = False
    spans: dict[bytes, Span] = {}
    for name, (start, end) in chunks(data):
        spans.setdefault(name, (start, end))
        body = Reader(data, start, end)
        if name == b"VP8X" and size is None:
            alpha = bool(body.uint(1) & _ALPHA)
            body.skip(3)
            size = (body.uint(3, "little") + 1, body.uint(3, "little") + 1)
        elif name == b"VP8 " and size is None:
            size = _lossy(body)
        elif name == b"VP8L" and size is None:
            size, alpha = _lossless(body)
    if size is None:
        raise ImageFault(TOO_SHORT)
    exif_span = _without_mark(data, spans.get(b"EXIF"))
    exif = data[exif_span[0] : exif_span[1]] if exif_span else b""
    xmp_span, manifest = spans.get(b"XMP "), spans.get(b"C2PA", (0, 0))
    return Probe(
        format="webp",
        media_type="image/webp",
        width=size[0],
        height=size[1],
        alpha=alpha,
        orientation=orientation_of(exif),
        xmp=data[xmp_span[0] : xmp_span[1]] if xmp_span else b"",
        exif=exif,
        c2pa=data[manifest[0] : manifest[1]],
        xmp_span=xmp_span,
        exif_span=exif_span,
    )


def _without_mark(data: bytes, span: Span | None) -> Span | None:
    """Some writers put JPEG's `Exif` marker before the block."""
    if span and data[span[0] : span[0] + 6] == b"Exif\0\0":
        return span[0] + 6, span[1]
    return span


def _lossy(body: Reader) -> tuple[int, int]:
    body.skip(3)
    if body.take(3) != b"\x9d\x01\x2a":
        raise ImageFault("the WebP file is damaged: its frame has no start code")
    return body.uint(2, "little") & 0x3FFF, body.uint(2, "little") & 0x3FFF


def _lossless(body: Reader) -> tuple[tuple[int, int], bool]:
    if body.uint(1) != 0x2F:
        raise ImageFault("the WebP file is damaged: its lossless stream has no signature")
    bits = body.uint(4, "little")
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
