"""Makes files better while nobody saves, as `aibild refine` would, in one process that gives way to all others.

Takes word of when the site rests and when it stirs, says when files got better. A run is killed rather than asked to end, since
an edit waits for nothing: what it has recorded stands, the file in its hands is tried again in the next rest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_AFTER_S = 5.0  # of rest: who thinks about the next sentence is not done
_LOWEST = 19


class Refiner:
    """Refines for the project at `root`, `after_s` after it came to rest; `better` is called when a run came to its end."""

    def __init__(self, root: Path, store: Path | None, better: Callable[[], None], after_s: float = _AFTER_S) -> None:
        self._root, self._store, self._better, self._after_s = root, store, better, after_s
        self._turn = threading.RLock()  # Ctrl-C may come while this very thread has it
        self._timer: threading.Timer | None = None
        self._run: subprocess.Popen[bytes] | None = None
        self._left = 0

    def rest(self, improvable: int) -> None:
        """The site stands, and so many files may get better; nothing happens when the last run left just as many."""
        with self._turn:
            if self._run is not None or improvable in (0, self._left):
                return
            self._end()
            self._timer = threading.Timer(self._after_s, self._begin, (improvable,))
            self._timer.daemon = True
            self._timer.start()

    def stir(self) -> None:
        """Something is to be done: stop at once."""
        with self._turn:
            self._end()

    def _begin(self, improvable: int) -> None:
        store = ("--store", str(self._store.absolute())) if self._store is not None else ()
        own = ("--root", str(self._root), *store, "--quiet", "--workers", "1")
        with self._turn:
            if threading.current_thread() is not self._timer:  # it stirred in this very moment
                return
            self._timer = None
            # A session of its own, so that its worker is killed with it; Ctrl-C is for the server, which then ends it.
            self._run = subprocess.Popen(
                [sys.executable, "-m", "aibild_build", "refine", *own],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            with suppress(OSError):
                os.setpriority(os.PRIO_PGRP, self._run.pid, _LOWEST)
            threading.Thread(target=self._wait, args=(self._run, improvable), name="aibild-refiner", daemon=True).start()

    def _wait(self, run: subprocess.Popen[bytes], improvable: int) -> None:
        run.wait()
        with self._turn:
            if run is not self._run:
                return
            self._run, self._left = None, improvable
        self._better()

    def _end(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        run, self._run = self._run, None
        if run is not None:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
