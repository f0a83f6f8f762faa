"""The pictures of releases that can still be shown again: the store must keep them as long, so that each can be restored.

One small file a target, `.aibild/published-NAME.json`: whole when releases were read, and added to by each deploy. One that
cannot be read names none.
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
    write_atomic(_file(root, target), canonical({"schema": SCHEMA, "pictures": rows}) + b"\n")


def add_published(root: Path, target: str, pictures: Iterable[tuple[str, str]]) -> bool:
    """Remember the pictures of one more release; False where nothing is remembered yet. Raises OSError."""
    known = _read(_file(root, target))
    new = set(pictures)
    if known is not None and not new <= known:
        note_published(root, target, known | new)
    return known is not None


def published(root: Path) -> frozenset[tuple[str, str]]:
    """(recipe, pixels) of every picture that a release of any target shows."""
    files = (root / STATE_FOLDER).glob("published-*.json")
    return frozenset(pair for file in files for pair in _read(file) or ())


def _file(root: Path, target: str) -> Path:
    return root / STATE_FOLDER / f"published-{target}.json"


def _read(file: Path) -> set[tuple[str, str]] | None:
    try:
        return {(str(recipe), str(pixels)) for recipe, pixels in json.loads(file.read_bytes())["pictures"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
