"""EXIF blocks: the few tags that we need of one.

Source: TIFF 6.0 section 2, CIPA DC-008 (Exif 2.32) section 4.6. Takes a TIFF block, yields tag values; broken blocks yield
nothing, since a bad EXIF block must not lose a good picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .plain import ImageFault
from .reading import Reader

ORIENTATION = 0x0112
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 13: 4}


def first_directory(block: bytes) -> tuple[Literal["big", "little"], Mapping[int, tuple[int, bytes]]]:
    """Byte order and the tags of IFD0: tag → (type, value bytes). Raises ImageFault when the block is damaged."""
    order: Literal["big", "little"] = "little" if block[:2] == b"II" else "big"
    if block[:4] not in (b"II*\0", b"MM\0*"):
        raise ImageFault("the EXIF block does not begin as TIFF does")
    reader = Reader(block, 4)
    reader = Reader(block, reader.uint(4, order))
    tags: dict[int, tuple[int, bytes]] = {}
    for _ in range(reader.uint(2, order)):
        tag, kind, count = reader.uint(2, order), reader.uint(2, order), reader.uint(4, order)
        size = _TYPE_BYTES.get(kind, 0) * count
        inline = reader.take(4)
        if 0 < size <= 4:
            tags[tag] = (kind, inline[:size])
        elif 4 < size <= len(block):
            tags[tag] = (kind, Reader(block, int.from_bytes(inline, order)).take(size))
    return order, tags


def orientation_of(block: bytes) -> int:
    """The orientation of an EXIF block, 1–8; 1 where there is none or the block is damaged."""
    try:
        order, tags = first_directory(block)
    except ImageFault:
        return 1
    _, value = tags.get(ORIENTATION, (3, b""))
    number = int.from_bytes(value, order)
    return number if 1 <= number <= 8 else 1
