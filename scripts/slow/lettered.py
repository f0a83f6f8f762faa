"""Pictures with and without letters, labelled, made by us: for measuring the gates `text` and `legible`.

Everything follows from the number of the picture. Grounds are dead leaves, gradients, stripes and grids (windows, fences, piano
keys: what readers take for letters) and the engine's own plates; letters are set in the fonts passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.slow.damaged import leaves

SIZE = (1024, 576)
PHRASES = (
    ("en", "Ride the city"),
    ("en", "OPEN DAILY 9 TO 5"),
    ("de", "Frühling im Garten"),
    ("fr", "Liberté sur deux roues"),
    ("es", "Mañana en la montaña"),
    ("pl", "Dzień dobry Łódź"),
    ("tr", "Güneşli bir gün"),
    ("cs", "Příliš žluťoučký kůň"),
    ("it", "Vendita promozionale"),
    ("sv", "Smörgås och fika"),
    ("pt", "São Paulo ao amanhecer"),
    ("nl", "Fietsen langs de gracht"),
)


@dataclass(frozen=True, slots=True)
class Lettered:
    """One picture: `text` is "" for one without letters; `kind` says how they were set."""

    number: int
    image: Image.Image
    text: str
    kind: str
    language: str = ""


def plain(number: int) -> Lettered:
    """A picture without letters."""
    kind = ("leaves", "gradient", "stripes", "grid", "noise", "rings")[number % 6]
    return Lettered(number, _ground(kind, number), "", kind)


def lettered(number: int, fonts: Sequence[Path]) -> Lettered:
    """A picture with letters on it: a headline, small print, low contrast, a slant, or a sign-like block."""
    dice = np.random.default_rng(number + 5000)
    image = _ground(("leaves", "gradient", "noise", "stripes")[number % 4], number + 900)
    kind = ("headline", "small", "faint", "slanted", "sign")[number % 5]
    language, text = PHRASES[number % len(PHRASES)]
    px = {"headline": 84, "small": 22, "faint": 66, "slanted": 60, "sign": 54}[kind]
    font = ImageFont.truetype(str(fonts[number % len(fonts)]), px)
    layer = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    wide, high = draw.textbbox((0, 0), text, font=font)[2:]
    x = int(dice.integers(20, max(SIZE[0] - int(wide) - 20, 21)))
    y = int(dice.integers(40, SIZE[1] - int(high) - 60))
    if kind == "sign":
        draw.rectangle((x - 18, y - 12, x + wide + 18, y + high + 12), fill=(245, 240, 225, 255))
    under = np.asarray(image.crop((x, y, x + int(wide), y + int(high)))).mean()
    shade = 20 if kind == "sign" or under > 128 else 240
    fill = (shade, shade, shade, 255)
    if kind == "faint":
        near = int(under + (46 if under < 128 else -46))
        fill = (near, near, near, 255)
    draw.text((x, y), text, font=font, fill=fill)
    if kind == "slanted":
        layer = layer.rotate(float(dice.uniform(-9, 9)), Image.Resampling.BICUBIC)
    image.paste(layer, (0, 0), layer)
    return Lettered(number, image, text, kind, language)


def _ground(kind: str, seed: int) -> Image.Image:
    dice = np.random.default_rng(seed)
    down, across = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    low, high = (dice.integers(0, 256, 3).astype(np.float32) for _ in range(2))
    if kind == "leaves":
        return leaves(seed, SIZE[0]).crop((0, 200, SIZE[0], 200 + SIZE[1]))
    if kind == "gradient":
        share = (across * dice.uniform(-1, 1) + down * dice.uniform(-1, 1)) / 900 % 1
    elif kind == "stripes":
        share = (np.sin((across + down * dice.uniform(-1, 1)) / dice.uniform(4, 24)) > dice.uniform(-0.5, 0.5)).astype(np.float32)
    elif kind == "grid":
        step, bar = dice.integers(18, 70), dice.integers(3, 12)
        share = ((across % step < bar) | (down % (step * 1.4) < bar)).astype(np.float32)
    elif kind == "rings":
        share = (np.sin(np.hypot(across - dice.uniform(0, 1024), down - dice.uniform(0, 576)) / dice.uniform(5, 30)) + 1) / 2
    else:
        grain = Image.fromarray(dice.integers(0, 256, (72, 128), dtype=np.uint8).astype(np.uint8))
        share = np.asarray(grain.resize(SIZE, Image.Resampling.BICUBIC), np.float32) / 255
    picture = low + (high - low) * share[..., None]
    noisy = picture + dice.normal(0, 4, picture.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.5))
