"""A record as it lies on the disk: one line of canonical JSON that can tell rot from what was written.

Takes and yields plain JSON; opens no file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ..canonical import canonical
from ..model import Json
from .files import is_name

RECORD_SCHEMA = 1
RESERVED = frozenset({"schema", "key", "kind", "check"})


def seal(key: str, kind: str, fields: Mapping[str, Json]) -> bytes:
    """The record's line. `check` is the SHA-256 of the line without it: it finds rot, it proves no author."""
    record: dict[str, Json] = {"schema": RECORD_SCHEMA, "key": key, "kind": kind, **fields}
    check = hashlib.sha256(canonical(record)).hexdigest()
    return canonical({**record, "check": check}) + b"\n"


def unseal(data: bytes, key: str) -> Mapping[str, Json]:
    """The record in a file's first line, without `check`.

    Raises ValueError unless it is whole, of a known schema, and was written for this key.
    """
    line, newline, _ = data.partition(b"\n")
    if not newline:
        raise ValueError("is cut short")
    try:
        fields = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if not isinstance(fields, dict) or fields.get("schema") != RECORD_SCHEMA or not isinstance(fields.get("kind"), str):
        raise ValueError("has no known schema")
    if fields.get("key") != key:
        raise ValueError("was written for another key")
    check = fields.pop("check", None)
    if not isinstance(check, str) or not is_name(check):
        raise ValueError("has no check")
    # The field stands before `key` and `kind` in canonical order, so a comma follows it.
    bare = line.replace(f'"check":"{check}",'.encode(), b"", 1)
    if hashlib.sha256(bare).hexdigest() != check:
        raise ValueError("is not what was written")
    return fields


def _refuse(name: str) -> Json:
    raise ValueError(f"{name} is no JSON number")
