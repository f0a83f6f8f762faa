"""What a picture looks like at a glance: mean colour, CSS placeholder, perceptual hash.

Takes a Pillow image of one crop, yields three short texts. Everything is computed from one picture of 36×32 pixels in whole
numbers, so that the same pixels look the same on every machine. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

_GRID = (36, 32)  # divides into 9×8 for the hash and 2×2 for the corners
_REACH = "70%"  # of the farthest corner: neighbouring corners meet with no seam


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`colour` is #rrggbb, `placeholder` a CSS `background` of at most 214 bytes, empty where the page must show through."""

    colour: str
    placeholder: str
    hashes: Mapping[str, str] = field(default_factory=dict)


def look(image: Image.Image) -> Look:
    """The look of an 8-bit sRGB image, mode RGB or RGBA; transparent pixels count by their opacity."""
    small = image.resize(_GRID, Image.Resampling.BOX)
    clear = small.mode == "RGBA"
    opaque = _opaque(small) if clear else small
    mean = _hex(opaque, (1, 1))[0]
    corners = _hex(opaque, (2, 2))
    return Look(colour=mean, placeholder="" if clear else _gradient(corners, mean), hashes={"dhash": dhash(opaque)})


def dhash(image: Image.Image) -> str:
    """64-bit difference hash, 16 hexadecimal digits: is a pixel of the 9×8 greyscale darker than its right neighbour?"""
    grey = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (grey[at] < grey[at + 1])
    return f"{bits:016x}"


def _opaque(small: Image.Image) -> Image.Image:
    """The same grid with every pixel the mean of the opaque ones laid under it; a wholly clear picture is white."""
    weighted = small.convert("RGBa").resize((1, 1), Image.Resampling.BOX).convert("RGBA").getpixel((0, 0))
    under = weighted[:3] if isinstance(weighted, tuple) and weighted[3] else (255, 255, 255)
    base = Image.new("RGBA", small.size, (*under, 255))
    base.alpha_composite(small)
    return base.convert("RGB")


def _hex(image: Image.Image, size: tuple[int, int]) -> list[str]:
    samples = image.resize(size, Image.Resampling.BOX).tobytes()
    return [f"#{samples[at : at + 3].hex()}" for at in range(0, len(samples), 3)]


def _gradient(corners: list[str], mean: str) -> str:
    places = ("0 0", "100% 0", "0 100%", "100% 100%")
    layers = [f"radial-gradient(at {place},{colour},#0000 {_REACH})" for place, colour in zip(places, corners, strict=True)]
    return ",".join([*layers, mean])
