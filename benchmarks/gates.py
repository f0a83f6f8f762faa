"""Milliseconds per picture and gate, and the comparison of 10,000 pictures: `python -m benchmarks.gates [--pictures 8]`.

Pictures of 2400×1350 px drawn by `tests/support/labelled.py`; processor time, evidence included. The gates
that need the extra `gates` are measured where it is installed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from aibild_build import gates
from aibild_build.gates import Measured, Seen
from aibild_build.model import Json
from tests.support.labelled import AREA, PALETTE, mark, scene, seen

SIZE = (2400, 1350)


def subject(number: int, folder: Path) -> Seen:
    """A large picture with every fact that a gate may ask for."""
    image = scene(number, SIZE)
    facts: dict[str, Json] = {
        "safe_areas": [AREA],
        "scrim": [6, 26, 32, 0.42],
        "palette": [[colour, 1.0] for colour in PALETTE],
        "ratio": "16:9",
        "focal": [0.6, 0.4],
        "prompt": "a valley at dawn, cut from paper",
        "negative": "",
        "parts": {"subject": "a valley at dawn"},
        "max_text_share": None,
        "tags": [],
    }
    told = seen(image, **facts)
    return replace(told, reference=image.tobytes(), settings={"file": str(mark(folder))}, format="png")


def milliseconds(name: str, pictures: list[Seen]) -> tuple[list[float], str]:
    gate, taken = gates.load(name), []
    for picture in pictures:
        fresh = replace(picture, memo={})
        started = time.process_time()
        try:
            gate.overlay(fresh, gate.measure(fresh))
        except gates.NotRun as reason:
            return [], str(reason)
        taken.append(1000 * (time.process_time() - started))
    return taken, ""


def compared(count: int) -> float:
    """Processor seconds to compare that many pictures with each other."""
    dice = random.Random(1)

    def hashes() -> Measured:
        facts: dict[str, Json] = {name: f"{dice.getrandbits(64):016x}" for name in ("phash", "dhash", "mirror")}
        return Measured(score=0, facts={**facts, "colour": "#406080"})

    measured = {f"picture-{number:05}": hashes() for number in range(count)}
    started = time.process_time()
    assert not list(gates.load("duplicate").compare(measured, {}))
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    print("| gate | scope | ms, least | ms, median |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pictures = [subject(number, Path(folder)) for number in range(arguments.pictures)]
        for name in arguments.names or gates.names():
            taken, why = milliseconds(name, pictures)
            if taken:
                print(f"| `{name}` | {gates.load(name).scope} | {min(taken):.0f} | {statistics.median(taken):.0f} |", flush=True)
            else:
                print(f"| `{name}` | {gates.load(name).scope} | – | {why} |", flush=True)
    least = min(compared(10_000) for _ in range(3))
    print(f"\n10,000 pictures compared with each other: {least:.2f} s")


if __name__ == "__main__":
    main()
