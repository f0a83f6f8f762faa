"""Random edit sequences by the hundred: whatever is edited between two builds, what comes is what a build from nothing gives.

    python -m scripts.slow.incremental [--sequences 300] [--served 100] [--first 1000] [--steps 8]

`tests/test_incremental.py` runs a few in every change; these begin at another seed. `--served` of them go through the look and
the build behind it that `aibild serve` makes of each save. It ends at the first that differs, naming its seed and edits.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.test_incremental import run_sequence


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sequences", type=int, default=300)
    options.add_argument("--served", type=int, default=100, help="how many of them are saves under `aibild serve`")
    options.add_argument("--first", type=int, default=1000, help="the first seed")
    options.add_argument("--steps", type=int, default=8)
    asked = options.parse_args()
    began, spent = time.perf_counter(), time.process_time()
    for number in range(asked.sequences):
        seed, served = asked.first + number, number < asked.served
        with tempfile.TemporaryDirectory(prefix="aibild-sequence-") as folder:
            try:
                run_sequence(seed, Path(folder), served=served, steps=asked.steps)
            except AssertionError as error:
                raise SystemExit(f"seed {seed}{', served' if served else ''}: {str(error)[:2000]}") from error
        if not (number + 1) % 10:
            print(f"# {number + 1} of {asked.sequences}", file=sys.stderr, flush=True)
    took, used = time.perf_counter() - began, time.process_time() - spent
    told = f"{asked.sequences} sequences of {asked.steps} edits, {asked.served} of them served: all equal"
    print(f"{told}; {took:.0f} s, {used:.0f} s of processor")


if __name__ == "__main__":
    main()
