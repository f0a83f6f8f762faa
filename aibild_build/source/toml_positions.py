"""Key lines of a TOML text: tables, arrays of tables, dotted keys, inline tables and arrays.

Takes text that the loader accepted, yields `Positions`; arrays of tables count their items as the loader's lists do.
"""

from __future__ import annotations

import re
import tomllib

from .faults import KeyPath
from .positions import INDENT, Cursor, Positions

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|' + r"'''.*?'{3,5}(?!')|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.S,
)
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_OTHER = re.compile(r"[^,\[\]{}#\n]+")


def toml_positions(text: str) -> Positions:
    """Key lines of a TOML document: tables, arrays of tables, dotted keys, inline tables and arrays."""
    return _Toml(text).read()


class _Toml(Cursor):
    def read(self) -> Positions:
        inside: KeyPath = ()
        counts: dict[KeyPath, int] = {}
        while True:
            self.skip(_SPACE)
            if self.at >= len(self.text):
                return self.found
            if self.peek() == "[":
                inside = self._header(counts)
            else:
                self._pair(inside)

    def _header(self, counts: dict[KeyPath, int]) -> KeyPath:
        line = self.line()
        array = self.peek(2) == "[["
        self.at += 2 if array else 1
        path: KeyPath = ()
        names = self._dotted()
        for index, name in enumerate(names):
            path = (*path, name)
            self.found.table(path, line)
            last = index == len(names) - 1
            if array and last:
                counts[path] = counts.get(path, -1) + 1
            if path in counts and (array or not last):
                path = (*path, counts[path])
                self.found.table(path, line)
        self.at = self.line_end()
        return path

    def _pair(self, inside: KeyPath) -> None:
        line = self.line()
        path = inside
        for name in self._dotted():
            path = (*path, name)
            self.found.table(path, line)
        self.skip(_EQUALS)
        self._value(path)

    def _dotted(self) -> list[str]:
        names = []
        self.skip(INDENT)
        while name := self.skip(_STRING) or self.skip(_BARE):
            names.append(_toml_unquoted(name))
            if not self.skip(_DOT):
                break
        return names

    def _value(self, path: KeyPath) -> None:
        if self.skip(_STRING):
            return
        if self.peek() == "[":
            self._array(path)
        elif self.peek() == "{":
            self._inline(path)
        elif not self.skip(_OTHER):
            self.at += 1  # never stand still, whatever comes

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        count = 0
        while self.at < len(self.text):
            self.skip(_SPACE)
            if self.peek() == "]":
                break
            if self.peek() == ",":
                self.at += 1
                continue
            self.found.table((*path, count), self.line())
            self._value((*path, count))
            count += 1
        self.at += 1

    def _inline(self, path: KeyPath) -> None:
        self.at += 1
        while self.at < len(self.text):
            self.skip(_SPACE)
            if self.peek() == "}":
                break
            if self.peek() == ",":
                self.at += 1
            else:
                self._pair(path)
        self.at += 1


def _toml_unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    if text[0] != '"':
        return text
    return str(next(iter(tomllib.loads(f"{text} = 0"))))
