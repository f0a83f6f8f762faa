"""PNG headers: chunks, with XMP in iTXt, EXIF in eXIf and a C2PA manifest in caBX.

Source: W3C PNG (third edition) sections 5 and 11; C2PA 2.2 section A.3.3.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .exif import orientation_of
from .found import Probe, Span
from .plain import ImageFault
from .reading import Reader

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
_XMP_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """`start` is where its length lies; `body` and `end` enclose its bytes; a CRC of four bytes follows."""

    name: bytes
    start: int
    body: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """All chunks up to IEND. Raises ImageFault when one leaves the file."""
    reader = Reader(data, len(SIGNATURE))
    while True:
        start = reader.at
        size = reader.uint(4)
        name = reader.take(4)
        body = reader.at
        reader.skip(size)
        yield Chunk(name, start, body, reader.at)
        reader.skip(4)
        if name == b"IEND":
            return


def probe_png(data: bytes) -> Probe:
    """Header of a PNG. Raises ImageFault when it does not begin with IHDR or has no end."""
    width = height = 0
    alpha = False
    xmp = exif = manifest = b""
    xmp_span: Span | None = None
    exif_span: Span | None = None
    for chunk in chunks(data):
        if not width and chunk.name != b"IHDR":
            raise ImageFault("the PNG file is damaged: it does not begin with its header")
        if chunk.name == b"IHDR":
            header = Reader(data, chunk.body, chunk.end)
            width, height = header.uint(4), header.uint(4)
            alpha = header.take(5)[1] in (4, 6)
        elif chunk.name == b"tRNS":
            alpha = True
        elif chunk.name == b"iTXt" and not xmp:
            xmp, xmp_span = _international(data, chunk)
        elif chunk.name == b"eXIf":
            exif, exif_span = data[chunk.body : chunk.end], (chunk.body, chunk.end)
        elif chunk.name == b"caBX":
            manifest = data[chunk.body : chunk.end]
    return Probe(
        format="png",
        media_type="image/png",
        width=width,
        height=height,
        alpha=alpha,
        orientation=orientation_of(exif),
        xmp=xmp,
        exif=exif,
        c2pa=manifest,
        xmp_span=xmp_span,
        exif_span=exif_span,
    )


def _international(data: bytes, chunk: Chunk) -> tuple[bytes, Span | None]:
    """The XMP packet of an iTXt chunk, and where it lies unless it is compressed."""
    reader = Reader(data, chunk.body, chunk.end)
    try:
        if reader.text() != XMP_KEYWORD:
            return b"", None
        compressed = reader.take(2)[0]
        reader.text()
        reader.text()
    except ImageFault:
        return b"", None
    if not compressed:
        return data[reader.at : chunk.end], (reader.at, chunk.end)
    try:
        return zlib.decompressobj().decompress(data[reader.at : chunk.end], _XMP_MOST_BYTES), None
    except zlib.error:
        return b"", None
