"""Seconds of a first deploy, a no-op and a delta of one file in a hundred to SeaweedFS: aibild, `aws s3 sync` and `rclone sync`.

`python benchmarks/ship.py [--files N] [--aws PATH]` runs each tool as a process of its own, in turn, on the same server and the
same files. Peers that are not installed are left out. What aibild does besides (a manifest, pages kept for a rollback, headers,
conditions) is in its time; peers send bytes alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from aibild_build.config import CONFIG_FILE
from tests.support.buckets import Server, seaweed
from tests.support.project import CONFIG
from tests.support.shipping import site_files, write_built

CHECKOUT = Path(__file__).parents[1]
PICTURES = 4  # of a page: a site is four fifths pictures
Command = Callable[[Path, Server], tuple[list[str], Mapping[str, str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--aws", default=shutil.which("aws") or "")
    asked = parser.parse_args()
    tools: dict[str, Command] = {"aibild": _aibild}
    if asked.aws:
        tools["aws"] = lambda root, server: _aws(asked.aws, root, server)
    if rclone := shutil.which("rclone") or _beside("rclone"):
        tools["rclone"] = lambda root, server: _rclone(rclone, root, server)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "server").mkdir()
        with seaweed(root / "server") as server:
            for tool in tools:
                server.make(f"bench-{tool}")
            _run(root, server, tools, asked.files)


def _run(root: Path, server: Server, tools: Mapping[str, Command], count: int) -> None:
    files = site_files(max(1, count // (PICTURES + 1)), pictures=PICTURES)
    (root / CONFIG_FILE).write_text(
        CONFIG + f'\n[targets.production]\nkind = "bucket"\naddress = "{server.address("bench-aibild")}"\n'
    )
    print(f"{len(files)} files, {sum(map(len, files.values())) / 2**20:.1f} MiB")
    spent: dict[str, dict[str, float]] = {}
    for step in ("first", "no-op", "no-op again", "delta"):
        if step == "delta":
            pages = [path for path in files if path.endswith(".html")]
            for path in pages[: max(1, len(files) // 100)]:
                files[path] = files[path].replace(b"first", b"later")
        write_built(root / "dist", files) if step in ("first", "delta") else None
        for tool, command in tools.items():
            arguments, environ = command(root, server)
            started = time.perf_counter()
            subprocess.run(arguments, cwd=root, env={**os.environ, **environ}, check=True, stdout=subprocess.DEVNULL)
            spent.setdefault(step, {})[tool] = time.perf_counter() - started
        row = spent[step]
        print(f"{step:<12}" + "  ".join(f"{tool} {s:7.2f} s ({s / row['aibild']:.2f} ×)" for tool, s in row.items()), flush=True)


def _aibild(root: Path, server: Server) -> tuple[list[str], Mapping[str, str]]:
    command = [sys.executable, "-m", "aibild_build", "deploy", "-q", "--no-check", "--root", str(root)]
    return [*command, "--output", str(root / "dist")], {**server.environ, "PYTHONPATH": str(CHECKOUT)}


def _aws(program: str, root: Path, server: Server) -> tuple[list[str], Mapping[str, str]]:
    place = ["--endpoint-url", server.endpoint, "--exclude", ".aibild/*", "--only-show-errors"]
    return [program, "s3", "sync", str(root / "dist"), "s3://bench-aws/", *place], server.environ


def _rclone(program: str, root: Path, server: Server) -> tuple[list[str], Mapping[str, str]]:
    environ = {
        "RCLONE_CONFIG_SW_TYPE": "s3",
        "RCLONE_CONFIG_SW_PROVIDER": "SeaweedFS",
        "RCLONE_CONFIG_SW_ENDPOINT": server.endpoint,
        "RCLONE_CONFIG_SW_ACCESS_KEY_ID": server.environ["AWS_ACCESS_KEY_ID"],
        "RCLONE_CONFIG_SW_SECRET_ACCESS_KEY": server.environ["AWS_SECRET_ACCESS_KEY"],
    }
    options = ["--transfers", "32", "--checkers", "32", "--exclude", ".aibild/**", "--config", str(root / "rclone.conf")]
    return [program, "sync", str(root / "dist"), "sw:bench-rclone", *options], environ


def _beside(name: str) -> str:
    path = Path(sys.executable).parent / name
    return str(path) if path.is_file() else ""


if __name__ == "__main__":
    main()
