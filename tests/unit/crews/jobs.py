"""Jobs for the crews' tests: module-level, as every job is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from aibild_build.crews import tell
from aibild_build.errors import TemplateError

P = ParamSpec("P")
T = TypeVar("T")


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def process_number() -> int:
    return os.getpid()


def environment(name: str) -> str | None:
    return os.environ.get(name)


def fail(message: str) -> None:
    raise ValueError(message)


def fail_oddly() -> None:
    raise TemplateError("no such filter", path="a.html", line=3)


def unpicklable() -> Any:
    return lambda: None


def tell_and_double(number: int) -> int:
    tell({"number": number})
    return 2 * number


def leave() -> None:
    sys.exit(7)


def survive_interrupt() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return "alive"


def write_lines() -> None:
    sys.stdout.write("not data\n")
    sys.stdout.flush()
    subprocess.run(["echo", "not data either"], check=True)


def die_until(marks: Path, times: int) -> int:
    """Kill the own process the first `times` times; returns how often it was begun."""
    begun = len(list(marks.iterdir())) + 1
    (marks / str(begun)).touch()
    if begun <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun


def report_and_sleep(mark: Path) -> None:
    part = mark.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(mark)
    time.sleep(60)


def wait_for(mark: Path) -> int:
    """Leave a word beside the mark, wait until somebody makes the mark; returns the own process's number."""
    word = mark.with_name(f"{mark.name}-{os.getpid()}")
    word.touch()
    until = time.monotonic() + 120
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return os.getpid()


def threads(workers: int) -> Executor:
    """A factory of a foreign crew: one executor for both lanes."""
    return ThreadPoolExecutor(workers or 1, thread_name_prefix="foreign")


def two_executors(workers: int) -> tuple[Executor, Executor]:
    """A factory of a foreign crew: a lane each."""
    return ThreadPoolExecutor(1, thread_name_prefix="gpu"), ThreadPoolExecutor(workers or 1, thread_name_prefix="cpu")


def no_executor(workers: int) -> int:
    return workers


def thread_name() -> str:
    return threading.current_thread().name


def dask(workers: int) -> Executor:
    """What a site writes to work on Dask: a client, and the executor that it brings."""
    from distributed import Client

    client = Client(os.environ["DASK_SCHEDULER_ADDRESS"])
    executor: Executor = client.get_executor(pure=False, retries=2)
    return executor


class Far(Executor):
    """Workers of another machine: they have a folder of their own, named by FAR_STORE, in the place of the store's."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        order: Any = json.loads(json.dumps(args[0]))  # as it would come over a wire
        for one in order.get("orders", [order]):
            one["store"][0] = os.environ["FAR_STORE"]
        try:
            future.set_result(fn(order))  # type: ignore[call-arg]
        except Exception as error:
            future.set_exception(error)
        return future


def far(workers: int) -> Executor:
    return Far()
