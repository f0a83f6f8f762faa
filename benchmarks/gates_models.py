"""What the gates that read and recognise cost: processor milliseconds for one picture of 1024 × 576, children included.

    python benchmarks/gates_models.py [--runs 5]

Clock time depends on what else the machine does; processor time hardly does. A model is loaded once a process: the first column.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from aibild_build import gates
from aibild_build.model import Json
from scripts.slow.lettered import lettered

ROWS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("text", {"reader": "tesseract"}),
    ("text", {"reader": "rapidocr"}),
    ("nsfw", {}),
    ("brisque", {}),
)
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


def processor_s() -> float:
    """Seconds of this process and of the children that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    pictures = [lettered(4 * number + 1, (FONT,)).image for number in range(runs + 1)]
    print("gate     reader      first ms  then ms")
    for name, settings in ROWS:
        gate, costs = gates.load(name), []
        for picture in pictures:
            seen = gates.Seen(
                samples=picture.tobytes(),
                size=picture.size,
                facts={"engine": "sdxl", "text": "none", "max_text_share": None},
                settings=settings,
            )
            before = processor_s()
            try:
                gate.measure(seen)
            except gates.NotRun as reason:
                print(f"{name:8} {settings.get('reader', ''):10} not run: {reason}")
                break
            costs.append((processor_s() - before) * 1000)
        else:
            print(f"{name:8} {settings.get('reader', ''):10} {costs[0]:8.0f} {median(costs[1:]):8.0f}")


if __name__ == "__main__":
    main()
