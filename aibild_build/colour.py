"""Colours: CSS text → sRGB, luminance and contrast, Lab and colour difference.

Takes sRGB colours as three 8-bit numbers, or arrays of such samples, yields numbers; knows no file, no page and no rule about
what is enough. Scalars are plain Python, so that reading a brief loads no array library; what works on samples loads numpy
when it is called.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypeAlias

from .source import CSS_COLOURS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rgb: TypeAlias = tuple[int, int, int]
Lab: TypeAlias = tuple[float, float, float]


def parse(text: str) -> Rgb:
    """`#rgb`, `#rrggbb`, the same with an opaque alpha, or a CSS colour name → (red, green, blue), each 0–255.

    Source: CSS Color Module Level 4, sections 5.2 and 6.1. Raises ValueError for anything else, translucent colours included.
    """
    word = text.strip().lower()
    digits = CSS_COLOURS.get(word, word if word.startswith("#") else "")[1:]
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8) or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError(f"{text!r} is no colour like #1e3a5f or navy")
    if digits[6:] not in ("", "ff"):
        raise ValueError(f"{text!r} is translucent, an opaque colour is needed")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def parse_translucent(text: str) -> tuple[int, int, int, float] | None:
    """`rgb(6 26 32/.42)`, `rgba(6, 26, 32, 42%)`, `#rrggbbaa` or an opaque colour → channels 0–255 and opacity 0–1.

    Source: CSS Color Module Level 4, sections 5.1 and 5.2. None for any other way to write a colour.
    """
    word = text.strip().lower()
    if found := _RGB.fullmatch(word):
        red, green, blue = (min(255, round(float(channel))) for channel in found.group(1, 2, 3))
        share = found[4] or "1"
        opacity = float(share[:-1]) / 100 if share.endswith("%") else float(share)
        return red, green, blue, min(1.0, opacity)
    try:
        if word.startswith("#") and len(word) in (5, 9):
            digits = word[1:] if len(word) == 9 else "".join(digit * 2 for digit in word[1:])
            return *parse("#" + digits[:6]), int(digits[6:], 16) / 255
        return *parse(word), 1.0
    except ValueError:
        return None


_RGB = re.compile(r"rgba?\(\s*(\d*\.?\d+)[\s,]+(\d*\.?\d+)[\s,]+(\d*\.?\d+)\s*(?:[,/]\s*(\d*\.?\d+%?)\s*)?\)")


def to_hex(colour: Rgb) -> str:
    """(red, green, blue) → `#rrggbb`. Raises ValueError when a channel is not 0–255."""
    if any(not 0 <= channel <= 255 for channel in colour):
        raise ValueError(f"{colour} has a channel that is not 0 to 255")
    return "#{:02x}{:02x}{:02x}".format(*colour)


def to_linear(value: float) -> float:
    """One sRGB channel 0–1 → linear light 0–1. Source: IEC 61966-2-1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def to_srgb(value: float) -> float:
    """Linear light 0–1 → one sRGB channel 0–1, the inverse of `to_linear`."""
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def luminance(colour: Rgb) -> float:
    """Relative luminance 0–1. Source: WCAG 2.2, "relative luminance" (0.03928 there and 0.04045 here agree for 8-bit samples)."""
    red, green, blue = (to_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Rgb, second: Rgb) -> float:
    """Contrast ratio 1–21, in either order. Source: WCAG 2.2, "contrast ratio"."""
    return contrast_of(luminance(first), luminance(second))


def contrast_of(first: float, second: float) -> float:
    """Contrast ratio 1–21 of two relative luminances."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def to_lab(colour: Rgb) -> Lab:
    """sRGB → CIE L*a*b* under D65. Source: CIE 15:2004, section 8.2.1, with the matrix of IEC 61966-2-1."""
    red, green, blue = (to_linear(channel / 255) for channel in colour)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (_lab_curve(value) for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _lab_curve(value: float) -> float:
    return value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


def difference(first: Lab, second: Lab) -> float:
    """CIEDE2000 with kL = kC = kH = 1; about 1 is just visible side by side.

    Source: Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula", Color Res. Appl. 30 (2005), equations 2–22.
    """
    l1, c1, h1, l2, c2, h2 = *_prime(first, second), *_prime(second, first)
    d_l, d_c = l2 - l1, c2 - c1
    d_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(_hue_step(c1 * c2, h1, h2)) / 2)
    mean_l, mean_c, mean_h = (l1 + l2) / 2, (c1 + c2) / 2, _mean_hue(c1 * c2, h1, h2)
    weight = 1 - 0.17 * _cos(mean_h - 30) + 0.24 * _cos(2 * mean_h) + 0.32 * _cos(3 * mean_h + 6) - 0.20 * _cos(4 * mean_h - 63)
    scale_l = 1 + 0.015 * (mean_l - 50) ** 2 / math.sqrt(20 + (mean_l - 50) ** 2)
    scale_c = 1 + 0.045 * mean_c
    scale_h = 1 + 0.015 * mean_c * weight
    turn = 60 * math.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -2 * _chroma_pull(mean_c) * math.sin(math.radians(turn))
    part_l, part_c, part_h = d_l / scale_l, d_c / scale_c, d_h / scale_h
    return math.sqrt(max(0.0, part_l**2 + part_c**2 + part_h**2 + rotation * part_c * part_h))


def _prime(colour: Lab, other: Lab) -> tuple[float, float, float]:
    """Lightness, chroma and hue angle (degrees) after the a* axis is stretched for near-greys (equations 2–7)."""
    lightness, a, b = colour
    mean = (math.hypot(a, b) + math.hypot(other[1], other[2])) / 2
    stretched = a * (1.5 - 0.5 * _chroma_pull(mean))
    hue = math.degrees(math.atan2(b, stretched)) % 360 if stretched or b else 0.0
    return lightness, math.hypot(stretched, b), hue


def _chroma_pull(chroma: float) -> float:
    return math.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _hue_step(chromas: float, h1: float, h2: float) -> float:
    if chromas == 0:
        return 0.0
    step = h2 - h1
    return step - 360 if step > 180 else step + 360 if step < -180 else step


def _mean_hue(chromas: float, h1: float, h2: float) -> float:
    if chromas == 0:
        return h1 + h2
    if abs(h1 - h2) <= 180:
        return (h1 + h2) / 2
    return (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def luminances(samples: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Relative luminance of every pixel: (height, width, 3) uint8 sRGB → (height, width) float32, 0–1."""
    import numpy as np

    curve = [to_linear(code / 255) for code in range(256)]
    red, green, blue = (np.array([share * value for value in curve], np.float32) for share in (0.2126, 0.7152, 0.0722))
    result: NDArray[np.float32] = red[samples[..., 0]] + green[samples[..., 1]] + blue[samples[..., 2]]
    return result


def region_contrast(samples: NDArray[np.uint8], colour: Rgb) -> tuple[float, float, float]:
    """Contrast of text in `colour` over every pixel of a region: first percentile, median, worst, each 1–21.

    `samples` is (height, width, 3) uint8 sRGB. The mean is left out on purpose: it passes where a third of the pixels fail.
    The first percentile is the ratio that 99 % of the pixels reach. Raises ValueError for a region without pixels.
    """
    import numpy as np

    if samples.size == 0:
        raise ValueError("the region has no pixels")
    ground = luminances(samples).ravel()
    text = luminance(colour)
    ratios = np.sort((np.maximum(ground, text) + 0.05) / (np.minimum(ground, text) + 0.05))
    return float(ratios[len(ratios) // 100]), float(ratios[len(ratios) // 2]), float(ratios[0])
