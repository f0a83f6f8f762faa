"""A build in small, for the store's trials: makes numbered blobs on a store as a build makes pictures, and says what it did.

Run as a program: `store_builder.py ROOT LOG FIRST COUNT [--read-only] [--file-limit BYTES]`. Every blob made is a line in LOG, a
byte string that only its number decides; the answer is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
from collections.abc import Iterable
from pathlib import Path

from aibild_build.canonical import key_of
from aibild_build.store import Store
from aibild_build.store.upkeep import Record


def picture(number: int) -> bytes:
    """1 to 12 KB of noise, the same at every call."""
    noise = random.Random(number)
    return noise.randbytes(noise.randrange(1_000, 12_000))


def key(number: int) -> str:
    return key_of({"trial": number})


def digests(record: Record) -> Iterable[str]:
    return [str(record["digest"])]


def build(store: Store, log: Path, numbers: Iterable[int]) -> dict[str, int]:
    """What every job does: look, lock, look again, make, put, record."""
    counts = {"made": 0, "reused": 0, "kept": 0, "wrong": 0}
    for number in numbers:
        data = _have(store, number)
        if data is not None:
            counts["reused"] += 1
        else:
            with store.single_flight(key(number)):
                data = _have(store, number)
                if data is not None:
                    counts["reused"] += 1
                else:
                    data = picture(number)
                    _note(log, number)
                    stored = store.put(data, durable=number % 50 == 0)
                    store.record(key(number), "trial", {"digest": stored.digest, "number": number}, needs=[stored.digest])
                    counts["made"] += 1
                    counts["kept"] += stored.kept
        counts["wrong"] += data != picture(number)
    return counts


def _have(store: Store, number: int) -> bytes | None:
    stands = store.lookup(key(number))
    return None if stands is None else store.get(str(stands["digest"]))


def _note(log: Path, number: int) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{number}\n".encode())
    os.close(handle)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--file-limit", type=int)
    asked = parser.parse_args()
    if asked.file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.file_limit, asked.file_limit))
    store = Store(asked.root, read_only=asked.read_only)
    counts = build(store, asked.log, range(asked.first, asked.first + asked.count))
    problems = [problem.why for problem in store.verify(digests)]
    answer = {**counts, "degraded": store.degraded, "problems": problems, "tmp": store.stats().tmp}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
