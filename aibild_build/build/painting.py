"""Has missing pictures made meanwhile, in a process of its own, as `aibild generate` would make them.

Takes the briefs that are missing, says how it goes. What a service would charge for is never made here. A brief is tried once as
it is written; when it changes, the run for the old one is ended.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from ..canonical import digest_of
from ..lock import LOCK_FILE

MAKING = "making"
_GRACE_S = 0.5


class Painter:
    """Paints for the project at `root`; `changed` is told when `word` is another."""

    def __init__(self, root: Path, store: Path | None, changed: Callable[[], None]) -> None:
        self._root, self._store, self._changed = root, store, changed
        self._turn = threading.RLock()  # Ctrl-C may come while this very thread has it
        self._run: subprocess.Popen[str] | None = None
        self._tried = ""
        self.word = ""

    def want(self, briefs: Collection[str]) -> None:
        """These are missing now; nothing happens when they were tried as they are."""
        asked = self._asked(briefs)
        with self._turn:
            if asked == self._tried:
                return
            self._end()
            self._tried = asked
            if briefs:
                self._run = self._started(sorted(briefs))
                threading.Thread(target=self._wait, args=(self._run,), name="aibild-painter", daemon=True).start()
        self._say(MAKING if briefs else "")

    def close(self) -> None:
        """Stop at once; what was made is kept."""
        with self._turn:
            self._end()

    def _started(self, briefs: Collection[str]) -> subprocess.Popen[str]:
        store = ("--store", str(self._store.absolute())) if self._store is not None else ()
        own = ("--root", str(self._root), *store, "--quiet", "--limit-credits", "0")
        command = [sys.executable, "-m", "aibild_build", "generate", *own, "--", *briefs]
        # A session of its own: Ctrl-C is for the server, which then ends it.
        null = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=null, stdout=null, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def _wait(self, run: subprocess.Popen[str]) -> None:
        _, said = run.communicate()
        with self._turn:
            if run is not self._run:
                return
            self._run = None
        self._say("" if run.returncode == 0 else _why(said))

    def _end(self) -> None:
        run, self._run = self._run, None
        if run is not None and run.poll() is None:
            run.terminate()
            with suppress(subprocess.TimeoutExpired):
                run.wait(_GRACE_S)
            if run.poll() is None:
                run.kill()

    def _say(self, word: str) -> None:
        if word != self.word:
            self.word = word
            self._changed()

    def _asked(self, briefs: Collection[str]) -> str:
        """Changes with the briefs that are missing and with all that is written of any."""
        if not briefs:
            return ""
        files = [path for path in sorted((self._root / "briefs").rglob("*.yaml")) if path.is_file()]
        parts = [repr(sorted(briefs)).encode()]
        for path in (*files, self._root / "aibild.toml", self._root / LOCK_FILE):
            with suppress(OSError):
                parts.append(digest_of(path.read_bytes()).encode())
        return digest_of(b"\n".join(parts))


def _why(said: str) -> str:
    """The sentence with which a run ended, its hint with it."""
    lines = [line.strip().removeprefix("aibild: error: ") for line in said.splitlines() if line.strip()]
    at = next((number for number, line in enumerate(lines) if "error" in said and "hint:" in line), len(lines) - 1)
    return "; ".join(lines[max(at - 1, 0) : at + 1]) if lines else "no picture came"
