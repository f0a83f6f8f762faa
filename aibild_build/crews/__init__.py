"""Crews carry work out, each behind two `concurrent.futures` executors: an open set.

A member is one file in this folder and one row in `_MEMBERS`; outside packages join by the entry-point group `aibild.crews` with
a function that takes the number of workers, and any other Executor by its name, `package.module:factory`. Members do not know
each other. To add one: write a class with the attributes of `Crew`, a loader function with a real import in its body, its row,
its page of docs. Workers in other processes end each job with `answer`.

A job is a module-level function with small arguments that can be pickled; it opens the store itself, returns digests and facts.
A crew may run a job again after its worker died, so a job must be safe to repeat. A job that takes long may `tell` how far it is.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

from ..errors import AibildError
from ..model import Json

Hear = Callable[[Json], None]
_HEARING: ContextVar[Hear | None] = ContextVar("hearing", default=None)


class Crew(Protocol):
    """Two lanes: `gpu` for jobs that need a device, one at a time for each; `cpu` for all others."""

    @property
    def gpu(self) -> Executor: ...

    @property
    def cpu(self) -> Executor: ...

    def close(self) -> None:
        """Drop the jobs that did not begin, wait for those that did, let the workers go. May be called twice."""
        ...


@runtime_checkable
class Telling(Protocol):
    """What a crew has besides that carries news from a job to who waits for it."""

    def listen(self, hear: Hear) -> None:
        """From now on `hear` is called with what jobs `tell`, from any thread."""
        ...


def tell(news: Json) -> None:
    """In a job: a word on how far it is. Nobody may be listening, so nothing can hang on it."""
    hear = _HEARING.get()
    if hear is not None:
        hear(news)


@contextmanager
def hearing(hear: Hear | None) -> Iterator[None]:
    """For crews: what a job tells in this context goes to `hear`."""
    token = _HEARING.set(hear)
    try:
        yield
    finally:
        _HEARING.reset(token)


def answer(job: bytes) -> bytes:
    """In a worker: run the pickled (function, arguments, named arguments). Pickled (True, value) or (False, exception)."""
    try:
        fn, args, kwargs = pickle.loads(job)
        return pickle.dumps((True, fn(*args, **kwargs)))
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    error.add_note(f"in a worker process:\n{''.join(traceback.format_exception(error))}")
    try:
        failed = pickle.dumps((False, error))
        pickle.loads(failed)  # an exception with arguments of its own may go out and not come in again
    except Exception:
        failed = pickle.dumps((False, AibildError(f"{type(error).__name__}: {error}")))
    return failed


class _Foreign:
    """Executors of other packages as a crew."""

    def __init__(self, gpu: Executor, cpu: Executor) -> None:
        self.gpu, self.cpu = gpu, cpu

    def close(self) -> None:
        for lane in (self.gpu, self.cpu):
            lane.shutdown()  # not every Executor can drop what waits: whoever handed jobs in has called them off


def _foreign(name: str, workers: int) -> Crew:
    """What `module:factory` gives: an Executor for both lanes, a pair of them (gpu, cpu), or a crew. Raises AibildError."""
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise AibildError(
            f"crew `{name}` cannot be loaded: {error}",
            hint="expected `package.module:factory`, importable from where aibild runs: set PYTHONPATH, or install its package",
        ) from error
    made = factory(workers)
    if isinstance(made, Executor):
        return _Foreign(made, made)
    if isinstance(made, tuple) and len(made) == 2 and all(isinstance(one, Executor) for one in made):
        return _Foreign(*made)
    if all(hasattr(made, part) for part in ("gpu", "cpu", "close")):
        crew: Crew = made
        return crew
    raise AibildError(
        f"crew `{name}`: expected a concurrent.futures.Executor, a pair of them or a crew, got {type(made).__name__}",
        hint="the factory is called with the number of workers, 0 for as many as there are",
    )


def _local(workers: int) -> Crew:
    from .local import Local

    return Local(workers)


def _inline(workers: int) -> Crew:
    from .inline import Inline

    return Inline()


def _ray(workers: int) -> Crew:
    from .ray import Ray

    if find_spec("ray") is None:  # asked, not imported: that takes seconds, and there may be nothing to do
        raise ImportError("Ray is not installed")
    return Ray(workers)


HERE = frozenset({"inline", "local"})  # whose workers are on this machine, and use its folders
_MEMBERS: dict[str, Callable[[int], Crew]] = {"inline": _inline, "local": _local, "ray": _ray}


def names() -> tuple[str, ...]:
    """All crews that can be named, outside ones included."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.crews"))}))


def load(name: str, *, workers: int = 0) -> Crew:
    """The crew of that name; `workers` is the size of its cpu lane, 0 for one a processor.

    A name with a colon is a function of any module: it takes `workers` and gives an Executor for both lanes, a pair of them, or a
    crew. Raises AibildError for an unknown crew, one that cannot be imported, and a negative number. Nothing is started before
    the first job.
    """
    if workers < 0:
        raise AibildError(f"expected a number of workers of 0 or more, got {workers}")
    if ":" in name:
        return _foreign(name, workers)
    loader = _MEMBERS.get(name)
    if loader is None:
        for point in entry_points(group="aibild.crews", name=name):
            loader = point.load()
    if loader is None:
        raise AibildError(f"there is no crew `{name}`", hint=f"known crews: {', '.join(names())}, or `module:factory`")
    try:
        return loader(workers)
    except ImportError as error:
        raise AibildError(f"crew `{name}` cannot be loaded: {error}", hint=f"pip install 'aibild[{name}]'") from error
