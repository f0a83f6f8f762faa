"""Who carries a run's work out: the crew that its options name, and what its work elsewhere means for the store here.

Takes options and a store, yields a crew. Workers on other machines put what they make into the shared store, of which a run keeps
one list; so each job done elsewhere makes the list old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from typing import ParamSpec, TypeVar

from .. import crews
from ..store import Store
from .options import Options

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def hired(options: Options, store: Store) -> Iterator[crews.Crew]:
    """The crew of a run, closed at its end. Raises AibildError when it cannot be had."""
    with closing(crews.load(options.crew, workers=options.workers)) as crew:
        if store.remote is None or options.crew in crews.HERE:
            yield crew
        else:
            yield _Elsewhere(crew, store.remote.relist)


class _Elsewhere:
    """A crew on other machines: `done` is called after each of its jobs."""

    def __init__(self, crew: crews.Crew, done: Callable[[], None]) -> None:
        self.gpu, self.cpu = _Lane(crew.gpu, done), _Lane(crew.cpu, done)
        self._crew = crew

    def close(self) -> None:
        self._crew.close()


class _Lane(Executor):
    def __init__(self, lane: Executor, done: Callable[[], None]) -> None:
        self._lane, self._done = lane, done

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = self._lane.submit(fn, *args, **kwargs)
        future.add_done_callback(lambda _: self._done())
        return future
