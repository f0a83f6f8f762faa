"""The pictures of releases that can still be shown again: the store must keep them as long, so that each can be restored.

One small file a target, `.aibild/published-NAME.json`, written whenever releases were read; one that cannot be read names none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..canonical import canonical
from ..config import STATE_FOLDER
from ..disk import write_atomic

SCHEMA = 1


def note_published(root: Path, target: str, pictures: Iterable[tuple[str, str]]) -> None:
    """Remember (recipe, pixels) of every picture in the releases that `target` keeps. Raises OSError."""
    rows = sorted({(recipe, pixels) for recipe, pixels in pictures})
    write_atomic(root / STATE_FOLDER / f"published-{target}.json", canonical({"schema": SCHEMA, "pictures": rows}) + b"\n")


def published(root: Path) -> frozenset[tuple[str, str]]:
    """(recipe, pixels) of every picture that a release of any target shows."""
    found: set[tuple[str, str]] = set()
    for file in (root / STATE_FOLDER).glob("published-*.json"):
        try:
            found |= {(str(recipe), str(pixels)) for recipe, pixels in json.loads(file.read_bytes())["pictures"]}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return frozenset(found)
