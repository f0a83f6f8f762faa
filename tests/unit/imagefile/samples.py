"""Small files of every format, made on the spot, and ICC profiles written by hand."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

from PIL import Image

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/></rdf:RDF></x:xmpmeta>'
)


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A gradient whose left upper corner is darkest, so that every turn of it can be told."""
    across = Image.linear_gradient("L").rotate(90).transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize(size)
    down = Image.linear_gradient("L").resize(size)
    channels = [across, down, Image.new("L", size, 96), down.point(lambda value: value // 2 + 64)]
    return Image.merge(mode, channels[: len(mode)]) if len(mode) > 1 else down.convert(mode)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def exif(orientation: int = 1, artist: str = "A. Painter") -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x013B] = artist
    return tags.tobytes()


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A minimal ICC profile, version 2.4 (ICC.1:2001-04 section 6), with the D50 white point and a name."""
    every = {
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249),
        b"cprt": b"text\0\0\0\0none\0",
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(78),
        **tags,
    }
    table, body, at = b"", b"", 132 + 12 * len(every)
    for name, value in sorted(every.items()):
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", space, b"XYZ ") + struct.pack(
        ">6H", 2026, 1, 1, 0, 0, 0
    )
    head += b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return head + struct.pack(">I", len(every)) + table + body


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def wide_profile() -> bytes:
    """Display P3 primaries (adapted to D50), gamma 2.2."""
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    curves = {name: gamma(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return profile(b"RGB ", {**{name: b"XYZ \0\0\0\0" + fixed(*values) for name, values in primaries.items()}, **curves})


def grey_profile() -> bytes:
    """Linear light."""
    return profile(b"GRAY", {b"kTRC": gamma(1.0)})
