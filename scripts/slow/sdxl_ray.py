"""Tiny SDXL over a Ray cluster: are the pictures those that one machine makes?

    python -m scripts.slow.sdxl_ray [--work FOLDER]

Writes tiny models with random weights, builds a site with a plain brief and one that uses every feature of the engine, once in
this process and once over a Ray cluster on loopback, each with one thread, and compares pinned pixels and output. Prints one line
of JSON; exit 1 where they differ. Needs the extras `sdxl` and `ray`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # more add up in another order, and the last bits follow

from aibild_build import tensors
from aibild_build.build import Options, build
from tests.support.project import TODAY, tree
from tests.support.ray_cluster import ray_cluster
from tests.support.tiny_sdxl import write_models
from tests.test_sdxl_build import EVERYTHING, PLAIN, project

SITES = {"plain": PLAIN, "everything": EVERYTHING}


def pixels(root: Path) -> dict[str, str]:
    """What the lock pins, by brief, asset and place."""
    briefs = json.loads((root / "aibild.lock").read_bytes())["briefs"]
    return {
        f"{brief} {asset} {place}": candidate["pixels"]
        for brief, assets in briefs.items()
        for asset, pinned in assets["assets"].items()
        for place, candidate in enumerate(pinned["candidates"])
    }


def built(root: Path, models: Path, brief: str, crew: str) -> tuple[dict[str, str], dict[str, bytes], float]:
    """A fresh site by that crew: pinned pixels, output, seconds."""
    started = time.perf_counter()
    build(Options(root=project(root, models, brief), crew=crew), today=TODAY)
    return pixels(root), tree(root / "dist"), round(time.perf_counter() - started, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path)
    asked = parser.parse_args()
    tensors.torch().set_num_threads(1)
    told = {}
    with tempfile.TemporaryDirectory(dir=asked.work) as name, ray_cluster():
        work = Path(name)
        models = write_models(work / "models")
        for site, brief in SITES.items():
            alone, over_ray = (built(work / f"{site}-{crew}", models, brief, crew) for crew in ("inline", "ray"))
            told[site] = {
                "pictures": len(alone[0]),
                "same_pixels": sum(over_ray[0].get(at) == one for at, one in alone[0].items()),
                "same_output": alone[1] == over_ray[1],
                "seconds": {"alone": alone[2], "ray": over_ray[2]},
            }
    print(json.dumps(told))
    return 0 if all(one["same_pixels"] == one["pictures"] and one["same_output"] for one in told.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
