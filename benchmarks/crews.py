"""What handing out work costs: sleeping jobs on 64 workers, against a schedule that hands them out in no time.

    python -m benchmarks.crews [--crew local|ray] [--workers 64] [--jobs 640] [--seconds 3]

Jobs sleep between half and one and a half times `--seconds`, as pictures differ; the draw is fixed. They go the way
of a build's orders (`build.carry`), to workers that are there already. The ideal is the makespan of the same jobs in
the same order, each taken by the first worker that is free, with no time in between. Overhead is what the run took
longer. `ray` starts a cluster on loopback, with as many processors as workers (it only says so).
"""

from __future__ import annotations

import argparse
import heapq
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

from aibild_build import crews
from aibild_build.build.carry import carry_out
from aibild_build.build.talk import Silent
from aibild_build.model import PictureReason, Work


def nap(order: Mapping[str, Any]) -> dict[str, Any]:
    """The job: sleep, and say when it began and ended, by the clock of this machine."""
    began = time.monotonic()
    time.sleep(order["sleep_s"])
    return {"began": began, "ended": time.monotonic(), "worker": os.getpid(), "seconds": order["sleep_s"], "note": ""}


def meet(folder: str, count: int) -> int:
    """Hold a worker until so many are here."""
    here = Path(folder)
    (here / str(os.getpid())).touch()
    while len(list(here.iterdir())) < count:
        time.sleep(0.2)
    return os.getpid()


def ideal_s(naps_s: list[float], workers: int) -> float:
    """The makespan when each job is taken by the first free worker at once."""
    free = [0.0] * workers
    for nap_s in naps_s:
        heapq.heapreplace(free, free[0] + nap_s)
    return max(free)


@contextmanager
def cluster(workers: int) -> Iterator[None]:
    from tests.support.ray_cluster import ray_cluster

    with ray_cluster() as started:
        started.join(cpus=workers - 1, gpus=0)  # the head has one
        yield


def run(name: str, workers: int, naps_s: list[float]) -> None:
    with cluster(workers) if name == "ray" else nullcontext(), closing(crews.load(name, workers=workers)) as crew:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            list(crew.cpu.map(meet, [folder] * workers, [workers] * workers))
        print(f"{name}: {workers} workers are there after {time.monotonic() - started:.1f} s")
        orders = [
            (Work(kind="picture", key=str(number), subject=str(number), reason=PictureReason.NEW), {"sleep_s": nap_s})
            for number, nap_s in enumerate(naps_s)
        ]
        cpu_s, started = time.process_time(), time.monotonic()
        answers = [answer for _, answer in carry_out("picture", nap, orders, crew, Silent())]
        took_s, cpu_s = time.monotonic() - started, time.process_time() - cpu_s
    ideal = ideal_s(naps_s, workers)
    gaps = sorted(gap for gap in between(answers))
    print(f"  {len(answers)} jobs: {took_s:.2f} s, ideal {ideal:.2f} s, overhead {100 * (took_s / ideal - 1):.2f} %")
    median_ms, slow_ms = 1000 * gaps[len(gaps) // 2], 1000 * gaps[-len(gaps) // 100]
    print(f"  from a job's end to the worker's next: median {median_ms:.1f} ms, 99 % {slow_ms:.1f} ms")
    print(f"  the driver's processor time: {1000 * cpu_s / len(answers):.2f} ms a job")


def between(answers: list[dict[str, Any]]) -> Iterator[float]:
    """Seconds that each worker waited from one job to the next."""
    by_worker: dict[int, list[dict[str, Any]]] = {}
    for answer in answers:
        by_worker.setdefault(answer["worker"], []).append(answer)
    for own in by_worker.values():
        own.sort(key=lambda answer: answer["began"])
        yield from (later["began"] - earlier["ended"] for earlier, later in pairwise(own))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crew", choices=("local", "ray"), action="append")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=640)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    draw = random.Random(64)
    naps_s = [asked.seconds * draw.uniform(0.5, 1.5) for _ in range(asked.jobs)]
    from benchmarks import crews as this  # jobs are found by this name in workers, not as `__main__`

    for name in asked.crew or ("local", "ray"):
        this.run(name, asked.workers, naps_s)


if __name__ == "__main__":
    main()
