"""`briefs/NAME.jsonl`: many briefs in one file, one JSON object a line, each with its `id`. `aibild briefs import` writes
such files.

Takes the project's root, yields the tables by id. A line's key has the file's own line, so findings lead to it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ..model import Finding
from ..source import Fields, fatal, read_yaml, shown
from .blocks import NAME

MAX_COLLECTION_BYTES = 512 * 1024 * 1024
_ID_LENGTH = 100


def read_collections(root: Path, taken: Collection[str]) -> tuple[dict[str, Fields | None], tuple[Finding, ...]]:
    """Every line of every collection, by id. An id that a file of its own has, or another line, is a fault."""
    tables: dict[str, Fields | None] = {}
    findings: list[Finding] = []
    folder = root / "briefs"
    for place in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        path = f"briefs/{place.name}"
        if place.is_symlink() or not place.is_file() or place.stat().st_size > MAX_COLLECTION_BYTES:
            message = f"expected a file of at most {MAX_COLLECTION_BYTES} bytes, got something else"
            findings.append(fatal("source-path", message, path))
            continue
        with place.open("rb") as file:
            for line, raw in enumerate(file, start=1):
                if raw.strip():
                    found = _read_line(raw, path, line)
                    if isinstance(found, Finding):
                        findings.append(found)
                    elif found[0] in taken or found[0] in tables:
                        message = f"expected each brief once, got `{found[0]}` again"
                        findings.append(fatal("source-duplicate", message, path, line))
                    else:
                        tables[found[0]] = found[1]
    return tables, tuple(findings)


def _read_line(raw: bytes, path: str, line: int) -> tuple[str, Fields] | Finding:
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        return fatal("source-encoding", f"expected UTF-8 text, got byte 0x{raw[error.start]:02x}", path, line)
    document, findings = (
        read_yaml(text, path, first_line=line) if text.startswith("{") else (None, ())
    )  # JSON is YAML 1.2 (section 1.3)
    if document is None:
        return (
            findings[0] if findings else fatal("source-syntax", f"expected one JSON object a line, got {shown(text)}", path, line)
        )
    name = document.values.get("id")
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > _ID_LENGTH:
        message = f"expected id in kebab-case (a–z, 0–9, hyphens), got {shown(name)}"
        return fatal("source-value", message, path, line, hint="the id is what pages name, and part of every picture's name")
    return name, Fields(replace(document, values={key: value for key, value in document.values.items() if key != "id"}))
