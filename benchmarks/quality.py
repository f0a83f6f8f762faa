"""Size against quality, as curves and as files to look at: ours, eleventy-img (sharp) and Hugo.

    python benchmarks/quality.py [--folder DIR] [--keep] [--output site/static/quality]

Six drawn pictures (`images.py`) at 960×540: a curve for each encoder over its qualities, against lossless pixels by the
peer's own resizer, and where its defaults lie. Writes an SVG a format, the files of two pictures at 640×360 as each tool makes
them by default, and prints the table of these files. Peers come from npm and PyPI at the first run; `--keep` takes their files
from there.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import images
import numpy as np
from PIL import Image

from aibild_build.imagefile import encode_png
from aibild_build.renditions.codecs import CODECS
from aibild_build.renditions.ssimulacra2 import Original

Point = tuple[float, float]
"""Bits a pixel and SSIMULACRA2."""

WIDTH = 960
LOOK_WIDTH = 640
SHOWN = 'width="192" height="108"'  # three beside each other
LOOKED_AT = ("photograph-2", "illustration-3")
QUALITIES = {"avif": range(28, 85, 8), "webp": range(35, 97, 10), "jpeg": range(35, 97, 10)}
TOOLS = {"aibild": "ours", "eleventy-img": "eleventy-img", "Hugo": "hugo-files"}
SWEEP = """
import fs from "node:fs"; import path from "node:path"; import { createRequire } from "node:module";
const sharp = createRequire(import.meta.url)("sharp"), [, , from, to, wanted] = process.argv;
fs.mkdirSync(to, { recursive: true });
for (const f of fs.readdirSync(from).filter((f) => f.endsWith("-WIDTH.png")))
  for (const [format, qualities] of Object.entries(JSON.parse(wanted)))
    for (const quality of qualities)
      await sharp(path.join(from, f))[format]({ quality }).toFile(path.join(to, `${path.parse(f).name}-${quality}.${format}`));
