"""Holds our SSIMULACRA2 against the PyPI package `ssimulacra2`, which needs scipy, on pictures drawn here and coded in many ways.

    pip install ssimulacra2 && PYTHONPATH=. python scripts/slow/agree_ssimulacra2.py [PICTURES]

Prints the largest and the mean difference in points; ends with 1 when any is above 0.05.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pillow_avif  # noqa: F401  registers the encoder
from PIL import Image
from ssimulacra2 import compute_ssimulacra2  # not installed with any extra

from aibild_build.renditions.ssimulacra2 import Original

CODED = [("AVIF", quality) for quality in (15, 30, 45, 60, 80)]
CODED += [("WEBP", quality) for quality in (20, 50, 70, 90)] + [("JPEG", quality) for quality in (15, 40, 66, 90)]
SIZES = ((640, 360), (360, 640), (401, 299), (64, 48))


def draw(number: int, size: tuple[int, int]) -> Image.Image:
    """Waves, shapes and grain in changing shares."""
    width, height = size
    dice = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width] / height
    samples = np.stack([0.5 + 0.4 * np.sin((channel + 2) * x + number * y) for channel in range(3)], -1)
    for _ in range(3 * number):
        at, radius = dice.random(2), 0.02 + 0.2 * dice.random()
        samples[np.hypot(x - at[0] * width / height, y - at[1]) < radius] = dice.random(3)
    samples += dice.normal(0, 0.015 * (number % 4), (height, width, 1))
    return Image.fromarray((samples.clip(0, 1) * 255).astype(np.uint8))


def main() -> int:
    apart: list[float] = []
    spent = 0.0
    with tempfile.TemporaryDirectory() as place:
        first, second = Path(place) / "first.png", Path(place) / "second.png"
        for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 8):
            picture = draw(number, SIZES[number % len(SIZES)])
            picture.save(first)
            original = Original(np.asarray(picture))
            for format, quality in CODED:
                data = io.BytesIO()
                picture.save(data, format, quality=quality, **({"speed": 9} if format == "AVIF" else {}))
                coded = Image.open(io.BytesIO(data.getvalue())).convert("RGB")
                coded.save(second)
                started = time.process_time()
                score = original.score(np.asarray(coded))
                spent += time.process_time() - started
                apart.append(abs(score - compute_ssimulacra2(str(first), str(second))))
    told = f"at most {max(apart):.3f} points apart, {np.mean(apart):.4f} on average"
    print(f"{len(apart)} pairs: {told}; {spent / len(apart) * 1e3:.0f} ms each")
    return 1 if max(apart) > 0.05 else 0


if __name__ == "__main__":
    sys.exit(main())
