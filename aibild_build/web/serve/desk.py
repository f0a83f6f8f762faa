"""What the server is given: a site that can be built, looked at and checked, and whoever makes the missing pictures."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from ...build.resident import Look, State
from ...model import Finding


class Desk(Protocol):
    """A site at work. Called from several threads at once."""

    @property
    def root(self) -> Path: ...

    @property
    def output(self) -> Path: ...

    @property
    def base_path(self) -> str:
        """Where the site begins on its host, with a slash at both ends."""
        ...

    def build(self) -> State:
        """Build all that is not as it should be."""
        ...

    def look(self, paths: Collection[str], showing: Collection[str]) -> Look:
        """Bring saved files to the output at once, as far as that can be done for each alone."""
        ...

    def places(self) -> tuple[Path, ...]:
        """Folders and files whose changes matter."""
        ...

    def check(self, path: str) -> tuple[Finding, ...]:
        """What the rules say of one page of the output."""
        ...


class Painter(Protocol):
    """Makes pictures meanwhile."""

    @property
    def word(self) -> str:
        """How that goes: "making", "" or why it is not done."""
        ...

    def want(self, briefs: Collection[str]) -> None:
        """These are missing now; nothing happens when they were tried as they are."""
        ...

    def close(self) -> None:
        """Stop at once."""
        ...


class Refiner(Protocol):
    """Makes files better while nothing else is to be done."""

    def rest(self, improvable: int) -> None:
        """The site stands, and so many files may get better."""
        ...

    def stir(self) -> None:
        """Something is to be done: stop at once."""
        ...
