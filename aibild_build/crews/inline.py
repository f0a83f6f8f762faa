"""The crew that is no crew: each job runs at once, in the thread that hands it in.

For small work, where starting a process costs more than the job, and for tests. Knows no other crew.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from . import Hear, hearing

P = ParamSpec("P")
T = TypeVar("T")


class InlineLane(Executor):
    """Runs a job before `submit` returns. The job's own exception waits in the future; an interrupt goes through."""

    def __init__(self) -> None:
        self._closed = False
        self.hear: Hear | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if self._closed:
            raise RuntimeError("the lane is closed")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            with hearing(self.hear):
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True


class Inline:
    """Both lanes are the calling thread."""

    def __init__(self) -> None:
        self.cpu = InlineLane()
        self.gpu = self.cpu

    def listen(self, hear: Hear) -> None:
        self.cpu.hear = hear

    def close(self) -> None:
        self.cpu.shutdown()
