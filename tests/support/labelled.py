"""Pictures drawn by us with a label: good ones, and ones damaged in a known way, for every gate that looks at pixels.

Unit tests take a few of each, `scripts/slow/gates.py` hundreds. The label comes from how a picture was made, never from a gate. A
picture follows from its number alone.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from aibild_build.gates import Seen
from aibild_build.model import Json

SIZE = (960, 540)
AREA: dict[str, Json] = {"x": 0.05, "y": 0.6, "width": 0.45, "height": 0.3, "colour": "#ffffff"}
PALETTE = ("#12354a", "#2a7f7b", "#b9d8c2", "#f6d68d", "#ec6a45")
_COLOURS = [(18, 53, 74), (42, 127, 123), (185, 216, 194), (246, 214, 141), (236, 106, 69)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a gate sees; `other`, for gates that compare, is the second picture. `damage` is "" for a good one."""

    seen: Seen
    damage: str = ""
    other: Seen | None = None


def seen(image: Image.Image, **facts: Json) -> Seen:
    """What a gate is handed of a picture."""
    told: dict[str, Json] = {"engine": "sdxl", "asked": list(image.size), "text": "none", **facts}
    return Seen(samples=image.tobytes(), size=image.size, mode=image.mode, facts=told)


def scene(number: int, size: tuple[int, int] = SIZE, grain: float = 2.0) -> Image.Image:
    """A landscape: sky, sun, ridges, houses and trees, in shades of a palette, with a little grain."""
    dice = random.Random(number)
    width, height = size
    sky, glow = _shade(dice, 3), _shade(dice, 4)
    image = Image.composite(
        Image.new("RGB", size, sky),
        Image.new("RGB", size, glow),
        Image.linear_gradient("L").resize(size).point(lambda v: 255 - v),
    )
    draw = ImageDraw.Draw(image)
    x, y, radius = dice.uniform(0.45, 0.9) * width, dice.uniform(0.12, 0.4) * height, dice.uniform(0.07, 0.13) * height
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(253, 246, 222))
    count = dice.randrange(3, 6)
    for index in range(count):
        level = height * (0.35 + 0.13 * index + dice.uniform(-0.03, 0.03))
        points = _ridge(dice, width, level, height * dice.uniform(0.03, 0.12))
        share = index / (count - 1)
        colour = tuple(round(a * (1 - share) + b * share) for a, b in zip(_COLOURS[2], _COLOURS[0], strict=True))
        draw.polygon([(0, height), *points, (width, height)], fill=tuple(min(255, c + dice.randrange(-8, 9)) for c in colour))
    for _ in range(dice.randrange(3, 9)):
        left, foot = dice.uniform(0.55, 0.97) * width, height * dice.uniform(0.7, 0.9)
        tall = height * dice.uniform(0.05, 0.16)
        draw.polygon([(left, foot), (left + tall / 3, foot - tall), (left + tall / 1.5, foot)], fill=_shade(dice, 1))
    return _grained(image, number, grain)


def _shade(dice: random.Random, index: int) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, channel + dice.randrange(-10, 11))) for channel in _COLOURS[index])
    return red, green, blue


def _ridge(dice: random.Random, width: int, level: float, rough: float) -> list[tuple[float, float]]:
    heights = [dice.uniform(-rough, rough) for _ in range(14)]
    xs = np.linspace(0, width, 120)
    ys = level + np.interp(xs, np.linspace(0, width, len(heights)), heights)
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _grained(image: Image.Image, number: int, grain: float) -> Image.Image:
    noise = np.random.default_rng(number).normal(0, grain, (image.height, image.width, 1)) if grain else 0
    return Image.fromarray((np.asarray(image, np.float32) + noise).clip(0, 255).astype(np.uint8))


def coded(image: Image.Image, format_: str, quality: int) -> tuple[Image.Image, bytes]:
    """The picture after a lossy file, and that file."""
    target = io.BytesIO()
    image.save(target, format_, quality=quality)
    with Image.open(io.BytesIO(target.getvalue())) as opened:
        return opened.convert("RGB"), target.getvalue()


def mark(folder: Path) -> Path:
    """A mark with transparency: a disc, a bar and a few letters."""
    path = folder / "mark.png"
    image = Image.new("RGBA", (220, 90))
    draw = ImageDraw.Draw(image)
    draw.ellipse((4, 4, 84, 84), fill=(240, 170, 20, 255))
    draw.rectangle((30, 20, 58, 70), fill=(20, 30, 60, 255))
    draw.text((94, 22), "Velo", font=ImageFont.load_default(48), fill=(255, 255, 255, 255))
    image.save(path)
    return path


def cases(gate: str, count: int, folder: Path) -> Iterator[Case]:
    """`count` pictures for a gate, every other one damaged; `folder` takes what a gate reads from files."""
    make = _MAKERS[gate]
    for number in range(count):
        yield make(number, number % 2 == 1, random.Random(f"{gate} {number}"), folder)


def gates_drawn_for() -> tuple[str, ...]:
    return tuple(sorted(_MAKERS))


