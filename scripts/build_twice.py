"""Builds our own site twice and fails unless the second build makes nothing and leaves every file untouched.

Takes the arguments that both builds shall have; prints one line a build. It knows the command line of aibild and
nothing inside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast


def build(arguments: list[str]) -> tuple[dict[str, Any], float]:
    """One build: its report and the seconds it took from outside."""
    start = time.monotonic()
    run = subprocess.run([sys.executable, "-m", "aibild_build", "build", "--json", *arguments], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit(f"aibild build ended with {run.returncode}")
    return cast("dict[str, Any]", json.loads(run.stdout)), time.monotonic() - start


def tree(output: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time of change."""
    files = (path for path in sorted(output.rglob("*")) if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def main(arguments: list[str]) -> int:
    output = Path(arguments[arguments.index("--output") + 1] if "--output" in arguments else "dist")
    first, seconds = build(arguments)
    print(f"first build: {seconds:.1f} s, made {first['made']}, outputs {first['outputs']}", flush=True)
    before = tree(output)
    second, seconds = build(arguments)
    print(f"second build: {seconds:.1f} s, made {second['made']}", flush=True)
    if any(second["made"].values()):
        sys.exit("expected a second build that makes nothing")
    if tree(output) != before:
        sys.exit("expected a second build that touches no file")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
