"""Looks, builds and tells, for as long as the server runs.

Takes a desk, events, and who works meanwhile; a bell calls `rung`. What was saved is looked at in the bell's thread within
milliseconds; the whole build that trusts no event runs in the thread that calls `run`, at once when the look did not suffice,
else when it has been quiet for a while.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ...build.resident import Fault, Look, State, inputs_of
from ...model import Finding, Json
from ..events import Events
from .desk import Desk, Painter, Refiner

_QUIET_S = 0.4
_SOON_S = 0.02  # a second event of the same save often follows
_LONGEST_S = 5.0


class Loop:
    """`said` is told each state after a build, for the terminal; `page_of` gives the output path of a page by its address."""

    def __init__(
        self,
        desk: Desk,
        events: Events,
        painter: Painter | None,
        said: Callable[[State], None],
        page_of: Callable[[str], str],
        refiner: Refiner | None = None,
    ) -> None:
        self._desk, self._events, self._painter, self._said, self._page_of = desk, events, painter, said, page_of
        self._refiner = refiner
        self._due: float | None = None
        self._waiting_since = 0.0
        self._since: set[str] = set()
        self._stir = threading.Condition()
        self.state = State()
        self._faults: tuple[Fault, ...] = ()
        self._version = 0
        self._ended = False

    def first(self) -> State:
        """Build before anybody asks."""
        self._built()
        return self.state

    def run(self) -> None:
        """Build whenever it is due, until `close` is called."""
        while self._is_due():
            self._built()

    def close(self) -> None:
        """Let `run` come to its end."""
        with self._stir:
            self._ended = True
            self._stir.notify()

    def rung(self, paths: frozenset[Path]) -> None:
        """Something was saved. Called from the bell's thread."""
        names = inputs_of(self._desk.root, self._beside_output(paths))
        if not names:
            return
        if self._refiner is not None:
            self._refiner.stir()
        with self._stir:
            self._since |= names
        look = self._desk.look(names, [self._page_of(page) for page in self._events.listening()])
        self._tell_look(look)
        with self._stir:
            now = time.monotonic()
            if self._due is None:
                self._waiting_since = now
            pause = _SOON_S if look.whole else _QUIET_S
            urgent = self._due is not None and self._due - now < pause and look.whole
            self._due = self._due if urgent else min(now + pause, self._waiting_since + _LONGEST_S)
            self._stir.notify()

    def better(self) -> None:
        """Files got better: build, so that pages show them."""
        with self._stir:
            if self._due is None:
                self._due = self._waiting_since = time.monotonic()
                self._stir.notify()

    def told(self) -> tuple[str, str]:
        """The event that tells a page how the site stands."""
        state, word = self.state, self._painter.word if self._painter is not None else ""
        faults: list[Json] = [fault_object(fault) for fault in self._faults]
        said: dict[str, Json] = {
            "version": self._version,
            "faults": faults,
            "drafts": list(state.drafts),
            "painting": word,
            "findings": [finding_object(finding) for finding in state.findings],
        }
        return "state", json.dumps(said, ensure_ascii=True)

    def tell(self) -> None:
        """Say again how the site stands."""
        self._events.tell(*self.told())

    def _beside_output(self, paths: frozenset[Path]) -> frozenset[Path]:
        return frozenset(path for path in paths if not path.is_relative_to(self._desk.output))

    def _tell_look(self, look: Look) -> None:
        if look.paths or look.faults:
            self._version += 1
            self._faults = look.faults
            self.tell()
        files: list[Json] = [path for path in look.paths if not path.endswith(".html")]
        if files:
            self._events.tell("files", json.dumps(files))

    def _is_due(self) -> bool:
        """Wait until there is something to build; False at the end."""
        with self._stir:
            while not self._ended:
                now = time.monotonic()
                if self._due is not None and now >= self._due:
                    self._due = None
                    return True
                # Without a time the wait could not be broken by Ctrl-C on every system.
                self._stir.wait(1.0 if self._due is None else self._due - now)
        return False

    def _built(self) -> None:
        if self._refiner is not None:
            self._refiner.stir()
        with self._stir:
            self._since.clear()
        state = self._desk.build()
        if state.faults and not self.state.faults:  # the last good site's drafts are still to be seen
            state = State(faults=state.faults, drafts=self.state.drafts, findings=self.state.findings, seconds=state.seconds)
        with self._stir:
            since = frozenset(self._since)
        if since:  # saved while it was built: it may have put an older text back
            self._desk.look(since, ())
        self.state, self._faults = state, state.faults
        self._version += 1
        self.tell()
        self._said(state)
        if self._painter is not None and not state.faults:
            self._painter.want(state.drafts)
        if self._refiner is not None and not state.faults:
            self._refiner.rest(state.improvable)


def fault_object(fault: Fault) -> dict[str, Json]:
    """A fault as pages get it."""
    lines: list[Json] = [[number, text] for number, text in fault.lines]
    return {**finding_object(fault.finding), "lines": lines}


def finding_object(finding: Finding) -> dict[str, Json]:
    """A finding as pages get it."""
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "path": finding.origin.path if finding.origin else "",
        "line": finding.origin.line if finding.origin else None,
        "measured": finding.measured,
        "limit": finding.limit,
        "hint": finding.hint,
        "selector": finding.selector,
        "subject": finding.subject,
    }
