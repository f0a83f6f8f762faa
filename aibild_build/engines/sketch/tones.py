"""Palette → tones: a ramp from dark to light that mixes as the eye does, and the palettes used when a brief names none.

Takes swatches, yields colours as three numbers 0–255 with a fraction (multiples of 1/256); knows no pixels. Powers are rounded
far above their last digit before anything depends on them, so that two machines' mathematics libraries cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ... import colour as srgb

Tone: TypeAlias = tuple[float, float, float]
Oklab: TypeAlias = tuple[float, float, float]
Weighted: TypeAlias = Sequence[tuple[str, float]]

_DIGITS = 9

PALETTES: dict[str, tuple[tuple[tuple[str, float], ...], ...]] = {
    "dawn": (
        (("#fff1dc", 2), ("#f9c9a3", 2), ("#e58f80", 1.5), ("#8d6a8f", 1.5), ("#35406b", 2)),
        (("#fdeee4", 2), ("#f4b9b0", 2), ("#b98bb0", 1.5), ("#5b6aa0", 1.5), ("#1f2f56", 2)),
    ),
    "day": (
        (("#fdf4df", 2), ("#f6d8a6", 1.3), ("#9accc4", 2), ("#3b8791", 1.8), ("#12465a", 2)),
        (("#f4f8f6", 2), ("#bfdde6", 2), ("#74b0be", 1.8), ("#4e8f7c", 1.5), ("#183f45", 2)),
    ),
    "dusk": (
        (("#ffd9a0", 1.5), ("#f2935c", 1.5), ("#c8515a", 1.5), ("#6b3565", 2), ("#221a3d", 2.5)),
        (("#ffe3c2", 1.5), ("#f6a27a", 1.5), ("#b0607f", 1.5), ("#4a4a86", 2), ("#151c3a", 2.5)),
    ),
    "night": (
        (("#eef0e2", 1), ("#8fb0c9", 1.5), ("#44678f", 2), ("#22386a", 2), ("#0b1533", 3)),
        (("#f4ead2", 1), ("#7fa7a4", 1.5), ("#2f6a75", 2), ("#16424f", 2), ("#081f2c", 3)),
    ),
    "mesh": (
        (("#ffe3c8", 0.9), ("#ff8a73", 1), ("#e0458b", 1), ("#6d3bd1", 1.2), ("#1d1a5b", 1.2)),
        (("#e9fbe8", 0.8), ("#7fe3c1", 1), ("#2aa6c4", 1.1), ("#2b5fc7", 1.1), ("#151b54", 1.1)),
        (("#fff0cf", 0.9), ("#ffb65c", 1), ("#f0616d", 1.1), ("#8a3f94", 1.1), ("#1b2a63", 1.1)),
    ),
    "contours": (
        (("#0e2f3f", 2), ("#1c5f66", 1.6), ("#5aa38d", 1.4), ("#d9c98e", 1.4), ("#f7efd8", 1.4)),
        (("#2a1838", 2), ("#6a2c5c", 1.6), ("#c2505a", 1.4), ("#f0a36b", 1.4), ("#fdeccb", 1.4)),
        (("#10214a", 2), ("#27508a", 1.6), ("#5f93c0", 1.4), ("#b5d3de", 1.4), ("#f5f3ea", 1.4)),
    ),
    "weave": (
        (("#1d2440", 2), ("#46507f", 1.4), ("#c7573f", 1.2), ("#e9b384", 1.4), ("#f8ead2", 1.4)),
        (("#15302e", 2), ("#2f6b5e", 1.5), ("#8fb48a", 1.3), ("#e3c77e", 1.3), ("#f7f0da", 1.3)),
        (("#2c1a2e", 2), ("#73375a", 1.4), ("#d0708a", 1.3), ("#f3bda0", 1.3), ("#fbeee2", 1.3)),
    ),
    "tiles": (
        (("#16263f", 2), ("#2f5d8c", 1.2), ("#d94f36", 1.2), ("#f0b541", 1.1), ("#f6ecd9", 1.8)),
        (("#1f2d2b", 2), ("#2e7265", 1.2), ("#e07a4b", 1.2), ("#e9c9a0", 1.2), ("#f7f1e3", 1.8)),
        (("#2b2250", 2), ("#6b5bb5", 1.2), ("#ee7f9b", 1.2), ("#f7c66b", 1), ("#f9efe6", 1.8)),
    ),
    "bokeh": (
        (("#0d1730", 2.2), ("#2a3f78", 1.5), ("#b0568a", 1.2), ("#ff9d6c", 1.2), ("#ffe4b5", 1)),
        (("#0a2327", 2.2), ("#12595a", 1.5), ("#3aa587", 1.2), ("#f2c46d", 1.2), ("#fff3d0", 1)),
        (("#1c0f2a", 2.2), ("#52246b", 1.5), ("#c03f7d", 1.2), ("#ff8a73", 1.2), ("#ffdcb8", 1)),
    ),
}


def to_oklab(colour: Tone | srgb.Rgb) -> Oklab:
    """sRGB 0–255 → Oklab, rounded to nine digits. Source: Ottosson, "A perceptual color space for image processing", 2020."""
    red, green, blue = (srgb.to_linear(channel / 255) for channel in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        round(0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short, _DIGITS),
        round(1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short, _DIGITS),
        round(0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short, _DIGITS),
    )


def _linear(colour: Oklab) -> tuple[float, float, float]:
    lightness, a, b = colour
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def to_tone(colour: Oklab) -> Tone:
    """Oklab → sRGB 0–255 in steps of 1/256; a colour outside sRGB loses chroma, not lightness."""
    lightness, a, b = colour
    for step in range(33):
        keep = 1 - step / 32
        linear = _linear((lightness, a * keep, b * keep))
        if all(-0.0005 <= channel <= 1.0005 for channel in linear):
            break
    red, green, blue = (round(srgb.to_srgb(min(1.0, max(0.0, channel))) * 255 * 256) / 256 for channel in linear)
    return red, green, blue


def to_rgb(tone: Tone) -> srgb.Rgb:
    red, green, blue = (min(255, int(channel + 0.5)) for channel in tone)
    return red, green, blue


def mix(first: Tone, second: Tone, share: float) -> Tone:
    """`share` 0 is `first`, 1 is `second`, in Oklab between them."""
    return to_tone(_between(to_oklab(first), to_oklab(second), share))


def _between(first: Oklab, second: Oklab, share: float) -> Oklab:
    low, a, b = (one + (other - one) * share for one, other in zip(first, second, strict=True))
    return low, a, b


@dataclass(frozen=True, slots=True)
class Ramp:
    """The palette from its darkest to its lightest colour: `stops` are (place 0–1, Oklab), rising in place and lightness."""

    stops: tuple[tuple[float, Oklab], ...]

    def at(self, place: float) -> Tone:
        """The tone at `place`: 0 darkest, 1 lightest."""
        return to_tone(self.oklab(place))

    def oklab(self, place: float) -> Oklab:
        below = self.stops[0]
        for stop in self.stops:
            if stop[0] >= place:
                span = stop[0] - below[0]
                return _between(below[1], stop[1], (place - below[0]) / span if span > 0 else 0.0)
            below = stop
        return below[1]


def ramp(palette: Weighted, *, darkest: float = 0.27, lightest: float = 0.95) -> Ramp:
    """Sort the swatches by lightness, give each its weight's share of the way, and reach down and up to the two lightnesses.

    A palette of middle tones gets a shade of its darkest and a tint of its lightest colour, so that every palette has depth.
    """
    colours = sorted((to_oklab(srgb.parse(name)), weight) for name, weight in palette)
    weight = sum(weight for _, weight in colours) / len(colours)
    low, high = colours[0][0], colours[-1][0]
    if low[0] > darkest + 0.04:
        colours.insert(0, ((darkest, low[1] * 0.7, low[2] * 0.7), weight))
    if high[0] < lightest - 0.04:
        colours.append(((lightest, high[1] * 0.35, high[2] * 0.35), weight))
    total = sum(weight for _, weight in colours) - (colours[0][1] + colours[-1][1]) / 2
    stops, place = [], 0.0
    for index, (lab, weight) in enumerate(colours):
        place += (colours[index - 1][1] + weight) / 2 / total if index else 0.0
        stops.append((round(place, _DIGITS), lab))
    return Ramp(tuple(stops))


def accent(palette: Weighted) -> Tone:
    """The palette's most colourful swatch, among the lighter half where it has one: light is what it will colour."""
    light = [swatch for swatch in palette if to_oklab(srgb.parse(swatch[0]))[0] >= 0.58] or palette
    best = max(light, key=lambda swatch: (round(_chroma(to_oklab(srgb.parse(swatch[0]))), 6), swatch[0]))
    red, green, blue = srgb.parse(best[0])
    return float(red), float(green), float(blue)


def _chroma(colour: Oklab) -> float:
    return colour[1] * colour[1] + colour[2] * colour[2]
