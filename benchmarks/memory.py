"""How much memory encoding takes, and whether it grows: N pictures of 12 megapixels through the jobs that a build runs.

    python benchmarks/memory.py [--pictures 300] [--width 640] [--folder DIR]

Every picture is a master of its own (4000×3000, drawn here), cut to one width in three formats, probes included, by a crew of
all cores. Prints the largest sum of resident memory over all processes of the run, in quarters of the run: flat means that the
last is no more than the second. Linux only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from aibild_build import crews
from aibild_build.build.jobs import find_qualities, make_files
from aibild_build.imagefile import encode_png
from aibild_build.model import Quality, Variant, delivery_key
from aibild_build.renditions.codecs import CODECS
from aibild_build.renditions.metadata import Metadata
from aibild_build.renditions.quality import probe_of
from aibild_build.store import Store
from aibild_build.wire import to_json

SIZE = (4000, 3000)
FORMATS = ("avif", "webp", "jpeg")
ROOM_BYTES = 2048


def draw(number: int) -> bytes:
    """Soft waves with a little grain, different for each number."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32) / SIZE[1]
    grain = np.random.default_rng(number).integers(0, 6, (SIZE[1], SIZE[0]), dtype=np.uint8)
    samples = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
    for channel in range(3):
        samples[..., channel] = (120 + 100 * np.sin(x * (3 + number % 7) + y * (channel + 1))).astype(np.uint8) + grain
    return encode_png(samples.tobytes(), SIZE, "RGB")


def encode(folder: Path, count: int, width: int) -> None:
    """The part that is measured, in a process of its own."""
    arguments = (str(folder / "store"), str(folder / "spill"), False, 10**12)
    store, crew = Store(folder / "store"), crews.load("local")
    blobs = json.loads((folder / "masters.json").read_text())[:count]
    probes = {
        blob: [probe_of(blob, one, CODECS[one].settings(), 70.0, Quality(), Quality()) for one in FORMATS] for blob in blobs
    }
    orders = [{"store": arguments, "asset": blob, "wanted": [to_json(one) for one in asked]} for blob, asked in probes.items()]
    for _ in crew.cpu.map(find_qualities, orders):
        pass
    metadata, jobs = Metadata(source_type="algorithmicMedia"), []
    for blob, asked in probes.items():
        wanted = []
        for probe in asked:
            variant = Variant(
                pixels=blob,
                crop=(0, 0, *SIZE),
                size=(width, round(width * SIZE[1] / SIZE[0])),
                format=probe.format,
                settings=CODECS[probe.format].settings(int((store.lookup(probe.key) or {})["quality"])),
                codec=probe.codec,
                room_bytes=ROOM_BYTES,
            )
            wanted.append({"variant": to_json(variant), "delivery": delivery_key(variant.encode, metadata.digest, "off")})
        jobs.append({"store": arguments, "asset": blob, "metadata": to_json(metadata), "wanted": wanted, "again": False})
    for _ in crew.cpu.map(make_files, jobs):
        pass
    crew.close()


def resident_mib(root: int) -> float:
    """Memory of a process and all below it; pages that they share count once for each (Pss where the kernel tells it)."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(parts[1]), []).append(int(path.parent.name))
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--pictures", type=int, default=300)
    options.add_argument("--width", type=int, default=640)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "aibild-bench-memory")
    options.add_argument("--encode", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    folder = chosen.folder.absolute()
    if chosen.encode:
        return encode(folder, chosen.pictures, chosen.width)
    shutil.rmtree(folder, ignore_errors=True)
    store = Store(folder / "store")
    (folder / "masters.json").write_text(json.dumps([store.put(draw(number)).digest for number in range(chosen.pictures)]))
    command = [sys.executable, __file__, "--encode", "--pictures", str(chosen.pictures), "--width", str(chosen.width)]
    run = subprocess.Popen([*command, "--folder", str(folder)])
    seen: list[float] = []

    def watch() -> None:
        while run.poll() is None:
            seen.append(resident_mib(run.pid))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run.wait()
    watcher.join()
    quarter = max(1, len(seen) // 4)
    peaks = [max(seen[at : at + quarter], default=0.0) for at in range(0, 4 * quarter, quarter)]
    told = ", ".join(f"{peak:.0f}" for peak in peaks)
    print(f"{chosen.pictures} pictures of 12 megapixels: peak {max(seen):.0f} MiB; by quarters {told}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
