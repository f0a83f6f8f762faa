"""Measures the gates that read, judge and compare, on pictures of ours whose labels are known; prints rates and times.

    python -m scripts.slow.gates_heavy [--reader tesseract|rapidocr] [--pictures 216] [--only text|nsfw|brisque] [PHOTOGRAPH…]

A false pass is a bad picture that a gate lets by, a false block a good one that it does not. `nsfw` can only be asked for false
blocks: there is no indecent picture here, and there will be none.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import perf_counter

from PIL import Image

from aibild_build import gates
from aibild_build.model import Json, Outcome
from scripts.slow.damaged import DAMAGES, crops, leaves
from scripts.slow.lettered import Lettered, lettered, plain

FONTS = (
    *sorted(Path("/usr/share/fonts/truetype/dejavu").glob("DejaVuS*.ttf")),
    *sorted(Path("/usr/share/fonts/truetype/liberation").glob("Liberation*.ttf")),
)
_BAD_FROM = 60  # how bad damage must be for a file that should not pass


def seen(image: Image.Image, settings: dict[str, Json] | None = None, **facts: Json) -> gates.Seen:
    return gates.Seen(samples=image.tobytes(), size=image.size, facts={"engine": "sdxl", **facts}, settings=settings or {})


def measure_text(count: int, reader: str) -> None:
    gate = gates.load("text")
    settings: dict[str, Json] = {"reader": reader}
    missed: list[Lettered] = []
    accused: list[tuple[Lettered, str]] = []
    blocked = found = 0
    times = []
    every = [*(lettered(number, FONTS) for number in range(count // 2)), *(plain(number) for number in range(count // 2))]
    for one in every:
        began = perf_counter()
        measured = gate.measure(seen(one.image, settings, text="none", max_text_share=None))
        times.append(perf_counter() - began)
        outcome = gate.judge(measured, {}).outcome
        if one.text and outcome is Outcome.PASS:
            missed.append(one)
        elif one.text:
            found += 1
        elif outcome is not Outcome.PASS:
            accused.append((one, str(measured.facts["read"])))
            blocked += outcome is Outcome.BLOCK
    print(f"text by {reader}: {len(every)} pictures, {count // 2} with letters, median {median(times) * 1000:.0f} ms")
    print(f"  false pass {_share(len(missed), count // 2)}: {_kinds(one.kind for one in missed)}")
    print(f"  false review or block {_share(len(accused), count // 2)} ({blocked} blocked): {_kinds(a.kind for a, _ in accused)}")
    for one, read in accused[:5]:
        print(f"    {one.kind} {one.number}: {read}")
    gate = gates.load("legible")
    wrong = good = 0
    for one in every[: count // 4]:
        if one.kind not in ("headline", "sign"):
            continue
        good += 1
        measured = gate.measure(seen(one.image, settings, text=one.text))
        wrong += gate.judge(measured, {}).outcome is not Outcome.PASS
    print(f"legible by {reader}, clear words at 1024 px: {_share(wrong, good)} called unreadable")


def measure_nsfw(paths: Iterable[str], count: int) -> None:
    gate = gates.load("nsfw")
    pictures = [leaves(seed, 384) for seed in range(count // 3)] + [plain(number).image for number in range(count // 3)]
    pictures += [piece for number, path in enumerate(paths) for piece in crops(Path(path), 8, number)]
    scores, times = [], []
    for picture in pictures:
        began = perf_counter()
        scores.append(gate.measure(seen(picture)).score)
        times.append(perf_counter() - began)
    review, block = gate.limits({})
    over = [sum(score > (at or 1) for score in scores) for at in (review, block)]
    print(f"nsfw: {len(pictures)} decent pictures, median {median(times) * 1000:.0f} ms, highest score {max(scores):.3f}")
    print(
        f"  false review {_share(over[0], len(pictures))}, false block {_share(over[1], len(pictures))}; false pass: not measured"
    )


def measure_brisque(paths: Iterable[str]) -> None:
    gate = gates.load("brisque")
    pictures = [leaves(seed, 384) for seed in range(1000, 1008)]
    pictures += [piece for number, path in enumerate(paths) for piece in crops(Path(path), 2, number + 50)]
    rows = []
    times = []
    for number, picture in enumerate(pictures):
        for kind, badness, damage in DAMAGES:
            began = perf_counter()
            measured = gate.measure(seen(damage(picture, number)))
            times.append(perf_counter() - began)
            rows.append((kind, badness, gate.judge(measured, {}).outcome))
    bad = [row for row in rows if row[1] >= _BAD_FROM]
    good = [row for row in rows if row[1] <= 20]
    passed = [row for row in bad if row[2] is Outcome.PASS]
    accused = [row for row in good if row[2] is not Outcome.PASS]
    print(f"brisque: {len(rows)} pictures not trained on, median {median(times) * 1000:.0f} ms")
    print(f"  false pass {_share(len(passed), len(bad))}: {_kinds(row[0] for row in passed)}")
    print(f"  false review or block {_share(len(accused), len(good))}: {_kinds(row[0] for row in accused)}")


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / max(of, 1):.1%})"


def _kinds(kinds: Iterable[str]) -> str:
    listed = list(kinds)
    return ", ".join(f"{kind} {listed.count(kind)}" for kind in dict.fromkeys(sorted(listed))) or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", nargs="*")
    parser.add_argument("--reader", default="tesseract", choices=("tesseract", "rapidocr"))
    parser.add_argument("--pictures", type=int, default=216)
    parser.add_argument("--only", choices=("text", "nsfw", "brisque"))
    asked = parser.parse_args()
    if asked.only in (None, "text"):
        measure_text(asked.pictures, asked.reader)
    if asked.only in (None, "nsfw"):
        measure_nsfw(asked.photographs, asked.pictures)
    if asked.only in (None, "brisque"):
        measure_brisque(asked.photographs)


if __name__ == "__main__":
    main()
