"""Reads the lock file strictly: what is no lock is told with its line, and nothing of it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..model import Approval, Finding, Level, Origin, Rejection, Retraction
from ..wire import from_json
from .nouns import LOCK_FILE, Lock, Pin, Pinned
from .text import LOCK_SCHEMA

_HEX = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
_KINDS = {"recipe": str, "pixels": str, "engine": str, "model": str, "seed": int, "size": list, "made": str, "scores": dict}
_NAMES = {str: "text", int: "whole number", list: "list", dict: "table"}
_APPROVAL = ("who", "role", "when", "pixels")


def read_lock(text: str | None) -> tuple[Lock, tuple[Finding, ...]]:
    """The lock in `text`; None (no file) is an empty one. A text that is no lock gives a `source-lock` finding with its line."""
    if text is None:
        return Lock(), ()
    try:
        return _lock(json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)), ()
    except json.JSONDecodeError as error:
        said = error.msg[:1].lower() + error.msg[1:]
        return Lock(), (_fault(f"expected JSON, got an error at column {error.colno}: {said}", error.lineno),)
    except RecursionError:
        return Lock(), (_fault("expected JSON, got too many brackets", None),)
    except _Wrong as error:
        return Lock(), (_fault(str(error), _line_of(text, error.near)),)
    except ValueError:
        return Lock(), (_fault("expected JSON, got a number of thousands of digits", None),)


class _Wrong(ValueError):
    def __init__(self, message: str, near: str) -> None:
        super().__init__(message)
        self.near = near


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A merge that kept both sides names a brief twice; the later one must not win in silence."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Wrong(f"expected `{name}` once, got it again", name)
        found[name] = value
    return found


def _no_number(name: str) -> Any:
    raise _Wrong(f"expected JSON, got {name}, which is no number of JSON", name)


def _fault(message: str, line: int | None) -> Finding:
    hint = "resolve a merge by keeping whole lines of one side; `aibild plan` then says what is missing"
    origin = Origin(path=LOCK_FILE, line=line)
    return Finding(rule="source-lock", level=Level.FATAL, message=message, origin=origin, subject=LOCK_FILE, hint=hint)


def _line_of(text: str, near: str) -> int | None:
    found = text.find(f'"{near}"')
    return text.count("\n", 0, found) + 1 if found >= 0 else None


def _lock(value: Any) -> Lock:
    if not isinstance(value, dict):
        raise _Wrong(f"expected a table, got {json.dumps(value)[:40]}", "schema")
    if value.get("schema") != LOCK_SCHEMA:
        raise _Wrong(f"expected schema {LOCK_SCHEMA}, got {json.dumps(value.get('schema'))[:40]}", "schema")
    pins: dict[str, Mapping[str, Pinned]] = {}
    for brief, entry in _mapping(value.get("briefs", {}), "briefs").items():
        fields = _mapping(entry, brief)
        own = _assets(fields, brief)
        if own:
            pins[brief] = own
        for name, variant in _mapping(fields.get("variants", {}), brief).items():
            pins[f"{brief}@{name}"] = _assets(_mapping(variant, brief), brief)
    retracted = {pixels: _retraction(row, pixels) for pixels, row in _mapping(value.get("retracted", {}), "retracted").items()}
    return Lock(models=_mapping(value.get("models", {}), "models"), briefs=pins, retracted=retracted)


def _assets(entry: Mapping[str, Any], brief: str) -> dict[str, Pinned]:
    return {name: _pinned(pinned, brief) for name, pinned in _mapping(entry.get("assets"), brief).items()}


def _mapping(value: Any, near: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"expected `{near}` as a table, got {json.dumps(value)[:40]}", near)
    return value


def _pinned(value: Any, brief: str) -> Pinned:
    entry = _mapping(value, brief)
    rows, pick = entry.get("candidates"), entry.get("pick")
    if not isinstance(rows, list) or not rows:
        raise _Wrong(f"expected candidates of `{brief}` as a list that is not empty", brief)
    if type(pick) is not int or not 0 <= pick < len(rows):
        raise _Wrong(f"expected pick of `{brief}` as 0–{len(rows) - 1}, got {json.dumps(pick)}", brief)
    approvals = entry.get("approvals", [])
    if not isinstance(approvals, list) or not all(_is_approval(row) for row in approvals):
        expected = f"approvals of `{brief}` as a list of tables with {', '.join(_APPROVAL)}"
        raise _Wrong(f"expected {expected}, got {json.dumps(approvals)[:40]}", brief)
    audit = entry.get("audit", "")
    if audit != "" and not (isinstance(audit, str) and _HEX.fullmatch(audit)):
        raise _Wrong(f"expected `audit` of `{brief}` as 64 hexadecimal digits, got {json.dumps(audit)[:40]}", brief)
    return Pinned(
        pick=pick,
        candidates=tuple(_pin(row, brief) for row in rows),
        approvals=tuple(Approval(**row) for row in approvals),
        rejections=_rejections(entry.get("rejections", []), brief),
        audit=audit,
    )


def _rejections(rows: Any, brief: str) -> tuple[Rejection, ...]:
    if not isinstance(rows, list):
        raise _Wrong(f"expected rejections of `{brief}` as a list, got {json.dumps(rows)[:40]}", brief)
    try:
        return tuple(from_json(Rejection, row) for row in rows)
    except ValueError as error:
        raise _Wrong(f"a rejection of `{brief}`: {error}", brief) from None


def _retraction(row: Any, pixels: str) -> Retraction:
    try:
        found = from_json(Retraction, row)
    except ValueError as error:
        raise _Wrong(f"a retraction: {error}", pixels) from None
    if found.pixels != pixels or not _HEX.fullmatch(pixels):
        raise _Wrong(f"expected a retraction under its pixels as 64 hexadecimal digits, got `{pixels[:20]}`", pixels)
    return found


def _is_approval(row: Any) -> bool:
    return isinstance(row, dict) and sorted(row) == sorted(_APPROVAL) and all(isinstance(text, str) for text in row.values())


def _pin(row: Any, brief: str) -> Pin:
    entry = _mapping(row, brief)
    for name, kind in _KINDS.items():
        if type(entry.get(name)) is not kind:
            got = json.dumps(entry.get(name))[:40]
            raise _Wrong(f"expected `{name}` of a candidate of `{brief}` as {_NAMES[kind]}, got {got}", brief)
    for name in ("recipe", "pixels"):
        if not _HEX.fullmatch(entry[name]):
            raise _Wrong(
                f"expected `{name}` of a candidate of `{brief}` as 64 hexadecimal digits, got `{entry[name][:20]}`", brief
            )
    if not _DAY.fullmatch(entry["made"]):
        raise _Wrong(f"expected `made` of a candidate of `{brief}` as day YYYY-MM-DD, got `{entry['made'][:20]}`", brief)
    size = entry["size"]
    if len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise _Wrong(f"expected `size` of a candidate of `{brief}` as two whole numbers, got {json.dumps(size)}", brief)
    return Pin(**{name: entry[name] for name in _KINDS if name != "size"}, size=(size[0], size[1]))
