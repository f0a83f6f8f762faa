"""What pages noted for the rules about the whole site, read from the database as it is asked for, so that memory stays flat."""

from __future__ import annotations

import io
import os
import pickle
import sqlite3
import sys
from collections.abc import Collection, ItemsView, Iterator, Mapping, Sequence, ValuesView
from enum import Enum
from typing import Any


class Spoilt(Exception):
    """What was kept of earlier runs cannot be used; the caller goes on without it."""


class Notes(Mapping[str, Any]):
    """Page → note, in the order of pages. `selects` yield a page's key and its note; pages that are `gone` are passed over."""

    def __init__(self, base: sqlite3.Connection, selects: Sequence[str], gone: Collection[str]) -> None:
        self._base = base
        self._selects = selects
        self._gone = gone

    def __getitem__(self, path: str) -> Any:
        found = self._find(path)
        if found is None:
            raise KeyError(path)
        return _read(found)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._find(path) is not None

    def __iter__(self) -> Iterator[str]:
        return (path for path, _ in self._rows())

    def __len__(self) -> int:
        return sum(1 for _ in self._rows())

    def items(self) -> ItemsView[str, Any]:
        return _Items(self)

    def values(self) -> ValuesView[Any]:
        return _Values(self)

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """All pages with their notes, in one walk through the database."""
        return ((path, _read(note)) for path, note in self._rows())

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        for key, note in self._base.execute(" UNION ALL ".join(self._selects) + " ORDER BY path"):
            path = path_of(key)
            if path not in self._gone:
                yield path, note

    def _find(self, path: str) -> bytes | None:
        if path in self._gone:
            return None
        for select in self._selects:
            found = self._base.execute(f"{select} AND path = ?", (key_of(path),)).fetchone()
            if found is not None:
                return bytes(found[1])
        return None


class _Items(ItemsView[str, Any]):
    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self._notes = notes

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._notes.pairs()


class _Values(ValuesView[Any]):
    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self._notes = notes

    def __iter__(self) -> Iterator[Any]:
        return (note for _, note in self._notes.pairs())


def key_of(path: str) -> bytes:
    """A page's key in the database: bytes, since a file's name may be no text."""
    return os.fsencode(path)


def path_of(key: bytes) -> str:
    return os.fsdecode(key)


def _read(note: bytes) -> Any:
    """Raises Spoilt."""
    try:
        return unpickled(note)
    except (pickle.PickleError, ValueError, TypeError, AttributeError, EOFError, KeyError, IndexError) as error:
        raise Spoilt from error


def unpickled(value: bytes) -> Any:
    """A note as it was. Raises what `pickle` raises."""
    return _Plain(io.BytesIO(value)).load()


class _Plain(pickle.Unpickler):
    """Lets in tuples with names and enums of modules that are loaded, and sets: nothing that could run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("builtins", "frozenset"), ("builtins", "set")):
            return frozenset if name == "frozenset" else set
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and issubclass(found, tuple | Enum):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")
