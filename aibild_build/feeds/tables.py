"""CSV (RFC 4180) and tab-separated feeds: the first line names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from ..model import Finding
from ..source import shown
from .rows import Row, fault, not_text

_DELIMITERS = ",;\t|"
_BROKEN = "�"


def table_rows(data: bytes, path: str, delimiter: str = "") -> Iterator[Row | Finding]:
    """Rows of text by column. Without a `delimiter`, the one of `, ; tab |` that the first line has most of."""
    text, odd = not_text(data, path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or max(_DELIMITERS, key=first.count), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        yield fault(f"expected CSV with names of columns in its first line, got an error: {error}", path, 1)
        return
    if not any(names):
        yield fault("expected names of columns in the first line, got none", path, 1)
        return
    if twice := next((name for name in names if name and names.count(name) > 1), ""):
        yield fault(f"expected each column once, got {shown(twice)} again", path, 1, hint="rename one of them")
        return
    if odd is not None:
        yield odd
    number, line = 0, reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield fault(f"expected a row of CSV, got an error: {error}", path, line, hint="double the quotes inside quotes")
            line = reader.line_num + 1
            continue
        begins, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if len(cells) != len(names):
            yield fault(f"expected {len(names)} columns, got {len(cells)}", path, begins, hint="quote what holds the delimiter")
        elif odd is not None and any(_BROKEN in cell for cell in cells):
            yield fault("expected UTF-8 text, got other bytes", path, begins)
        else:
            yield Row(
                values={name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}, number=number, line=begins
            )