"""
FRAME = (640, 400, 56, 16, 16, 48)  # width, height, and room at the left, right, top and bottom, in px
BITS = (0.125, 0.25, 0.5, 1, 2)
WORDS = {"avif": "AVIF", "webp": "WebP", "jpeg": "JPEG"}
SCORES = (30, 40, 50, 60, 70, 80, 90)
STYLE = """\
text{font:13px system-ui,sans-serif;fill:#33434a}.a{font-weight:600}
.grid{stroke:#d5dcde;stroke-width:1}.line{fill:none;stroke-width:2.5}
.s0{stroke:#a93a14}.s1{stroke:#1c6a8a}.s2{stroke:#5b6b2f}.f0{fill:#a93a14}.f1{fill:#1c6a8a}.f2{fill:#5b6b2f}
@media(prefers-color-scheme:dark){text{fill:#d4dee1}.grid{stroke:#33454c}
.s0{stroke:#ffa37f}.s1{stroke:#7fc8e6}.s2{stroke:#c3d68d}.f0{fill:#ffa37f}.f1{fill:#7fc8e6}.f2{fill:#c3d68d}}"""


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-bench-images")
    options.add_argument("--keep", action="store_true", help="take the files of an earlier run in the folder")
    options.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "site/static/quality")
    chosen = options.parse_args()
    folder: Path = chosen.folder.absolute()
    if not chosen.keep:
        make_files(folder)
    curves = {"aibild": our_curves(folder), "eleventy-img": sharp_curves(folder)}
    chosen.output.mkdir(parents=True, exist_ok=True)
    for name in images.FORMATS:
        usual = {tool: default_point(folder, place, name) for tool, place in TOOLS.items()}
        drawn = chart({tool: found[name] for tool, found in curves.items()}, usual)
        (chosen.output / f"{name}.svg").write_text(drawn, "utf-8")
        print(name, {tool: [round(one, 2) for one in point] for tool, point in usual.items()})
    for stem in LOOKED_AT:
        Image.open(folder / f"ours-lossless/{stem}-{LOOK_WIDTH}.png").save(
            chosen.output / f"{stem.split('-')[0]}.webp", lossless=True, method=6
        )
        print(f"\n| | {' | '.join(TOOLS)} |\n|---|{'---|' * len(TOOLS)}")
        for name in images.FORMATS:
            print(f"| {WORDS[name]} | " + " | ".join(shown(folder, stem, name, tool, chosen.output) for tool in TOOLS) + " |")


def make_files(folder: Path) -> None:
    """Sources, and what each tool makes of them by default."""
    shutil.rmtree(folder / "src", ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    for number in range(6):
        stem = f"{('photograph', 'illustration')[number % 2]}-{number}"
        (folder / f"src/{stem}.png").write_bytes(encode_png(images.draw(number).tobytes(), images.SIZE, "RGB"))
    images.lossless(folder)
    images.run_eleventy(folder)
    images.run_hugo(folder)
    images.run_ours(folder, "ours", dict.fromkeys(images.FORMATS, 70.0))


def our_curves(folder: Path) -> dict[str, list[Point]]:
    """A point for each quality, of what our encoders make at this size."""
    found: dict[str, list[list[Point]]] = {name: [] for name in images.FORMATS}
    for png in sorted((folder / "ours-lossless").glob(f"*-{WIDTH}.png")):
        picture = Image.open(png).convert("RGB")
        original, pixels = Original(np.asarray(picture)), picture.width * picture.height
        for name, rows in found.items():
            codec = CODECS[name]
            row = []
            for quality in QUALITIES[name]:
                point = (0.0, 0.0)
                for _ in range(2):  # settings follow the score that is asked for, so the second one is what a build makes
                    settings = codec.settings(quality, "final", pixels, point[1])
                    point = point_of(original, codec.encode(picture, settings, b"", b""))
                row.append(point)
            rows.append(row)
    return {name: means(rows) for name, rows in found.items()}


def sharp_curves(folder: Path) -> dict[str, list[Point]]:
    """The same of sharp, which eleventy-img encodes with, from its own resized pixels."""
    script, place = folder / "sweep.mjs", folder / "sharp-sweep"
    script.write_text(SWEEP.replace("WIDTH", str(WIDTH)))
    asked = json.dumps({name: list(qualities) for name, qualities in QUALITIES.items()})
    subprocess.run(["node", str(script), str(folder / "eleventy-img-lossless"), str(place), asked], cwd=folder, check=True)
    found: dict[str, list[list[Point]]] = {name: [] for name in images.FORMATS}
    for png in sorted((folder / "eleventy-img-lossless").glob(f"*-{WIDTH}.png")):
        original = Original(np.asarray(Image.open(png).convert("RGB")))
        for name, rows in found.items():
            rows.append([point_of(original, (place / f"{png.stem}-{one}.{name}").read_bytes()) for one in QUALITIES[name]])
    return {name: means(rows) for name, rows in found.items()}


def default_point(folder: Path, place: str, name: str) -> Point:
    """Where a tool's own defaults lie, at the same size."""
    points = []
    for png in sorted((folder / f"{place}-lossless").glob(f"*-{WIDTH}.png")):
        original = Original(np.asarray(Image.open(png).convert("RGB")))
        points.append([point_of(original, (folder / place / f"{png.stem}.{name}").read_bytes())])
    return means(points)[0]


def point_of(original: Original, data: bytes) -> Point:
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return 8 * len(data) / (pixels.shape[0] * pixels.shape[1]), original.score(pixels)


def means(pictures: Sequence[Sequence[Point]]) -> list[Point]:
    """Geometric mean of the bits and mean of the scores, over the pictures."""
    columns = zip(*pictures, strict=True)
    return [(math.exp(np.mean([math.log(bits) for bits, _ in one])), float(np.mean([s for _, s in one]))) for one in columns]


def shown(folder: Path, stem: str, name: str, tool: str, output: Path) -> str:
    """A file to look at goes to the output; the cell of a page's table that shows it with its bytes and score."""
    place = TOOLS[tool]
    data = (folder / place / f"{stem}-{LOOK_WIDTH}.{name}").read_bytes()
    original = Original(np.asarray(Image.open(folder / f"{place}-lossless/{stem}-{LOOK_WIDTH}.png").convert("RGB")))
    file = f"{stem.split('-')[0]}-{tool.lower()}.{CODECS[name].extension}"
    (output / file).write_bytes(data)
    words = f"{tool}, {WORDS[name]}: {stem.split('-')[0]}"
    picture = f'<img src="../../{output.name}/{file}" {SHOWN} loading="lazy" alt="{words}">'
    return f'<a href="../../{output.name}/{file}">{picture}</a> {len(data) / 1024:.1f} KiB, {point_of(original, data)[1]:.1f}'


def chart(curves: Mapping[str, Sequence[Point]], usual: Mapping[str, Point]) -> str:
    """SVG: a line a tool, a ring where its defaults lie. Its words are the same in every language."""
    width, height, left, right, top, bottom = FRAME

    def x(bits: float) -> float:
        first, last = math.log(BITS[0]), math.log(BITS[-1])
        return left + (math.log(bits) - first) / (last - first) * (width - left - right)

    def y(score: float) -> float:
        return top + (SCORES[-1] - score) / (SCORES[-1] - SCORES[0]) * (height - top - bottom)

    def inside(points: Iterable[Point]) -> list[Point]:
        return [one for one in points if BITS[0] <= one[0] <= BITS[-1] and SCORES[0] <= one[1] <= SCORES[-1]]

    parts = []
    for bits in BITS:
        parts.append(f'<path class="grid" d="M{x(bits):.0f} {top}V{height - bottom}"/>')
        parts.append(f'<text x="{x(bits):.0f}" y="{height - bottom + 20}" text-anchor="middle">{bits:g}</text>')
    for score in SCORES:
        parts.append(f'<path class="grid" d="M{left} {y(score):.0f}H{width - right}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(score) + 4:.0f}" text-anchor="end">{score}</text>')
    parts.append(f'<text class="a" x="{width - right}" y="{height - 8}" text-anchor="end">bit/px</text>')
    parts.append(f'<text class="a" x="{left + 8}" y="{top + 16}">SSIMULACRA2</text>')
    for number, (tool, point) in enumerate(usual.items()):
        if line := " ".join(f"{x(bits):.1f},{y(score):.1f}" for bits, score in inside(curves.get(tool, ()))):
            parts.append(f'<polyline class="line s{number}" points="{line}"/>')
        parts.append(f'<circle class="f{number}" cx="{x(point[0]):.1f}" cy="{y(point[1]):.1f}" r="6"/>')
        at = height - bottom - 16 - 20 * (len(usual) - 1 - number)
        parts.append(f'<circle class="f{number}" cx="{width - right - 128}" cy="{at - 4}" r="6"/>')
        parts.append(f'<text class="a" x="{width - right - 114}" y="{at}">{tool}</text>')
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"


if __name__ == "__main__":
    main()
