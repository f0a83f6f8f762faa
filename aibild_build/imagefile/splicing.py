"""Other XMP and EXIF in the place of those that a file has, of whatever length; its pixels stay as they are.

Takes the bytes of a file and its `Probe`, yields new bytes: what the container says of lengths and places is written anew.
Source: ITU-T T.81 annex B (segments), W3C PNG section 5.5 (CRC), RFC 9649 section 2.3 (chunks), ISO/IEC 14496-12 section 8.11.3
(iloc).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from . import avif, png, webp
from .found import Probe, Span
from .jpeg import EXIF_MARK, XMP_MARK
from .plain import ImageFault

_MOST_SEGMENT_BYTES = 0xFFFF
_STRANGE = "the AVIF file is laid out as no encoder of ours does"


def spliced(data: bytes, found: Probe, *, xmp: bytes, exif: bytes) -> bytes:
    """The file with this packet and this TIFF block. `found` is what `probe` says of `data`.

    Raises ImageFault when the file has no place for one of them, or is laid out as no encoder of ours does.
    """
    wanted = []
    for span, new, name in ((found.xmp_span, xmp, "XMP"), (found.exif_span, exif, "EXIF")):
        if span is None:
            raise ImageFault(f"the {found.format} has no {name} that could be replaced")
        wanted.append((span, new))
    for span, new in sorted(wanted, reverse=True):  # from the back, so that what lies before stays where it is
        data = _CONTAINERS[found.format](data, span, new)
    return data


def _in_jpeg(data: bytes, span: Span, new: bytes) -> bytes:
    start, end = span
    mark = next((mark for mark in (XMP_MARK, EXIF_MARK) if data[:start].endswith(mark)), None)
    if mark is None or len(new) + len(mark) + 2 > _MOST_SEGMENT_BYTES:
        raise ImageFault(f"no segment of a JPEG holds {len(new)} bytes of metadata")
    length = (len(new) + len(mark) + 2).to_bytes(2)
    return data[: start - len(mark) - 2] + length + mark + new + data[end:]


def _in_png(data: bytes, span: Span, new: bytes) -> bytes:
    chunk = next(one for one in png.chunks(data) if one.body <= span[0] and span[1] <= one.end)
    body = data[chunk.body : span[0]] + new + data[span[1] : chunk.end]
    crc = zlib.crc32(chunk.name + body).to_bytes(4)
    return data[: chunk.start] + len(body).to_bytes(4) + chunk.name + body + crc + data[chunk.end + 4 :]


def _in_webp(data: bytes, span: Span, new: bytes) -> bytes:
    start, end = next((a, b) for _, (a, b) in webp.chunks(data) if a <= span[0] and span[1] <= b)
    body = data[start : span[0]] + new + data[span[1] : end]
    written = data[: start - 4] + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
    written += data[end + (end - start) % 2 :]
    return written[:4] + (len(written) - 8).to_bytes(4, "little") + written[8:]


def _in_avif(data: bytes, span: Span, new: bytes) -> bytes:
    start, end = span
    grown = len(new) - (end - start)
    written = bytearray(data)
    for one in avif.extents_of(data):
        before, after, around = one.end <= start, one.start >= end, one.start <= start and end <= one.end
        if one.offset[0] >= start or not (before or after or around):
            raise ImageFault(_STRANGE)
        if after:
            _write(written, one.offset, _read(data, one.offset) + grown)
        elif around:
            _write(written, one.length, _read(data, one.length) + grown)
    for _, (inner, stop) in avif.boxes(data, 0, len(data)):
        if inner <= start and end <= stop:
            # A box of 64-bit size says 1 in its first field; one that lasts to the end of the file says 0 and stays as it is.
            wide = _read(data, (inner - 16, inner - 12)) == 1 if inner >= 16 else False
            size = (inner - 8, inner) if wide else (inner - 8, inner - 4)
            if _read(data, size):
                _write(written, size, _read(data, size) + grown)
    return bytes(written[:start]) + new + bytes(written[end:])


def _read(data: bytes, span: Span) -> int:
    return int.from_bytes(data[span[0] : span[1]])


def _write(written: bytearray, span: Span, value: int) -> None:
    width = span[1] - span[0]
    if not 0 <= value < 1 << 8 * width:
        raise ImageFault(_STRANGE)
    written[span[0] : span[1]] = value.to_bytes(width)


_CONTAINERS: Mapping[str, Callable[[bytes, Span, bytes], bytes]] = {
    "avif": _in_avif,
    "jpeg": _in_jpeg,
    "png": _in_png,
    "webp": _in_webp,
}
