"""Milliseconds (of the processor) and bytes a signature: a picture at three sizes in three formats, signed and read back.

`python benchmarks/credentials.py [--times N]` prints one line a file. Noise, the worst case for codecs, and none for signatures:
they hash what is there.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from PIL import Image

from aibild_build.build.credentials import init_test
from aibild_build.config import Credentials
from aibild_build.imagefile.manifest import verify_manifest
from aibild_build.imagefile.unsigned import without_manifest
from aibild_build.model import Variant
from aibild_build.renditions.credentials import Story, seal_of
from aibild_build.renditions.credentials.sign import sign

FORMATS = {"jpeg": ("JPEG", 80), "webp": ("WEBP", 78), "avif": ("AVIF", 55)}
SIZES = ((320, 180), (1280, 720), (2400, 1350))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        signer, _ = init_test({**os.environ, "XDG_DATA_HOME": folder}, datetime.now(UTC))
        print("format  size         bytes    added   sign ms   verify ms   strip ms   (medians)")
        for size in SIZES:
            picture = Image.effect_noise(size, 60).convert("RGB").resize(size)
            story = Story(title="noise", source_type="algorithmicMedia", agent="benchmark", day="2026-11-23", size=size)
            for name, (pillow, quality) in FORMATS.items():
                file = io.BytesIO()
                picture.save(file, pillow, quality=quality)
                data = file.getvalue()
                variant = Variant(
                    pixels="0" * 64, crop=(0, 0, *size), size=size, format=name, settings={}, codec=1, room_bytes=2048
                )
                seal = seal_of(story, variant, Credentials(), signer)
                signed, _ = sign(data, seal, signer, os.environ)
                spent = [
                    _ms(partial(sign, data, seal, signer, os.environ), times),
                    _ms(partial(verify_manifest, signed, f"image/{name}", trust=signer.trust), times),
                    _ms(partial(without_manifest, signed), times),
                ]
                assert without_manifest(signed) == data
                shown = "   ".join(f"{ms:8.2f}" for ms in spent)
                print(f"{name:<6}  {size[0]:>4}×{size[1]:<5}  {len(data):>8}  {len(signed) - len(data):>6}  {shown}")


def _ms(run: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        started = time.process_time()
        run()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found)


if __name__ == "__main__":
    main()
