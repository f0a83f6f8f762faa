"""Values for another process of ours, or for a later one: Python's pickle, with nouns taken apart in one step.

Takes plain values and frozen dataclasses, yields bytes. On their own such classes are pickled field by field in Python, which for
a page with its headings takes as long as rendering it. Reading back is `pickle.loads`, where the bytes are known to be ours.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import IO, Any

_NAMES: dict[type[Any], tuple[str, ...]] = {}
_GETTERS: dict[type[Any], Callable[[Any], Any] | None] = {}


def pack(value: object) -> bytes:
    file = io.BytesIO()
    pack_into(file, value)
    return file.getvalue()


def pack_into(file: IO[bytes], value: object) -> None:
    _Packer(file, protocol=pickle.HIGHEST_PROTOCOL).dump(value)


def revived(kind: type[Any], values: tuple[Any, ...]) -> Any:
    """A dataclass that was taken apart."""
    made = object.__new__(kind)
    give = object.__setattr__
    for name, value in zip(_names_of(kind), values, strict=True):
        give(made, name, value)
    return made


class _Packer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        take_apart = _getter_of(type(value))
        return NotImplemented if take_apart is None else (revived, (type(value), take_apart(value)))


def _getter_of(kind: type[Any]) -> Callable[[Any], Any] | None:
    """All fields of a dataclass as a tuple; None for what is none, or has but one."""
    if kind not in _GETTERS:
        names = _names_of(kind) if is_dataclass(kind) else ()
        _GETTERS[kind] = attrgetter(*names) if len(names) > 1 else None
    return _GETTERS[kind]


def _names_of(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(item.name for item in fields(kind))
    return _NAMES[kind]
