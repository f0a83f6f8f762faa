"""Key lines of a YAML text: block style by indentation, flow style by brackets.

Takes text that the loader accepted, yields `Positions`. Explicit keys (`? key`) and the key of a one-pair table in a flow list
have no line of their own; whoever asks falls back to the table around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .faults import KeyPath
from .positions import INDENT, Cursor, Positions

_SPACE = re.compile(r"(?:\s|(?<![^\s,\[\]{}])#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*(?:(?<!\S)#[^\n]*)?$", re.M)
_PLAIN_KEY = re.compile(
    r"(?![#&*!|>'\"%@`{}\[\],]|[?-](?:\s|$))((?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?![\s:#]))+)[ \t]*:(?=\s|$)", re.M
)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'", re.S)
_COLON = re.compile(r"[ \t]*:(?=\s|$)", re.M)
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+|[&!]\S*$)*", re.M)
_DASH = re.compile(r"-(?:[ \t]+|$)", re.M)
_FLOW_PLAIN = re.compile(r"(?:[^,\[\]{}:#\n]|:(?![\s,\[\]{}]|$)|(?<=\S)#|\n(?!\s*#))+", re.M)
_COLON_AFTER_QUOTE = re.compile(r"(?<=[\"'])\s*:")
_FLOW_COLON = re.compile(r"\s*:(?=[\s,\[\]{}]|$)", re.M)


def yaml_positions(text: str) -> Positions:
    """Key lines of one YAML document: block style by indentation, flow style by brackets."""
    return _Yaml(text).read()


@dataclass(slots=True)
class _Block:
    column: int
    kind: str  # "map" or "list"
    path: KeyPath
    count: int = 0
    latest: KeyPath = ()  # path of the key or item that deeper lines belong to


class _Yaml(Cursor):
    def read(self) -> Positions:
        stack: list[_Block] = [_Block(-1, "root", ())]
        while self.at < len(self.text):
            self.skip(INDENT)
            start = self.at
            if _BLANK.match(self.text, start) or (self.text.startswith("%", start) and self.column(start) == 0):
                self.at = self.line_end() + 1
                continue
            if self.column(start) == 0 and self.peek(3) in ("---", "..."):
                self.at += 3
                continue
            self._entry(stack)
        return self.found

    def _entry(self, stack: list[_Block]) -> None:
        """One list item or key with what follows it, from the first character of a line's content (or of an item's)."""
        column = self.column(self.at)
        if _DASH.match(self.text, self.at):
            block = self._block(stack, column, "list")
            block.latest = (*block.path, block.count)
            block.count += 1
            self.found.table(block.latest, self.line())
            self.skip(_DASH)
            if _BLANK.match(self.text, self.at):
                self.at = self.line_end() + 1
            elif not _DASH.match(self.text, self.at) and self._key_ahead() is None:
                self._value(column, block.latest)
            return
        key = self._key_ahead()
        if key is None:
            self._value(stack[-1].column, stack[-1].latest)
            return
        name, end = key
        block = self._block(stack, column, "map")
        block.latest = (*block.path, name)
        self.found.key(block.latest, self.line())
        self.at = end
        self._value(column, block.latest)

    def _block(self, stack: list[_Block], column: int, kind: str) -> _Block:
        """The block that an entry at `column` belongs to. A list may stand at the column of the key that it belongs to."""
        while stack[-1].column > column or (stack[-1].column == column and stack[-1].kind == "list" and kind == "map"):
            stack.pop()
        if stack[-1].column != column or stack[-1].kind != kind:
            stack.append(_Block(column, kind, stack[-1].latest))
        return stack[-1]

    def _key_ahead(self) -> tuple[str, int] | None:
        """The key at the cursor and the place after its colon."""
        at = self.at
        if properties := _PROPERTIES.match(self.text, at):
            at = properties.end()
        if quoted := _QUOTED.match(self.text, at):
            colon = _COLON.match(self.text, quoted.end())
            return (_yaml_unquoted(quoted[0]), colon.end()) if colon else None
        plain = _PLAIN_KEY.match(self.text, at)
        return (plain[1], plain.end()) if plain else None

    def _value(self, column: int, path: KeyPath) -> None:
        """Go over a value that begins on this line: `column` is that of its key or dash. A block below it is left to `read`."""
        self.skip(INDENT)
        self.skip(_PROPERTIES)
        if self.peek() in ("{", "["):
            self._flow(path)
            self.at = self.line_end() + 1
        elif quoted := _QUOTED.match(self.text, self.at):
            self.at = self.line_end(quoted.end()) + 1
        elif _BLANK.match(self.text, self.at):
            self.at = self.line_end() + 1
        else:  # a block scalar or a plain one: both go on as long as lines are indented more deeply
            self.at = self.line_end() + 1
            while self.at < len(self.text):
                content = INDENT.match(self.text, self.at)
                inner = content.end() if content else self.at
                if inner < self.line_end() and inner - self.at <= column:
                    break
                self.at = self.line_end() + 1

    def _flow(self, path: KeyPath) -> None:
        """A flow list or table, from its opening bracket to after its closing one."""
        table = self.peek() == "{"
        self.at += 1
        count = 0
        while self.at < len(self.text):
            self.skip(_SPACE)
            if self.peek() in ("}", "]"):
                self.at += 1
                return
            if self.peek() == ",":
                self.at += 1
                continue
            if not table:
                self.found.table((*path, count), self.line())
                self._flow_value((*path, count))
                count += 1
                continue
            line = self.line()
            name = self._flow_scalar()
            self.found.key((*path, name), line)
            if self.skip(_FLOW_COLON) or self.skip(_COLON_AFTER_QUOTE):
                self._flow_value((*path, name))

    def _flow_value(self, path: KeyPath) -> None:
        self.skip(_SPACE)
        self.skip(_PROPERTIES)
        if self.peek() in ("{", "["):
            self._flow(path)
        elif self.peek() not in (",", "}", "]"):
            self._flow_scalar()
            while self.skip(_FLOW_COLON):  # `[a: b]` is a table of one; its key has no line of its own
                self._flow_value(path)

    def _flow_scalar(self) -> str:
        self.skip(_PROPERTIES)
        if quoted := self.skip(_QUOTED):
            return _yaml_unquoted(quoted)
        plain = self.skip(_FLOW_PLAIN)
        if not plain:
            self.at += 1  # never stand still, whatever comes
        return plain.strip()


def _yaml_unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    if "\\" not in text:
        return text[1:-1]
    from yaml12 import parse_yaml

    return str(parse_yaml(text))
