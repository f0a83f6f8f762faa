"""Pictures before and after a model: bytes ↔ Pillow, sizes, masks, and the canvas that outpainting fills.

Takes 8-bit sRGB pictures, yields such pictures. Draws nothing of its own.
"""

from __future__ import annotations

from typing import Any

from ...errors import EngineRefused
from ...imagefile import ImageFault, decode
from ...model import Size


def picture_of(data: bytes, role: str) -> Any:
    """An input file as a Pillow image, RGB or RGBA, upright. Raises EngineRefused for what is no picture."""
    from PIL import Image

    try:
        found = decode(data)
    except ImageFault as fault:
        raise EngineRefused(f"input `{role}`: {fault}") from fault
    return Image.frombytes(found.mode, found.size, found.samples)


def cover(picture: Any, size: Size) -> Any:
    """The picture scaled to fill `size` and cut at the middle; untouched when it has that size. Lanczos."""
    from PIL import Image

    picture = picture.convert("RGB")
    if picture.size == size:
        return picture
    scale = max(size[0] / picture.width, size[1] / picture.height)
    width, height = size[0] / scale, size[1] / scale
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))


def mask_of(data: bytes, size: Size, blur: float) -> Any:
    """A mask file as grey at `size`, white where the picture is made anew; `blur` is a share of the shorter side."""
    from PIL import Image, ImageFilter

    mask = picture_of(data, "mask").convert("L").resize(size, Image.Resampling.BICUBIC)
    return mask.filter(ImageFilter.GaussianBlur(blur * min(size))) if blur else mask


def outpaint_canvas(parent: Any, size: Size, feather: float) -> tuple[Any, Any, Any]:
    """The parent's picture fitted into `size`, its edges drawn out over the rest; and masks, white where pixels are missing.

    Returns (canvas, hard mask with a seam of `feather` of the shorter side for the model, soft mask to paste the parent back).
    """
    from PIL import Image, ImageFilter

    scale = min(size[0] / parent.width, size[1] / parent.height)
    inner = (min(size[0], round(parent.width * scale)), min(size[1], round(parent.height * scale)))
    placed = parent.convert("RGB").resize(inner, Image.Resampling.LANCZOS)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas = _drawn_out(placed, size, left, top)
    seam = max(1, round(feather * min(size)))
    known = Image.new("L", size, 0)
    box = (
        left + (seam if left else 0),
        top + (seam if top else 0),
        left + inner[0] - (seam if left else 0),
        top + inner[1] - (seam if top else 0),
    )
    known.paste(255, box)
    hard = known.point([255 - value for value in range(256)])
    soft = hard.filter(ImageFilter.GaussianBlur(seam / 2))
    return canvas, hard, soft


def _drawn_out(placed: Any, size: Size, left: int, top: int) -> Any:
    """Mirrored beyond its edges, so that the model finds colours and not one flat tone to start from."""
    import numpy
    from PIL import Image

    right, bottom = size[0] - left - placed.width, size[1] - top - placed.height
    padded = numpy.pad(numpy.asarray(placed), ((top, bottom), (left, right), (0, 0)), mode="symmetric")
    return Image.fromarray(padded)
