"""How often a watermark is found, and how often one is found where none is: `python -m scripts.slow.watermark STORE`.

Takes the masters of a store, marks each, cuts it as slots do, and writes it at the ladder's widths and our formats. Of all those
files `--files` of each picture are drawn, evenly. Each picture is also looked at unmarked and with another key, as often. Prints
tables for the docs page "Credentials"; the exit code is 1 where a promise of that page does not hold.
"""

from __future__ import annotations

import argparse
import io
from collections import defaultdict
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aibild_build.imagefile import decode
from aibild_build.imagefile.watermark import PUBLIC_KEY, detect, embed, mark_id
from aibild_build.renditions.crop import crop

RATIOS = ("16:9", "21:9", "3:2", "1:1", "4:5")
WIDTHS = (320, 480, 640, 960, 1280, 1920)
FORMATS = (("AVIF", 53), ("WEBP", 78), ("JPEG", 80))
LADDER = tuple(product(RATIOS, WIDTHS, FORMATS))
OTHER_KEY = b"a key that nothing was marked with"
MASTER_BYTES, MASTER_PX = 100_000, 1200
FOUND, PSNR, SSIM = 0.97, 40.0, 0.99

Row = tuple[str, str, int, str, float, bool, bool]


def ssim(one: Any, other: Any) -> float:
    """Mean structural similarity of two planes, windows of 7 × 7. Source: Wang et al. (2004), with a flat window."""

    def mean(plane: Any) -> Any:
        sums = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        return (sums[7:, 7:] - sums[:-7, 7:] - sums[7:, :-7] + sums[:-7, :-7]) / 49

    a, b = mean(one), mean(other)
    aa, bb, ab = mean(one * one) - a * a, mean(other * other) - b * b, mean(one * other) - a * b
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * a * b + first) * (2 * ab + second)) / ((a * a + b * b + first) * (aa + bb + second))).mean())


def delivered(master: Image.Image, ratio: str, width: int, format: str, quality: int) -> Any:
    box = crop(master.size, ratio, (0.4, 0.55))
    cut = master.crop((box.x, box.y, box.x + box.width, box.y + box.height))
    height = round(width * box.height / box.width)
    file = io.BytesIO()
    cut.resize((width, height), Image.Resampling.LANCZOS).save(file, format, quality=quality)
    return decode(file.getvalue())


def looked_at(task: tuple[str, int, int]) -> tuple[float, float, list[Row]]:
    """PSNR, SSIM, and a row a file: what it is, score, whether found, whether its id was read."""
    path, number, files = task
    plain = Image.open(path).convert("RGB")
    id = mark_id(path)
    marked = Image.frombytes("RGB", plain.size, embed(plain.tobytes(), plain.size, "RGB", id=id))
    before, after = (np.asarray(one, np.float64) for one in (plain, marked))
    psnr = float(10 * np.log10(255**2 / ((before - after) ** 2).mean()))
    luma = np.array([0.299, 0.587, 0.114])
    rows: list[Row] = []
    for at in range(files):
        ratio, width, (format, quality) = LADDER[(number * files + at) * 37 % len(LADDER)]
        for kind, picture, key in (
            ("marked", marked, PUBLIC_KEY),
            ("unmarked", plain, PUBLIC_KEY),
            ("other key", marked, OTHER_KEY),
        ):
            if kind == "other key" and at % 2:
                continue
            seen = delivered(picture, ratio, width, format, quality)
            mark = detect(seen.samples, seen.size, seen.mode, key=key)
            rows.append((kind, ratio, width, format, mark.score, mark.found, mark.id == id))
    return psnr, ssim(before @ luma, after @ luma), rows


def masters(store: Path) -> list[str]:
    found = []
    for path in sorted((store / "cas").rglob("*")):
        if path.is_file() and path.stat().st_size > MASTER_BYTES and path.read_bytes()[:4] == b"\x89PNG":
            with Image.open(path) as picture:
                if min(picture.size) >= MASTER_PX // 2 and max(picture.size) >= MASTER_PX:
                    found.append(str(path))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--files", type=int, default=len(LADDER))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    tasks = [(path, number, arguments.files) for number, path in enumerate(masters(arguments.store)[: arguments.pictures])]
    with get_context("spawn").Pool(arguments.workers) as pool:
        answers = list(pool.imap_unordered(looked_at, tasks))
    rows = [row for _, _, some in answers for row in some]
    print(f"{len(answers)} pictures, {sum(row[0] == 'marked' for row in rows)} marked files")
    print(f"PSNR {min(a for a, _, _ in answers):.1f} dB and more, SSIM {min(b for _, b, _ in answers):.4f} and more")
    for column, name in ((1, "ratio"), (2, "width"), (3, "format")):
        groups = defaultdict(list)
        for row in rows:
            if row[0] == "marked":
                groups[row[column]].append(row)
        print(f"| {name} | files | found | id read | least score |")
        for value, some in sorted(groups.items(), key=str):
            found, read = sum(row[5] for row in some), sum(row[6] and row[5] for row in some)
            least = min(row[4] for row in some)
            print(f"| {value} | {len(some)} | {found / len(some):.1%} | {read / len(some):.1%} | {least:.1f} |")
    false = {kind: [row for row in rows if row[0] == kind] for kind in ("unmarked", "other key")}
    for kind, some in false.items():
        print(f"{kind}: {sum(row[5] for row in some)} of {len(some)} found, highest score {max(row[4] for row in some):.1f}")
    rate = sum(row[5] for row in rows if row[0] == "marked") / sum(row[0] == "marked" for row in rows)
    wrong = sum(row[5] for some in false.values() for row in some)
    print(f"found {rate:.2%}, false {wrong}")
    good = rate >= FOUND and not wrong and min(a for a, _, _ in answers) >= PSNR and min(b for _, b, _ in answers) >= SSIM
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
