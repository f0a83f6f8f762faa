"""What crosses this room's border: the fault, and a decoded picture. Plain values, no library loaded."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Size


class ImageFault(ValueError):
    """The bytes are no image that can be used. The message is one clear sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """`samples` are width·height·len(mode) bytes of 8-bit sRGB, row by row, upright; `mode` is RGB or RGBA.

    `format` is what the bytes are, `source_mode` what they held (Pillow's name), `notes` say what was changed or assumed.
    """

    samples: bytes
    size: Size
    mode: str
    format: str
    source_mode: str
    notes: tuple[str, ...] = ()
