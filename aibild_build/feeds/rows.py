"""A row of a feed, and the finding for one that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Finding, Json, Level, Origin

RULE = "feed-row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`number` counts rows from 1; `line` is where the row begins in its feed, None where that cannot be told."""

    values: Mapping[str, Json]
    number: int
    line: int | None = None


def fault(message: str, path: str, line: int | None, *, hint: str = "", subject: str = "") -> Finding:
    """A row that was left out."""
    return Finding(rule=RULE, level=Level.ERROR, message=message, origin=Origin(path=path, line=line), subject=subject, hint=hint)


def not_text(data: bytes, path: str) -> tuple[str, Finding | None]:
    """The text of a feed in UTF-8, and a finding with the line of the first byte that is none; such bytes become U+FFFD."""
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got byte 0x{data[error.start]:02x}"
        return data.decode("utf-8-sig", "replace"), fault(message, path, line, hint="export the feed with encoding UTF-8")
