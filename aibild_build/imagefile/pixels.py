"""Samples ↔ files: the name of a picture, its lossless master, and the door for foreign pictures.

Takes and yields plain bytes of 8-bit sRGB samples; Pillow is loaded inside the functions that need it. Knows nothing of briefs,
recipes or the store.
"""

from __future__ import annotations

import hashlib
import io
import warnings

from ..model import Size
from .plain import Decoded, ImageFault

MAX_PIXELS = 120_000_000
_MASTER_LEVEL = 2  # zlib level: 2400×1350 of dithered gradient in 0.25 s on one core (2026-11); level 6 takes 1.6 s for 9 % less


def pixels_digest(samples: bytes, size: Size, mode: str) -> str:
    """The name of a picture: SHA-256 over width, height, mode and samples, whatever file they came from."""
    digest = hashlib.sha256(f"{size[0]}x{size[1]} {mode}\n".encode())
    digest.update(samples)
    return digest.hexdigest()


def encode_png(samples: bytes, size: Size, mode: str) -> bytes:
    """The lossless master of RGB or RGBA samples: a PNG without any metadata. Raises ValueError when lengths do not agree."""
    from PIL import Image

    if mode not in ("RGB", "RGBA") or len(samples) != size[0] * size[1] * len(mode):
        raise ValueError(f"{len(samples)} samples are no {size[0]}×{size[1]} {mode} picture")
    target = io.BytesIO()
    Image.frombytes(mode, size, samples).save(target, "PNG", compress_level=_MASTER_LEVEL)
    return target.getvalue()


def decode_png(data: bytes) -> tuple[bytes, Size, str]:
    """Samples, size and mode of a master that `encode_png` wrote. Raises ImageFault for anything else."""
    from .decoding import open_first

    if not data.startswith(b"\x89PNG"):
        raise ImageFault("a master is an RGB or RGBA PNG, this is another file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a large master is no bomb
        picture = open_first(data, "png")
    if picture.mode not in ("RGB", "RGBA"):
        raise ImageFault(f"a master is an RGB or RGBA PNG, this one is {picture.mode}")
    return picture.tobytes(), picture.size, picture.mode


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Any picture that a user may bring → upright 8-bit sRGB. First frame of an animation.

    JPEG, PNG, WebP, AVIF, GIF, TIFF; grey, palette, CMYK, 16-bit and any ICC profile. Alpha is kept only when some pixel is
    really transparent. Raises ImageFault with one sentence: no image, truncated, damaged, or more than `max_pixels` pixels.
    """
    from .decoding import upright_srgb

    return upright_srgb(data, max_pixels)
