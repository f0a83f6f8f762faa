"""What was found about the user's site."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding weighs. `fatal` is for `source-*` rules alone and cannot be re-levelled."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where in the user's files: a path relative to the project, POSIX separators, and a line counted from 1."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found about the user's site. `rule` is a stable kebab-case id; `subject` is a page URL, a brief id or a file.

    `selector` is the CSS path of the element on a page, where it is about one.
    """

    rule: str
    level: Level
    message: str
    origin: Origin | None = None
    subject: str = ""
    measured: str | float | int | None = None
    limit: str | float | int | None = None
    hint: str = ""
    selector: str = ""
