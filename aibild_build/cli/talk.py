"""Progress on stderr: a bar with time left on a terminal, plain lines in a log."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from ..build.talk import Silent, Talk
from ..model import Work
from ..reports.text import duration

_NAMES = {
    "picture": "pictures",
    "rendition": "files",
    "page": "pages",
    "measure": "gates",
    "quality": "qualities",
    "refinement": "refining",
}
_QUIET_S = 10.0  # a log hears how far the work is this often


def talk_for(*, quiet: bool, verbose: bool) -> Talk:
    """The right voice for this terminal."""
    if quiet:
        return Silent()
    if sys.stderr.isatty() and not os.environ.get("CI"):
        return Bar(verbose)
    return Lines(verbose)


class _Steps:
    """Steps of the picture at work, with the time that its rest takes at the pace so far."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._key = ""
        self._first = (0, 0.0)

    def told(self, work: Work, done: int, total: int) -> str:
        moment = self._now()
        if work.key != self._key or done <= self._first[0]:
            self._key, self._first = work.key, (done, moment)
        counted = done - self._first[0]
        pace = (moment - self._first[1]) / counted if counted else 0.0
        left = f", {duration(pace * (total - done))} left" if counted and done < total else ""
        return f"{work.subject}, step {done} of {total}{left}"


class Lines:
    """A line when work of a kind begins, and every ten seconds how far it is; with `verbose` one for each piece, and its reason.

    A picture that takes long gets its steps in that line. `now` is a clock in seconds.
    """

    def __init__(self, verbose: bool, now: Callable[[], float] = time.monotonic) -> None:
        self._verbose = verbose
        self._now, self._steps = now, _Steps(now)
        self._began = self._spoke = now()
        self._done = self._total = 0
        self._kind = ""

    def begin(self, kind: str, total: int, seconds: float | None) -> None:
        expected = f", about {duration(seconds)} on one core" if seconds else ""
        self._kind, self._total, self._done = _NAMES.get(kind, kind), total, 0
        self._began = self._spoke = self._now()
        click.echo(f"{self._kind}: {total} to make{expected}", err=True)

    def step(self, work: Work, done: int, total: int) -> None:
        told = self._steps.told(work, done, total)
        if self._now() - self._spoke >= _QUIET_S:
            self._spoke = self._now()
            click.echo(f"{self._kind}: {self._done}/{self._total} {told}", err=True)

    def did(self, work: Work, seconds: float, pieces: int) -> None:
        self._done += pieces
        if self._verbose:
            detail = f": {work.detail}" if work.detail else ""
            took = f", {duration(seconds)}" if seconds else ""
            click.echo(f"{self._kind}: {self._done}/{self._total} {work.subject}, {work.reason.value}{detail}{took}", err=True)
        elif self._now() - self._spoke >= _QUIET_S and 0 < self._done < self._total:
            self._spoke = self._now()
            left = (self._spoke - self._began) / self._done * (self._total - self._done)
            click.echo(f"{self._kind}: {self._done}/{self._total}, about {duration(left)} left", err=True)

    def end(self) -> None:
        if self._done != self._total:
            click.echo(f"{self._kind}: {self._done} of {self._total} done", err=True)

    def note(self, message: str) -> None:
        click.echo(f"note: {message}", err=True)


class Bar:
    """A bar with counts and time left, gone when its work is done."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._steps = _Steps(time.monotonic)
        self._done = 0
        self._progress: Any = None
        self._task: Any = None

    def begin(self, kind: str, total: int, seconds: float | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[subject]}"), console=Console(stderr=True), transient=True)
        self._progress.start()
        self._done = 0
        self._task = self._progress.add_task(_NAMES.get(kind, kind), total=total, subject="")

    def step(self, work: Work, done: int, total: int) -> None:
        self._progress.update(self._task, completed=self._done + done / total, subject=self._steps.told(work, done, total))

    def did(self, work: Work, seconds: float, pieces: int) -> None:
        self._done += pieces
        self._progress.update(self._task, completed=self._done, subject=f"{work.subject}, {work.reason.value}")
        if self._verbose:
            self._progress.console.print(f"{work.subject}: {work.reason.value}", highlight=False, markup=False)

    def end(self) -> None:
        self._progress.stop()

    def note(self, message: str) -> None:
        click.echo(f"note: {message}", err=True)
