"""Compressed copies beside text files, for hosts that send them as they are.

Takes bytes and the name of a compression, yields bytes. gzip is written without time and system, so that equal input gives equal
output; `br` needs the package brotli, which is no dependency of ours.
"""

from __future__ import annotations

import importlib
import struct
import zlib
from typing import cast

from .errors import AibildError
from .imagefile.media import media_type_of

SUFFIXES = {"gzip": ".gz", "br": ".br"}
SIDECAR_FINGERPRINT = 1  # raised when the same bytes would be compressed in another way
MIN_BYTES = 1024  # a smaller file fits into the first packets as it is
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # RFC 1952: deflate, no name, no time, best, system unknown
_TEXT = ("text/", "application/json", "application/ld+json", "application/manifest+json", "application/xml", "image/svg+xml")


def is_text(path: str) -> bool:
    """Whether a file of that name shrinks when it is compressed: markup, data, scripts and drawings do, pictures do not."""
    return media_type_of(path).startswith(_TEXT)


def require(names: tuple[str, ...]) -> None:
    """Raises AibildError when a compression that is asked for cannot be had here."""
    if "br" in names:
        try:
            importlib.import_module("brotli")
        except ImportError as error:
            hint = "pip install brotli, or leave `br` out of compress in [output]"
            raise AibildError("`compress` asks for br, but the package brotli is not installed", hint=hint) from error


def compressed(name: str, data: bytes) -> bytes:
    """`data` in the compression `name`, as small as it gets."""
    if name == "br":
        return cast("bytes", importlib.import_module("brotli").compress(data, quality=11))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    body = deflate.compress(data) + deflate.flush()
    return _GZIP_HEAD + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
