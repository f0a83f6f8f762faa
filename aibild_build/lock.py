"""`aibild.lock`: which pixels are pinned for which brief, and who approved them.

Takes and yields `Lock`; reads and writes nothing but the text of that one file. Canonical and sorted, one candidate a line, so
that a diff reads well; no clock reaches it but the day on which pixels first came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from .canonical import canonical
from .model import Approval, Finding, Json, Level, Origin, Size

LOCK_FILE = "aibild.lock"
LOCK_SCHEMA = 1
_HEX = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
_KINDS = {"recipe": str, "pixels": str, "engine": str, "model": str, "seed": int, "size": list, "made": str, "scores": dict}
_NAMES = {str: "text", int: "whole number", list: "list", dict: "table"}
_APPROVAL = ("who", "role", "when", "pixels")


class LockState(StrEnum):
    EQUAL = "equal"
    DIFFERS = "differs"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One candidate: the recipe that was asked for and the pixels that came. `made` is the day on which they first came."""

    recipe: str
    pixels: str
    engine: str
    seed: int
    size: Size
    made: str
    model: str = ""
    scores: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What is pinned for one asset of a brief; `pick` is the index of the candidate in use."""

    pick: int
    candidates: tuple[Pin, ...]
    approvals: tuple[Approval, ...] = ()

    @property
    def picked(self) -> Pin:
        return self.candidates[self.pick]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """`briefs` maps brief id → asset name ("master" or a ratio) → `Pinned`; `models` maps a model's name to its fingerprints.

    A variant of a brief is held as `ID@NAME`; in the file it stands below its brief.
    """

    models: Mapping[str, Json] = field(default_factory=dict)
    briefs: Mapping[str, Mapping[str, Pinned]] = field(default_factory=dict)

    def pinned(self, brief: str, asset: str) -> Pinned | None:
        return self.briefs.get(brief, {}).get(asset)

    def pin(self, brief: str, asset: str, pinned: Pinned) -> Lock:
        """A lock with that asset pinned; all else as it was."""
        return replace(self, briefs={**self.briefs, brief: {**self.briefs.get(brief, {}), asset: pinned}})

    def only(self, assets: Mapping[str, Sequence[str]]) -> Lock:
        """A lock that keeps the named assets of the named briefs alone."""
        kept = {
            brief: {name: pinned for name, pinned in self.briefs[brief].items() if name in names}
            for brief, names in assets.items()
            if brief in self.briefs
        }
        return replace(self, briefs={brief: pins for brief, pins in kept.items() if pins})


def compare(pinned: Pinned | None, wanted: Sequence[str]) -> LockState:
    """How the lock stands to the brief: equal when it pins exactly the recipes that are wanted, in whatever order."""
    if pinned is None:
        return LockState.ABSENT
    return LockState.EQUAL if sorted(pin.recipe for pin in pinned.candidates) == sorted(wanted) else LockState.DIFFERS


def write_lock(lock: Lock) -> str:
    """The text of the lock file: JSON, sorted, one candidate and one approval a line."""
    lines = ["{", f' "schema": {LOCK_SCHEMA},']
    lines += _block("models", {name: [_line(lock.models[name])] for name in sorted(lock.models)}, last=False)
    variants: dict[str, dict[str, Mapping[str, Pinned]]] = {}
    for brief, assets in lock.briefs.items():
        owner, name = _owner(brief)
        variants.setdefault(owner, {})[name] = assets
    briefs = {brief: _brief_lines(variants[brief]) for brief in sorted(variants)}
    lines += _block("briefs", briefs, last=True)
    return "\n".join([*lines, "}"]) + "\n"


def _block(name: str, entries: Mapping[str, Sequence[str]], *, last: bool) -> list[str]:
    comma = "" if last else ","
    if not entries:
        return [f' "{name}": {{}}{comma}']
    lines = [f' "{name}": {{']
    for index, (key, body) in enumerate(entries.items()):
        end = "" if index == len(entries) - 1 else ","
        lines.append(f"  {_line(key)}: {body[0]}")
        lines += body[1:]
        lines[-1] += end
    return [*lines, f" }}{comma}"]


def _owner(brief: str) -> tuple[str, str]:
    """Brief and variant of a name; ordinary files have no variants, and their paths may hold any sign."""
    if brief.startswith("file:"):
        return brief, ""
    owner, _, name = brief.partition("@")
    return owner, name


def _brief_lines(variants: Mapping[str, Mapping[str, Pinned]]) -> list[str]:
    lines = ['{"assets": {', *_asset_lines(variants.get("", {}))]
    named = sorted(name for name in variants if name)
    for index, name in enumerate(named):
        lines[-1] += '}, "variants": {' if index == 0 else "}},"
        lines += [f'   {_line(name)}: {{"assets": {{', *_asset_lines(variants[name])]
    lines[-1] += "}}}}" if named else "}}"
    return lines


def _asset_lines(assets: Mapping[str, Pinned]) -> list[str]:
    lines = []
    for index, name in enumerate(sorted(assets)):
        pinned = assets[name]
        lines.append(f'   {_line(name)}: {{"pick": {pinned.pick},')
        lines.append('    "candidates": [')
        lines += _rows([_pin_line(pin) for pin in pinned.candidates])
        lines[-1] += "],"
        if pinned.approvals:
            lines.append('    "approvals": [')
            lines += _rows([_approval_line(approval) for approval in pinned.approvals])
            lines[-1] += "]}"
        else:
            lines.append('    "approvals": []}')
        lines[-1] += "" if index == len(assets) - 1 else ","
    return lines or [""]


def _rows(rows: Sequence[str]) -> list[str]:
    return [f"     {row}{'' if index == len(rows) - 1 else ','}" for index, row in enumerate(rows)]


def _line(value: Json) -> str:
    return canonical(value).decode("utf-8")


def _pin_line(pin: Pin) -> str:
    return _line(
        {
            "recipe": pin.recipe,
            "pixels": pin.pixels,
            "engine": pin.engine,
            "model": pin.model,
            "seed": pin.seed,
            "size": list(pin.size),
            "made": pin.made,
            "scores": dict(pin.scores),
        }
    )


def _approval_line(approval: Approval) -> str:
    return _line({"who": approval.who, "role": approval.role, "when": approval.when, "pixels": approval.pixels})


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
    return Lock(models=_mapping(value.get("models", {}), "models"), briefs=pins)


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
    return Pinned(
        pick=pick, candidates=tuple(_pin(row, brief) for row in rows), approvals=tuple(Approval(**row) for row in approvals)
    )


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
