"""Feeds: what a shop or a database exports, row by row, and the template that makes a brief of a row.

Takes the bytes of CSV, JSON, JSON Lines or a Google-Merchant-style XML feed, yields rows with the line of each; a row that cannot
be used is a finding, and the rest goes on. `template` turns a row into what a brief file says. It touches no network and no disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from ..model import Finding
from .markup import xml_rows
from .objects import items_at, json_rows, line_rows
from .rows import Row, fault
from .tables import table_rows
from .template import Template, read_template

FORMATS = ("csv", "tsv", "json", "jsonl", "xml")
_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "xml", ".rss": "xml"}
_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/rss+xml": "xml",
    "application/atom+xml": "xml",
}

__all__ = ["FORMATS", "Row", "Template", "fault", "format_of", "items_at", "read_rows", "read_template"]


def format_of(path: str, media_type: str = "") -> str:
    """The format that a file's name or an answer's Content-Type tells, "" where neither does."""
    kind = media_type.partition(";")[0].strip().lower()
    told = _TYPES.get(kind) or ("json" if kind.endswith("+json") else "")
    return told or _SUFFIXES.get(PurePosixPath(path).suffix.lower(), "")


def read_rows(data: bytes, format: str, path: str, items: str = "") -> Iterator[Row | Finding]:
    """Every row of a feed in its order. `items` leads to the list in a JSON object ("data.products"); `path` is for findings."""
    if format in ("csv", "tsv"):
        return table_rows(data, path, "\t" if format == "tsv" else "")
    if format == "json":
        return json_rows(data, path, items)
    return line_rows(data, path) if format == "jsonl" else xml_rows(data, path)
