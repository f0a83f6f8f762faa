"""Small picture files for tests, whole and hostile."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(format: str) -> bytes:
    """A blue picture of 400 × 300 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "#446688").save(file, format)
    return file.getvalue()


def png(width: int, height: int, packed: bytes, *, before: bytes = b"") -> bytes:
    """A PNG in RGB whose header claims a size and whose pixels are whatever `packed` is; `before` are chunks in between."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _SIGNATURE + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def zeros(count: int) -> bytes:
    """So many zero bytes, packed: a thousandth of their size."""
    return zlib.compress(bytes(count), 9)


JPEG = saved("JPEG")
PNG = saved("PNG")
