"""`[pictures]`: which slots `aibild pictures` cuts briefs for, since no page of ours says so.

Takes the table and the slots of the site, yields `Outside`. Which collections there are is not known here.
"""

from __future__ import annotations

from collections.abc import Collection

from ..source import Fields, nearest_hint
from .settings import Outside


def read_outside(table: Fields, known: Collection[str]) -> Outside:
    """`slots` for all briefs, `[pictures.collections]` for those of `briefs/NAME.jsonl`."""
    collections = table.fields("collections")
    return Outside(
        slots=_slots(table, "slots", known),
        collections={name: _slots(collections, name, known) for name in collections.names()},
        lines={name: collections.line(name) for name in collections.names()},
    )


def _slots(table: Fields, key: str, known: Collection[str]) -> tuple[str, ...]:
    """Names of slots, each once. Those that are not known are told and left out."""
    names = tuple(dict.fromkeys(table.texts(key)))
    for index, name in enumerate(names):
        if name not in known:
            hint = nearest_hint(name, known) or "slots: " + ", ".join(sorted(known))
            table.wrong((key, index), "name of a slot", rule="source-reference", hint=hint)
    return tuple(name for name in names if name in known)
