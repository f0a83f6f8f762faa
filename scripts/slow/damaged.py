"""Pictures of our own with known damage: for training the regression of `brisque`, and for measuring gates.

Undamaged are dead leaves (Lee, Mumford, Huang: Occlusion Models for Natural Images, IJCV 41, 2001), whose edges and textures
have the statistics of photographs, and whatever photographs are passed in. Everything follows from seeds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

SIDE_PX = 512
Damage = tuple[str, float, Callable[[Image.Image, int], Image.Image]]


def leaves(seed: int, side_px: int = SIDE_PX) -> Image.Image:
    """Overlapping shapes of all sizes (radius by an inverse cube), each with a texture; drawn large and scaled down."""
    dice = np.random.default_rng(seed)
    large = side_px * 2
    down, across = np.mgrid[:large, :large].astype(np.float32)
    canvas = np.full((large, large, 3), dice.integers(40, 215, 3), np.float32)
    least, most = 0.012 * large, 0.35 * large
    for _ in range(int(dice.integers(260, 520))):
        radius = 1 / np.sqrt(dice.uniform(1 / most**2, 1 / least**2))
        x, y = dice.uniform(0, large, 2)
        left, right = max(int(x - radius * 1.5), 0), min(int(x + radius * 1.5) + 1, large)
        top, bottom = max(int(y - radius * 1.5), 0), min(int(y + radius * 1.5) + 1, large)
        dx, dy = across[top:bottom, left:right] - x, down[top:bottom, left:right] - y
        angle, flat = dice.uniform(0, np.pi), dice.uniform(0.45, 1)
        turned, other = dx * np.cos(angle) + dy * np.sin(angle), (dy * np.cos(angle) - dx * np.sin(angle)) / flat
        inside = (turned**2 + other**2 < radius**2) if dice.random() < 0.6 else (np.maximum(abs(turned), abs(other)) < radius)
        light = 1 + dice.uniform(0, 0.4) * (turned / radius)
        grain = dice.normal(0, 1, inside.shape).astype(np.float32)
        stripes = np.sin(turned * dice.uniform(0.05, 0.9)) * dice.uniform(0, 14) * (dice.random() < 0.5)
        colour = dice.integers(15, 240, 3).astype(np.float32)
        texture = (light[..., None] * colour) + (grain * dice.uniform(0, 10) + stripes)[..., None]
        canvas[top:bottom, left:right][inside] = texture[inside]
    picture = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
    return picture.resize((side_px, side_px), Image.Resampling.LANCZOS)


def crops(path: Path, count: int, seed: int, side_px: int = SIDE_PX) -> Iterator[Image.Image]:
    """Pieces of a photograph at different scales, never enlarged."""
    dice = np.random.default_rng(seed)
    with Image.open(path) as opened:
        whole = opened.convert("RGB")
    for _ in range(count):
        side = int(dice.uniform(0.55, 1.0) * min(whole.size))
        x, y = (int(dice.integers(0, length - side + 1)) for length in whole.size)
        piece = whole.crop((x, y, x + side, y + side))
        yield piece.resize((min(side, side_px),) * 2, Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return Image.open(target).convert("RGB")


def _noisy(picture: Image.Image, sigma: float, seed: int) -> Image.Image:
    grain = np.random.default_rng(seed).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def _enlarged(picture: Image.Image, factor: float) -> Image.Image:
    less = picture.resize((max(int(picture.width / factor), 8), max(int(picture.height / factor), 8)), Image.Resampling.BOX)
    return less.resize(picture.size, Image.Resampling.BICUBIC)


# Kind, how bad it is (0–100, set by eye: from 60 on nobody would put it on a page), how it is done.
DAMAGES: tuple[Damage, ...] = (
    ("none", 0, lambda picture, seed: picture),
    ("jpeg 85", 5, lambda picture, seed: _jpeg(picture, 85)),
    ("jpeg 60", 18, lambda picture, seed: _jpeg(picture, 60)),
    ("jpeg 20", 60, lambda picture, seed: _jpeg(picture, 20)),
    ("jpeg 8", 92, lambda picture, seed: _jpeg(picture, 8)),
    ("blur 0.6", 14, lambda picture, seed: picture.filter(ImageFilter.GaussianBlur(0.6))),
    ("blur 1.2", 42, lambda picture, seed: picture.filter(ImageFilter.GaussianBlur(1.2))),
    ("blur 2.2", 72, lambda picture, seed: picture.filter(ImageFilter.GaussianBlur(2.2))),
    ("blur 4", 96, lambda picture, seed: picture.filter(ImageFilter.GaussianBlur(4))),
    ("noise 4", 10, lambda picture, seed: _noisy(picture, 4, seed)),
    ("noise 12", 40, lambda picture, seed: _noisy(picture, 12, seed)),
    ("noise 25", 72, lambda picture, seed: _noisy(picture, 25, seed)),
    ("noise 45", 96, lambda picture, seed: _noisy(picture, 45, seed)),
    ("enlarged 2", 52, lambda picture, seed: _enlarged(picture, 2)),
    ("enlarged 4", 90, lambda picture, seed: _enlarged(picture, 4)),
)
