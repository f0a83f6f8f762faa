"""The mark on pictures that stand in for others: a ribbon with DRAFT across the upper left corner, so that nobody ships one
unseen."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

_RIBBON, _TEXT = "#b3261e", "#ffffff"
_SHARE = 0.34  # of the shorter side


def mark_draft(image: Image.Image) -> Image.Image:
    """A copy with the ribbon, its size in proportion to the picture; below 48 px a plain triangle."""
    side = max(12, round(min(image.size) * _SHARE))
    scale = 4  # drawn large and scaled down, since polygons are not anti-aliased
    corner = Image.new("RGBA", (side * scale, side * scale))
    draw = ImageDraw.Draw(corner)
    full, near = side * scale, side * scale * 0.45
    draw.polygon(
        [(near, 0), (full, 0), (0, full), (0, near)] if min(image.size) >= 48 else [(0, 0), (full, 0), (0, full)], fill=_RIBBON
    )
    if min(image.size) >= 48:
        corner.alpha_composite(_word(full), (0, 0))
    marked = image.convert("RGBA")
    marked.alpha_composite(corner.resize((side, side), Image.Resampling.LANCZOS), (0, 0))
    return marked.convert(image.mode)


def _word(full: int) -> Image.Image:
    """The word, turned along the ribbon: a square of `full` px."""
    layer = Image.new("RGBA", (full, full))
    centre = full * 0.3625  # the middle of the ribbon, which runs from 0.45 to 1 along both sides
    ImageDraw.Draw(layer).text((centre, centre), "DRAFT", font=ImageFont.load_default(full * 0.15), fill=_TEXT, anchor="mm")
    return layer.rotate(45, resample=Image.Resampling.BICUBIC, center=(centre, centre))
