"""What an image file carries beside its picture: XMP fields, weight, place, colours.

Takes a file's bytes and its header as probed, yields plain values. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ...imagefile import ImageFault, Probe, fields_of_xmp
from ...imagefile.exif import first_directory
from ...model import FileFacts

_GPS_TAG = 0x8825  # CIPA DC-008, section 4.6.3
_HEAD_BYTES = 65_536
_PROFILES = {"jpeg": b"ICC_PROFILE", "webp": b"ICCP", "avif": b"colrprof"}  # where an uncompressed profile begins
_WIDE_NAMES = ("Display P3", "ProPhoto", "Adobe RGB", "Wide Gamut", "Rec2020", "Rec. 2020", "BT.2020")
_WIDE = re.compile(b"|".join(re.escape(name.encode(code)) for name in _WIDE_NAMES for code in ("ascii", "utf-16-be")))


class Embedded(NamedTuple):
    """`fields` are XMP's by name, `bytes` the length of all metadata, `place` whether it tells where the picture was taken.
    `colours` names a colour space other than sRGB, `manifest` is whether a C2PA manifest is there. `ours`: nobody looked inside,
    for the file is to the byte what aibild wrote, and what it wrote then it read back."""

    format: str
    fields: Mapping[str, str]
    bytes: int
    place: bool
    orientation: int
    colours: str
    manifest: bool
    ours: bool = False


def as_written(facts: FileFacts) -> Embedded:
    """What is embedded in a file that aibild wrote: the fields that it was given, and upright sRGB pixels without a place."""
    form = facts.media_type.removeprefix("image/").removesuffix("+xml")
    return Embedded(form, facts.fields, 0, False, 1, "", facts.credential == "embedded", ours=True)


def look_inside(data: bytes, found: Probe) -> Embedded:
    """What is embedded in the file `data`, of which `found` is the header."""
    return Embedded(
        format=found.format,
        fields=_fields(found.xmp) if found.xmp else {},
        bytes=len(found.xmp) + len(found.exif) + len(found.iim) + len(found.c2pa),
        place=b"exif:GPSLatitude" in found.xmp or _has_gps(found.exif),
        orientation=found.orientation,
        colours=found.colour or _colours(data[:_HEAD_BYTES], found.format),
        manifest=bool(found.c2pa),
    )


@lru_cache(maxsize=1024)
def _fields(packet: bytes) -> Mapping[str, str]:
    """All sizes of a picture carry the same packet, so it is read once."""
    return fields_of_xmp(packet)


def _has_gps(exif: bytes) -> bool:
    try:
        return bool(exif) and _GPS_TAG in first_directory(exif)[1]
    except ImageFault:
        return False


def _colours(head: bytes, form: str) -> str:
    """The name of a colour space that browsers have to convert, as far as the header tells."""
    if form == "jpeg" and _components(head) == 4:
        return "CMYK"
    mark = _PROFILES.get(form)
    at = head.find(mark) if mark is not None else -1
    named = _WIDE.search(head, at) if at >= 0 else None
    return named[0].replace(b"\0", b"").decode("ascii") if named is not None else ""


def _components(head: bytes) -> int:
    """Number of colour components in a JPEG's frame. Source: ITU-T T.81, B.2.2."""
    at = 2
    while at + 10 < len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return head[at + 9]
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return 3
