"""Cuts of masters for a screen that somebody looks at. Kept in memory at most.

Takes masters from the store, yields WebP bytes. Nothing here is ever delivered: the site's files are made by `renditions`.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import StoreCorrupt
from ..imagefile import decode_png
from ..store import Store

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[int, int, int, int]
_QUALITY = 84  # at 1600 px a master of 2400 px is about 150 KB, and its grain still shows


def open_master(store: Store, digest: str) -> Image.Image:
    """The master behind a digest, decoded. Raises StoreCorrupt."""
    from PIL import Image

    data = store.get(digest)
    if data is None:
        raise StoreCorrupt(f"the picture {digest[:12]} in the store was damaged", hint="build again: it is made anew")
    samples, size, mode = decode_png(data)
    return Image.frombytes(mode, size, samples)


def cut_picture(master: Image.Image, box: Box, width_px: int) -> bytes:
    """The box (x, y, width, height in master pixels) as WebP, at most `width_px` wide.

    Raises ValueError for one that lies outside.
    """
    from PIL import Image

    x, y, width, height = box
    if min(box) < 0 or not width or not height or x + width > master.width or y + height > master.height or width_px < 1:
        raise ValueError(f"crop {width}×{height} at {x},{y} lies outside the master of {master.width}×{master.height} px")
    shown = master.crop((x, y, x + width, y + height))
    if width > width_px:
        shown = shown.resize((width_px, max(1, round(height * width_px / width))), Image.Resampling.LANCZOS)
    out = BytesIO()
    shown.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()


def cut_name(pixels: str, box: Box, width_px: int) -> str:
    """The file name of a cut, from which it can be made."""
    return f"{pixels}-{'-'.join(map(str, box))}-{width_px}.webp"
