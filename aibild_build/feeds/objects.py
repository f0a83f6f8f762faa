"""JSON (RFC 8259) and JSON Lines feeds: objects, each a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model import Finding, Json
from ..source import shown
from .rows import Row, fault, not_text

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_constant=lambda name: _refused(name))


def _refused(name: str) -> Any:
    raise ValueError(f"the number {name} is none of JSON's")


def line_rows(data: bytes, path: str) -> Iterator[Row | Finding]:
    """One object a line; empty lines are passed over, and a broken one costs itself alone."""
    number = 0
    for line, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        number += 1
        try:
            value: Json = _DECODER.decode(raw.decode("utf-8").strip())
        except ValueError as error:
            yield fault(f"expected one JSON object a line, got an error: {_told(error)}", path, line)
            continue
        yield _row(value, number, path, line)


def json_rows(data: bytes, path: str, items: str = "") -> Iterator[Row | Finding]:
    """The objects of a list: the document itself, or what `items` leads to in it ("data.products")."""
    text, odd = not_text(data, path)
    if odd is not None:
        yield odd
        return
    if not items and _SPACE.match(text).end() < len(text) and text[_SPACE.match(text).end()] == "[":  # type: ignore[union-attr]
        yield from _listed(text, path)
        return
    try:
        whole: Json = _DECODER.decode(text)
    except ValueError as error:
        yield fault(f"expected JSON, got an error: {_told(error)}", path, getattr(error, "lineno", None))
        return
    found = items_at(whole, items)
    if not isinstance(found, list):
        hint = "`items` in the template leads to it" if not items else ""
        yield fault(f"expected a list of rows at {shown(items) if items else 'the top'}, got {shown(found)}", path, 1, hint=hint)
        return
    for number, value in enumerate(found, start=1):
        yield _row(value, number, path, None)


def items_at(whole: Json, items: str) -> Json:
    """The value that a dotted path leads to, None where it leads nowhere."""
    for key in items.split(".") if items else ():
        whole = whole.get(key) if isinstance(whole, Mapping) else None
    return whole


def _listed(text: str, path: str) -> Iterator[Row | Finding]:
    """One item of the outermost list after the other: memory for one of them, and each with its line."""
    at = text.index("[") + 1
    line, counted, number = 1, 0, 0
    while True:
        at = _after_space(text, at)
        if text[at : at + 1] == "]":
            return
        line, counted, number = line + text.count("\n", counted, at), at, number + 1
        try:
            value, at = _DECODER.raw_decode(text, at)
        except ValueError as error:
            yield fault(f"expected JSON, got an error: {_told(error)}", path, getattr(error, "lineno", line))
            return
        yield _row(value, number, path, line)
        at = _after_space(text, at)
        mark = text[at : at + 1]
        if mark not in (",", "]"):
            got = shown(mark) if mark else "the end of the file"
            yield fault(f"expected `,` or `]` after a row, got {got}", path, line + text.count("\n", counted, at))
            return
        at += mark == ","


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _row(value: Json, number: int, path: str, line: int | None) -> Row | Finding:
    if isinstance(value, dict):
        return Row(values=value, number=number, line=line)
    return fault(f"expected row {number} as JSON object, got {shown(value)}", path, line)


def _told(error: ValueError) -> str:
    message = str(getattr(error, "msg", error))
    return f"{message[:1].lower()}{message[1:]}" if not isinstance(error, UnicodeDecodeError) else "it is not UTF-8"
