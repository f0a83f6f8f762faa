"""How a fault of the source is told: the finding, the value as it was written, the nearest known name.

Takes values and names, yields findings and short text. All findings made here are `source-*` of level fatal.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ..model import Finding, Level, Origin

KeyPath: TypeAlias = "tuple[str | int, ...]"
_SHOWN_LENGTH = 60


def fatal(rule: str, message: str, path: str, line: int | None = None, *, hint: str = "", subject: str = "") -> Finding:
    """A finding that stops the run after all sources were read."""
    return Finding(rule=rule, level=Level.FATAL, message=message, origin=Origin(path=path, line=line), subject=subject, hint=hint)


def shown(value: object) -> str:
    """A value as a message quotes it: text in double quotes, at most 60 characters; long lists and tables by their kind."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 2] + '…"'
    if isinstance(value, Mapping | Sequence):
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= _SHOWN_LENGTH else "a table" if isinstance(value, Mapping) else "a list"
    return str(value)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name` (Ratcliff-Obershelp similarity of at least 0.6), "" when none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.casefold(), sorted(by_folded), n=1, cutoff=0.6)
    return by_folded[close[0]] if close else ""


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or the list of known names when none is near and the list is short, or ""."""
    names = sorted(set(known))
    if close := nearest(name, names):
        return f"did you mean `{close}`?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 30 else ""


def key_name(keys: KeyPath) -> str:
    """`("ratios", 1, "mode")` → "ratios[1].mode"."""
    name = ""
    for key in keys:
        name += f"[{key}]" if isinstance(key, int) else f".{key}" if name else key
    return name
