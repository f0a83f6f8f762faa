"""Our own site through a shared store: what a warm build on an empty disk asks of the network.

    python -m scripts.slow.lazy_bytes [--root FOLDER] [--store FOLDER] [--work FOLDER]

Copies the sources, builds them once with a key (from `--store`, if it is warm, that takes seconds), gives all to a SeaweedFS of
this machine, and builds a second copy with `--lazy-bytes` through a proxy that counts. Prints one line of JSON. Exit 1 if a byte
of a picture came.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import buckets, proxy

HERE = Path(__file__).parents[2]
_LEFT = (".git", ".aibild", "dist", ".venv", "node_modules", "__pycache__", ".*_cache")


def aibild(root: Path, environ: Mapping[str, str], *words: str) -> tuple[Any, str, float]:
    """Run a command of ours; its JSON, what it said, and its seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "aibild_build", *words, "--root", str(root), "--json"]
    run = subprocess.run(command, cwd=HERE, env={**os.environ, **environ}, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(words)}: {run.stderr[-2000:]}{run.stdout[-2000:]}")
    return json.loads(run.stdout), run.stderr, time.perf_counter() - started


def measure(root: Path, work: Path, store: Path | None) -> dict[str, Any]:
    """Both builds; see the module."""
    first, second = work / "first", work / "second"
    shutil.copytree(root, first, ignore=shutil.ignore_patterns(*_LEFT))
    if store is not None:
        shutil.copytree(store, first / ".aibild" / "store")
    (work / "seaweed").mkdir()
    with buckets.seaweed(work / "seaweed") as server, proxy.before(server.endpoint) as between:
        pem = work / "store.pem"
        run = subprocess.run([sys.executable, "-m", "aibild_build", "cache", "key", str(pem)], capture_output=True, text=True)
        address = server.address("cache", "site")
        with (first / "aibild.toml").open("a") as settings:
            settings.write(f'\n[store]\nremote = "{address}"\n{run.stdout}')
        writer = {**server.environ, "AIBILD_STORE_KEY": str(pem)}
        built, _, build_s = aibild(first, writer, "build", "--no-check")
        gave, _, push_s = aibild(first, writer, "cache", "push")
        shutil.copytree(first, second, ignore=shutil.ignore_patterns(*_LEFT))
        reader = {**server.readers, "AIBILD_STORE_REMOTE": address.replace(server.endpoint, between.url)}
        report, said, lazy_s = aibild(second, reader, "build", "--frozen", "--no-check", "--lazy-bytes")
    lazy = json.loads((second / "dist/.aibild/lazy.json").read_bytes())["files"]
    return {
        "outputs": report["outputs"],
        "output_bytes": report["bytes"],
        "pictures_left_in_the_store": len(lazy),
        "made": report["made"],
        "requests": len(between.passed),
        "record_bytes": sum(size for _, _, size in between.passed) - between.bytes_of("/cas/"),
        "picture_bytes": between.bytes_of("/v1/cas/"),
        "seconds": {"build": round(build_s, 1), "push": round(push_s, 1), "lazy": round(lazy_s, 1)},
        "pushed": gave,
        "said": [line for line in said.splitlines() if "shared store" in line],
        "first": built["made"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, default=HERE)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--work", type=Path)
    asked = parser.parse_args()
    if asked.work is not None:
        asked.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.work) as folder:
        found = measure(asked.root, Path(folder), asked.store)
    print(json.dumps(found))
    return 1 if found["picture_bytes"] else 0


if __name__ == "__main__":
    sys.exit(main())
