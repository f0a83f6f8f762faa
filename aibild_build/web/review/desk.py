"""What the review board is given: functions that read, show and decide."""

from __future__ import annotations

from typing import Protocol

from ...build.board import Board, Entry
from ...build.review import Asked, Said


class Desk(Protocol):
    """Called from several threads at once. `who` is the person who decides, "" where nobody is known."""

    @property
    def who(self) -> str: ...

    def board(self) -> Board:
        """The board as it is now."""
        ...

    def stamp(self) -> str:
        """Changes when the board does; cheap enough to be asked every second."""
        ...

    def cut(self, name: str) -> bytes | None:
        """WebP of a cut by its name, None for one that no candidate has."""
        ...

    def page(self, entry: Entry, number: int, showing: int) -> str | None:
        """HTML of a page that shows the picture, with the candidate `number` in it; None where there is none."""
        ...

    def evidence(self, digest: str) -> bytes | None:
        """PNG of what a gate points at, None for one that no verdict names."""
        ...

    def decide(self, asked: Asked) -> Said:
        """Carry a decision out, or say why not."""
        ...
