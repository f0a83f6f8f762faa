"""The crew on this machine: worker processes, one lane for the processors and one worker for the device.

A lane is a thread for each worker: the thread takes a job, hands it to a process of its own and waits for the answer. So jobs are
pulled, and a worker that dies (out of memory, a crash in a codec, `kill -9`) takes exactly one job with it, which is run again in
a fresh process, at most `TRIES` times; the standard process pool would lose them all. Workers are fresh interpreters (spawn),
leave interrupts to their parent, and end when it is gone, however it went. Knows no store and no other crew.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_any
from typing import Any, ParamSpec, TypeVar

from ..errors import AibildError
from . import Hear, answer, hearing

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3
_NEWS = None  # what stands before a job's news where True or False stands before its answer


class ProcessLane(Executor):
    """An executor of `workers` processes that survives their death. A process starts when a job finds no idle one.

    `threads` is how many threads numeric libraries may use in a worker; 0 leaves that to them. A future fails with the job's own
    exception, a note on it telling where in the worker it came from; or with AibildError when its worker died `TRIES` times.
    """

    def __init__(self, workers: int, *, threads: int = 0) -> None:
        self._feeders = ThreadPoolExecutor(workers, thread_name_prefix="crew")
        self._threads = threads
        self.hear: Hear | None = None
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._feeders.submit(self._run, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `Executor.shutdown`. Without `wait`, workers end when the lane is let go of."""
        self._feeders.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            with self._lock:
                workers, self._idle = self._idle, []
            for worker in workers:
                worker.end()

    def _run(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In a feeder's thread: the job's value, or its exception raised."""
        job = pickle.dumps((fn, args, kwargs))
        for _ in range(TRIES):
            worker = self._take()
            try:
                fine, value = worker.ask(job, self.hear)
            except (EOFError, OSError):
                worker.end()
                continue
            with self._lock:
                self._idle.append(worker)
            if fine:
                return value
            raise value
        raise AibildError(
            f"a worker process died {TRIES} times under the same job",
            hint="it may have run out of memory: try fewer workers; a script that builds needs `if __name__ == '__main__':`",
        )

    def _take(self) -> _Worker:
        # Starting under the lock: multiprocessing keeps its list of children without one.
        with self._lock:
            return self._idle.pop() if self._idle else _Worker(self._threads)


class Local:
    """`workers` processes for the processors (0: as many as this process may use) and one for the device."""

    def __init__(self, workers: int = 0) -> None:
        self.cpu = ProcessLane(workers or processors(), threads=1)
        self.gpu = ProcessLane(1)

    def listen(self, hear: Hear) -> None:
        self.cpu.hear = self.gpu.hear = hear

    def close(self) -> None:
        self.cpu.shutdown(cancel_futures=True)
        self.gpu.shutdown(cancel_futures=True)


def processors() -> int:
    """Processors that this process may use; a container or `taskset` may allow fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, threads), daemon=True)
        self._process.start()
        theirs.close()  # or its death would not end our side

    def ask(self, job: bytes, hear: Hear | None) -> tuple[bool, Any]:
        """(True, value) or (False, exception); `hear` gets its news. Raises EOFError or OSError when the process is gone."""
        self._pipe.send_bytes(job)
        while True:
            kind, value = pickle.loads(self._pipe.recv_bytes())
            if kind is not _NEWS:
                return kind, value
            if hear is not None:
                hear(value)

    def end(self) -> None:
        """A worker without a pipe has nothing left to wait for and leaves."""
        self._pipe.close()
        self._process.join()


def _serve(jobs: Connection, threads: int) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)  # stdout is data, and not a worker's to write
    if threads:
        # One process a processor: threads of numeric libraries would only be in each other's way.
        os.environ["OMP_NUM_THREADS"] = str(threads)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    with hearing(lambda news: jobs.send_bytes(pickle.dumps((_NEWS, news)))):
        while True:
            try:
                job = jobs.recv_bytes()
            except EOFError:
                return
            jobs.send_bytes(answer(job))


def _end_with_parent() -> None:
    # Not PR_SET_PDEATHSIG: it fires at the end of the *thread* that started the worker, and a pool's threads come and go.
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        os._exit(1)
