"""What several gates need of pixels: small views of what is seen, brightness, edges, and the small pictures that are evidence.

Takes `Seen`, yields numpy arrays, (height, width[, 3]); what was computed once for the same samples is remembered in its `memo`.
Knows no gate.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .terms import Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Bytes: TypeAlias = NDArray[np.uint8]
    Floats: TypeAlias = NDArray[np.float32]

Box: TypeAlias = tuple[int, int, int, int]
EVIDENCE_PX = 480  # longest side of an overlay: enough to see what is meant, some 15 kB
RED, GREEN, AMBER = (214, 40, 40), (30, 150, 80), (240, 170, 20)


def image(seen: Seen) -> Image.Image:
    """What is seen as an RGB picture; what shows through lies on white."""
    from PIL import Image

    if "image" not in seen.memo:
        whole = Image.frombytes(seen.mode, seen.size, seen.samples)
        if seen.mode == "RGBA":
            whole = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), whole)
        seen.memo["image"] = whole.convert("RGB")
    found: Image.Image = seen.memo["image"]
    return found


def small(seen: Seen, longest_px: int) -> Bytes:
    """RGB samples, scaled down by area so that the longer side is at most `longest_px`; never enlarged."""
    import numpy as np
    from PIL import Image

    key = f"small {longest_px}"
    if key not in seen.memo:
        share = min(1.0, longest_px / max(seen.size))
        size = (max(1, round(seen.size[0] * share)), max(1, round(seen.size[1] * share)))
        shown = image(seen) if share == 1 else image(seen).resize(size, Image.Resampling.BOX)
        seen.memo[key] = np.asarray(shown)
    found: Bytes = seen.memo[key]
    return found


def luma(rgb: Bytes) -> Floats:
    """Brightness as the eye weighs it in coded values, 0–255 (ITU-R BT.601)."""
    import numpy as np

    weighed: Floats = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return weighed


def edges(bright: Floats) -> Floats:
    """How steeply brightness changes at each pixel, in levels a pixel (central differences); the same size, 0 at the rim."""
    import numpy as np

    steep = np.zeros_like(bright)
    if min(bright.shape) > 2:
        across = (bright[1:-1, 2:] - bright[1:-1, :-2]) / 2
        down = (bright[2:, 1:-1] - bright[:-2, 1:-1]) / 2
        steep[1:-1, 1:-1] = np.hypot(across, down)
    return steep


def box_blur(values: Floats, radius: int) -> Floats:
    """The mean over a square of 2·radius+1 pixels; the rim is repeated outwards."""
    import numpy as np

    if radius < 1:
        return values
    wide = np.pad(values.astype(np.float64), radius + 1, mode="edge").cumsum(0).cumsum(1)
    side = 2 * radius + 1
    summed = wide[side:-1, side:-1] - wide[: -side - 1, side:-1] - wide[side:-1, : -side - 1] + wide[: -side - 1, : -side - 1]
    result: Floats = (summed / side**2).astype(np.float32)
    return result


def box_of(area: Mapping[str, Any], width: int, height: int) -> Box:
    """A rectangle in fractions → (left, top, right, bottom) in whole pixels, at least one pixel each way."""
    left = min(width - 1, round(area["x"] * width))
    top = min(height - 1, round(area["y"] * height))
    right = min(width, max(left + 1, round((area["x"] + area["width"]) * width)))
    bottom = min(height, max(top + 1, round((area["y"] + area["height"]) * height)))
    return left, top, right, bottom


def evidence(rgb: Bytes, marked: NDArray[np.bool_] | None, boxes: Iterable[tuple[Box, tuple[int, int, int]]]) -> bytes:
    """A small WebP: the picture paled, `marked` pixels in red, `boxes` with their outlines."""
    import numpy as np
    from PIL import Image, ImageDraw

    shown = (rgb.astype(np.float32) * 0.6 + 255 * 0.4).astype(np.uint8)
    if marked is not None:
        shown[marked] = RED
    picture = Image.fromarray(shown)
    draw = ImageDraw.Draw(picture)
    for box, colour in boxes:
        draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=colour, width=3)
    picture.thumbnail((EVIDENCE_PX, EVIDENCE_PX))
    target = io.BytesIO()
    picture.save(target, "WEBP", quality=70, method=2)
    return target.getvalue()
