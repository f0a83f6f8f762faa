"""Where each key stands in a text: what is found, and the cursor that looks for it.

The finders `yaml_positions` and `toml_positions` yield `Positions`. They follow structure only, never values, and rely on a
loader that has accepted the text before: on other text their answer means nothing, but they do end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from .faults import KeyPath

INDENT = re.compile(r"[ \t]*")


@dataclass(slots=True)
class Positions:
    """`lines` by key path; `duplicates` are (key path, line, line of the first)."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    duplicates: list[tuple[KeyPath, int, int]] = field(default_factory=list)

    def key(self, path: KeyPath, line: int) -> None:
        """A key, which may stand only once."""
        if path in self.lines:
            self.duplicates.append((path, line, self.lines[path]))
        else:
            self.lines[path] = line

    def table(self, path: KeyPath, line: int) -> None:
        """An item of a list, or a table that may be named again."""
        self.lines.setdefault(path, line)


class Cursor:
    """A place in a text, and the line it is in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Positions()
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def line(self, at: int | None = None) -> int:
        return bisect_right(self._starts, self.at if at is None else at)

    def column(self, at: int) -> int:
        return at - self._starts[self.line(at) - 1]

    def line_end(self, at: int | None = None) -> int:
        end = self.text.find("\n", self.at if at is None else at)
        return len(self.text) if end < 0 else end

    def peek(self, width: int = 1) -> str:
        return self.text[self.at : self.at + width]

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]
