"""What a build says while it works.

The command line turns it into a progress bar or plain lines; a library user may keep silent.
"""

from __future__ import annotations

from typing import Protocol

from ..model import Work


class Talk(Protocol):
    """Called from the building thread only."""

    def begin(self, kind: str, total: int, seconds: float | None) -> None:
        """`total` pieces of one kind of work follow; `seconds` is what they are expected to take, None where that is unknown."""
        ...

    def step(self, work: Work, done: int, total: int) -> None:
        """`work` is at step `done` of `total`."""
        ...

    def did(self, work: Work, seconds: float, pieces: int) -> None:
        """So many pieces are done, of which `work` is one."""
        ...

    def end(self) -> None:
        """The last `begin` is over, however it went."""
        ...

    def note(self, message: str) -> None:
        """One line that the user should see."""
        ...


class Silent:
    """Says nothing."""

    def begin(self, kind: str, total: int, seconds: float | None) -> None:
        return None

    def step(self, work: Work, done: int, total: int) -> None:
        return None

    def did(self, work: Work, seconds: float, pieces: int) -> None:
        return None

    def end(self) -> None:
        return None

    def note(self, message: str) -> None:
        return None


class Once:
    """Passes on what is said, and each note but once: every stage of a build may come upon the same full disk."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._noted: set[str] = set()
        self.begin, self.step, self.did, self.end = talk.begin, talk.step, talk.did, talk.end

    def note(self, message: str) -> None:
        if message not in self._noted:
            self._noted.add(message)
            self._talk.note(message)
