"""XML product feeds in the manner of Google Merchant: RSS 2.0 `<item>` or Atom `<entry>`, names with or without prefix `g:`.

A document type is refused, so that no entity is ever expanded. What stands before a fault is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from ..model import Finding, Json
from .rows import Row, fault

_ITEMS = ("item", "entry")
_PIECE = 256 * 1024


class _Refused(Exception):
    pass


class _Reading:
    """The rows of one document as they are closed. Names lose their prefix; what is there several times becomes a list."""

    def __init__(self) -> None:
        self.done: list[Row] = []
        self._open: list[tuple[str, dict[str, Json], list[str]]] = []
        self._line = 0
        self._number = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if self._open:
            self._open.append((name, {}, []))
            if name == "link" and "href" in attributes:  # Atom
                self._open[-1][2].append(attributes["href"])
        elif name in _ITEMS:
            self._open.append((name, {}, []))
            self._line = self.parser.CurrentLineNumber

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def _end(self, name: str) -> None:
        if not self._open:
            return
        own, inner, texts = self._open.pop()
        if not self._open:
            self._number += 1
            self.done.append(Row(values=inner, number=self._number, line=self._line))
            return
        value: Json = inner or "".join(texts).strip()
        around = self._open[-1][1]
        if own not in around:
            around[own] = value
        elif isinstance(already := around[own], list):
            already.append(value)
        else:
            around[own] = [already, value]


def xml_rows(data: bytes, path: str) -> Iterator[Row | Finding]:
    """Every item of a feed; what is wrong with the document ends it, with its line."""
    reading, any_row = _Reading(), False
    for at in range(0, max(len(data), 1), _PIECE):
        problem: Finding | None = None
        try:
            reading.parser.Parse(data[at : at + _PIECE], at + _PIECE >= len(data))
        except _Refused:
            line = reading.parser.CurrentLineNumber
            problem = fault("expected XML without a document type, got one", path, line, hint="remove <!DOCTYPE …>")
        except expat.ExpatError as error:
            told = expat.errors.messages[error.code]
            problem = fault(f"expected XML, got an error: {told}", path, error.lineno, hint="rows before it are used")
        any_row = any_row or bool(reading.done)
        yield from reading.done
        reading.done = []
        if problem is not None:
            yield problem
            return
    if not any_row:
        yield fault("expected <item> or <entry> elements, got none", path, 1)