def _blank(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    if not bad:
        return Case(seen=seen(scene(number)))
    colour = tuple(dice.randrange(256) for _ in range(3))
    kind = dice.choice(["one colour", "one colour with noise", "a faint gradient"])
    image = Image.new("RGB", SIZE, colour)
    if kind == "one colour with noise":
        image = _grained(image, number, dice.uniform(0.3, 1.5))
    elif kind == "a faint gradient":
        faint = np.asarray(Image.linear_gradient("L").resize(SIZE), np.int16)[..., None] // 64
        image = Image.fromarray((faint + np.array(colour)).clip(0, 255).astype(np.uint8))
    return Case(seen=seen(image), damage=kind)


def _size(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number, (160, 90))
    asked = [160 + dice.choice([-64, -8, -1, 1, 8, 64]), 90] if bad else [160, 90]
    return Case(seen=seen(image, asked=list(asked)), damage="another size" if bad else "")


def _duplicate(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number)
    if not bad:
        return Case(seen=seen(image), other=seen(scene(number + 100_000)))
    kind = dice.choice(["coded hard", "scaled", "brighter", "mirrored", "cut a little"])
    twin = {
        "coded hard": lambda: coded(image, "JPEG", dice.randrange(20, 40))[0],
        "scaled": lambda: image.resize((dice.randrange(300, 900), 360)),
        "brighter": lambda: ImageEnhance.Brightness(image).enhance(dice.uniform(0.95, 1.05)),
        "mirrored": lambda: ImageOps.mirror(image),
        "cut a little": lambda: image.crop((6, 4, SIZE[0] - 5, SIZE[1] - 3)),
    }[kind]()
    return Case(seen=seen(image), other=seen(twin), damage=kind)


def _area(image: Image.Image) -> tuple[int, int, int, int]:
    x, y, width, height = (float(str(AREA[side])) for side in ("x", "y", "width", "height"))
    return (
        round(x * image.width),
        round(y * image.height),
        round((x + width) * image.width),
        round((y + height) * image.height),
    )


def _contrast(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    """Ground of a known colour below white text; the damage is patches on which white cannot be read."""
    image = scene(number)
    left, top, right, bottom = _area(image)
    dark = tuple(dice.randrange(10, 95) for _ in range(3))  # white on (95, 95, 95) has 6.5
    image.paste(dark, (left - 8, top - 8, right + 8, bottom + 8))
    facts: dict[str, Json] = {"safe_areas": [AREA], "scrim": [0, 0, 0, 0.0], "ratio": "16:9"}
    if not bad:
        return Case(seen=seen(_grained(image, number, 3), **facts))
    draw = ImageDraw.Draw(image)
    share, done = dice.uniform(0.03, 0.5), 0.0
    while done < share:
        wide, high = dice.randrange(30, 120), dice.randrange(20, 60)
        x, y = dice.randrange(left, right - wide), dice.randrange(top, bottom - high)
        draw.rectangle((x, y, x + wide, y + high), fill=tuple(dice.randrange(170, 256) for _ in range(3)))
        done += wide * high / ((right - left) * (bottom - top))
    return Case(seen=seen(_grained(image, number, 3), **facts), damage="bright patches below the text")


def _clutter(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number)
    left, top, right, bottom = _area(image)
    tones = Image.linear_gradient("L").resize((right - left, bottom - top)).point(lambda value: 40 + value // 6)
    image.paste(Image.merge("RGB", [tones] * 3), (left, top))
    kind = ""
    if bad:
        kind = dice.choice(["leaves", "lines", "chequers"])
        draw = ImageDraw.Draw(image)
        contrast = dice.randrange(60, 150)
        for y in range(top, bottom, 12):
            for x in range(left, right, 12):
                shade = (40 + (contrast if kind == "chequers" and (x // 12 + y // 12) % 2 else 0),) * 3
                if kind == "leaves":
                    a, b = dice.randrange(5, 12), dice.randrange(3, 8)
                    draw.ellipse((x, y, x + a, y + b), fill=(30 + dice.randrange(contrast), 40 + dice.randrange(contrast), 30))
                elif kind == "chequers":
                    draw.rectangle((x, y, x + 11, y + 11), fill=shade)
                elif (y - top) % 24 == 0:
                    draw.line((x, y, x + 12, y + 8), fill=(40 + contrast,) * 3, width=3)
    return Case(seen=seen(_grained(image, number, 2), safe_areas=[AREA], ratio="16:9"), damage=kind)


def _palette(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number)
    if bad:
        turn = dice.randrange(60, 196)
        hue, saturation, value = image.convert("HSV").split()
        stronger = saturation.point(lambda level: min(255, level + 70))
        image = Image.merge("HSV", (hue.point(lambda level: (level + turn) % 256), stronger, value)).convert("RGB")
    return Case(seen=seen(image, palette=[[colour, 1.0] for colour in PALETTE]), damage="another hue" if bad else "")


def _sharpness(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number, grain=dice.uniform(0, 3))
    kind = ""
    if bad:
        kind = dice.choice(["blurred", "enlarged"])
        if kind == "blurred":
            image = scene(number, grain=0).filter(ImageFilter.GaussianBlur(dice.uniform(2.0, 5.0)))
        else:
            factor = dice.uniform(3.5, 6)
            image = scene(number, (round(SIZE[0] / factor), round(SIZE[1] / factor)), grain=0).resize(
                SIZE, Image.Resampling.BICUBIC
            )
    return Case(seen=seen(image), damage=kind)


def _thumbnail(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number)
    kind = ""
    if bad:
        kind = dice.choice(["hazy", "nearly black"])
        veil = Image.new("RGB", SIZE, (200, 205, 210) if kind == "hazy" else (4, 4, 8))
        image = Image.blend(image, veil, dice.uniform(0.88, 0.95) if kind == "hazy" else dice.uniform(0.985, 0.995))
    return Case(seen=seen(image), damage=kind)


def _fidelity(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number, grain=1.0)
    format_ = dice.choice(["JPEG", "WEBP", "AVIF"])
    kind, shown = "", image
    if bad:
        kind = dice.choice(["coded far too hard", "cut elsewhere", "another picture", "smeared"])
        if kind == "cut elsewhere":
            shift = dice.randrange(12, 40)
            shown = image.crop((shift, shift // 2, SIZE[0], SIZE[1])).resize(SIZE)
        elif kind == "another picture":
            shown = scene(number + 100_000, grain=1.0)
        elif kind == "smeared":
            shown = image.filter(ImageFilter.GaussianBlur(dice.uniform(5, 9)))
        quality = dice.randrange(0, 2) if kind == "coded far too hard" else 70
    else:
        quality = dice.randrange(55, 92)
    after, file = coded(shown, format_, quality)
    told = seen(after)
    return Case(seen=replace(told, reference=image.tobytes(), file=file, format=format_.lower()), damage=kind)


def _logo(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    path = mark(folder)
    image = scene(number)
    with Image.open(path) as opened:
        across = round(dice.uniform(0.09, 0.27) * SIZE[0])
        stamp = opened.resize((across, round(across * opened.height / opened.width)), Image.Resampling.LANCZOS)
    kind = ""
    if bad:
        kind = dice.choice(["none", "half covered", "cut off", "bent"])
    x, y = dice.randrange(8, SIZE[0] - stamp.width - 8), dice.randrange(8, SIZE[1] - stamp.height - 8)
    for _ in range(40):  # a mark is laid where it can be seen: white letters on snow are no good example
        if np.asarray(image.crop((x, y, x + stamp.width, y + stamp.height)).convert("L")).max() < 165:
            break
        x, y = dice.randrange(8, SIZE[0] - stamp.width - 8), dice.randrange(8, SIZE[1] - stamp.height - 8)
    if kind == "cut off":
        x = SIZE[0] - round(stamp.width * dice.uniform(0.3, 0.6))
    if kind == "bent":
        samples = np.asarray(stamp)
        wave = [round(stamp.height * 0.28 * np.sin(column / stamp.width * 2 * np.pi * 1.5)) for column in range(stamp.width)]
        stamp = Image.fromarray(np.stack([np.roll(samples[:, column], shift, 0) for column, shift in enumerate(wave)], axis=1))
    if kind != "none":
        image.paste(stamp, (x, y), stamp)
    if kind == "half covered":
        image.paste(tuple(_shade(dice, 2)), (x + round(stamp.width * 0.45), y, x + stamp.width, y + stamp.height))
    shown = coded(image, "JPEG", dice.randrange(50, 85))[0]
    return Case(seen=replace(seen(shown, ratio="16:9"), settings={"file": str(path)}), damage=kind)


def _artefacts(number: int, bad: bool, dice: random.Random, folder: Path) -> Case:
    image = scene(number)
    kind = ""
    if bad:
        kind = dice.choice(["wallpaper", "warped type"])
        if kind == "wallpaper":
            side = dice.randrange(60, 120)
            tile = Image.fromarray(np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8))
            tile = tile.filter(ImageFilter.GaussianBlur(2)).point(lambda value: max(0, min(255, (value - 128) * 4 + 128)))
            for x in range(SIZE[0] // 3, SIZE[0], side):
                for y in range(0, SIZE[1], side):
                    image.paste(tile, (x, y))
        else:
            draw = ImageDraw.Draw(image)
            left, top, right, bottom = _area(image)
            image.paste((238, 234, 226), (left, top, right + 120, bottom))
            for line in range(dice.randrange(2, 4)):
                letters = "".join(dice.choice("mnutiakrevsIHEoz") for _ in range(30))
                draw.text((left + 10, top + 12 + 46 * line), letters, font=ImageFont.load_default(34), fill=(24, 24, 30))
            image = _grained(image, number, 2)
    return Case(seen=seen(image), damage=kind)


_MAKERS: dict[str, Callable[[int, bool, random.Random, Path], Case]] = {
    "artefacts": _artefacts,
    "blank": _blank,
    "clutter": _clutter,
    "contrast": _contrast,
    "duplicate": _duplicate,
    "fidelity": _fidelity,
    "logo": _logo,
    "palette": _palette,
    "sharpness": _sharpness,
    "size": _size,
    "thumbnail": _thumbnail,
}
