"""Writes the lock file: canonical JSON, sorted, one row a line. What is empty and came later in the format's life is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..canonical import canonical
from ..model import Approval, Json
from ..wire import to_json
from .nouns import Lock, Pin, Pinned

LOCK_SCHEMA = 1


def write_lock(lock: Lock) -> str:
    """The text of the lock file."""
    lines = ["{", f' "schema": {LOCK_SCHEMA},']
    lines += _block("models", {name: [_line(lock.models[name])] for name in sorted(lock.models)}, last=False)
    variants: dict[str, dict[str, Mapping[str, Pinned]]] = {}
    for brief, assets in lock.briefs.items():
        owner, name = _owner(brief)
        variants.setdefault(owner, {})[name] = assets
    briefs = {brief: _brief_lines(variants[brief]) for brief in sorted(variants)}
    lines += _block("briefs", briefs, last=not lock.retracted)
    if lock.retracted:
        rows = {pixels: [_line(to_json(lock.retracted[pixels]))] for pixels in sorted(lock.retracted)}
        lines += _block("retracted", rows, last=True)
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
        trail = f'"audit": {_line(pinned.audit)}, ' if pinned.audit else ""
        lines.append(f'   {_line(name)}: {{{trail}"pick": {pinned.pick},')
        lists = [("candidates", [_pin_line(pin) for pin in pinned.candidates])]
        lists.append(("approvals", [_approval_line(approval) for approval in pinned.approvals]))
        if pinned.rejections:
            lists.append(("rejections", [_line(to_json(rejection)) for rejection in pinned.rejections]))
        for place, (key, rows) in enumerate(lists):
            lines += _list(key, rows)
            lines[-1] += "," if place < len(lists) - 1 else "}"
        lines[-1] += "" if index == len(assets) - 1 else ","
    return lines or [""]


def _list(name: str, rows: Sequence[str]) -> list[str]:
    if not rows:
        return [f'    "{name}": []']
    lines = [f'    "{name}": [', *_rows(rows)]
    lines[-1] += "]"
    return lines


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
