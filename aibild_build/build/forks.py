"""Shares out many small pieces of work among forked copies of this process: the site is in all of them without being sent.

Takes items and a function over a part of them, yields the parts' results in order. A copy that fails or dies says nothing; its
part is then done here, where errors are raised as ever. Where forking is not safe (threads, other systems), all is done here.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import IO, TypeVar

from ..packing import pack_into

Item = TypeVar("Item")
Result = TypeVar("Result")


def shared_out(
    items: Sequence[Item], work: Callable[[Sequence[Item]], Result], *, workers: int, fewest: int
) -> list[tuple[Sequence[Item], Result]]:
    """Each part of `items` with what `work` gave for it. Results must be picklable and should be small.

    With fewer than `fewest` items a part, copies cost more than they save. Raises what `work` raises, for the first part that
    fails.
    """
    parts = _parts(items, min(workers, len(items) // fewest)) if _may_fork() else [items]
    with collector_at_rest():
        return _carried_out(parts, work)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """What is made here by the ten thousand lasts: looking through all of it for garbage took a quarter of the time. What stood
    before is not touched either, so that copies of the process share its memory."""
    was_at_work = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_at_work:
            gc.enable()


def _carried_out(
    parts: Sequence[Sequence[Item]], work: Callable[[Sequence[Item]], Result]
) -> list[tuple[Sequence[Item], Result]]:
    copies = [_copy(part, work) for part in parts[1:]]
    try:
        results = [(parts[0], work(parts[0]))]
        for part, (pid, file) in zip(parts[1:], copies, strict=True):
            done: tuple[Result] | None = _result(pid, file)
            results.append((part, work(part) if done is None else done[0]))
        copies.clear()
    finally:
        for pid, file in copies:
            _end(pid, file)
    return results


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _may_fork() -> bool:
    """Of a process with threads a copy may wait forever for a lock that nobody holds; macOS forbids it in its own libraries."""
    return sys.platform.startswith("linux") and threading.active_count() == 1


def _parts(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """`items` in runs of about equal length."""
    if count < 2:
        return [items]
    ends = [len(items) * part // count for part in range(count + 1)]
    return [items[start:end] for start, end in pairwise(ends)]


def _copy(part: Sequence[Item], work: Callable[[Sequence[Item]], Result]) -> tuple[int, IO[bytes]]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by whoever reads the result)
    pid = os.fork()
    if pid:
        return pid, file
    status = 1
    try:
        pack_into(file, (work(part),))
        file.flush()
        status = 0
    finally:
        os._exit(status)


def _result(pid: int, file: IO[bytes]) -> tuple[Result] | None:
    """What the copy wrote, None when it did not come to its end."""
    _, status = os.waitpid(pid, 0)
    with file:
        if status:
            return None
        file.seek(0)
        done: tuple[Result] = pickle.load(file)
        return done


def _end(pid: int, file: IO[bytes]) -> None:
    file.close()
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
