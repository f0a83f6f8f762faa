"""Nouns to plain JSON and back.

Takes frozen dataclasses as `model` has them (and any other of the same make): nested, with tuples, mappings with text keys, enums
and unions; yields what `canonical` can write. Reading back is strict: a record of a wrong shape is a ValueError that names the
field, never a half-filled noun. Knows no file and no store.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from .model import Json

Noun = TypeVar("Noun")
Reader = Callable[[object], Any]


def to_json(noun: object) -> dict[str, Json]:
    """Every field of a dataclass instance by name, defaults included; tuples become lists, enums their values.

    Raises ValueError for what JSON cannot carry and for mapping keys that are no text.
    """
    if not dataclasses.is_dataclass(noun) or isinstance(noun, type):
        raise ValueError(f"expected a dataclass instance, got {type(noun).__name__}")
    return {item.name: _plain(getattr(noun, item.name)) for item in dataclasses.fields(noun)}


def from_json(cls: type[Noun], json: object) -> Noun:
    """The noun that `to_json` took apart. `json` is parsed JSON.

    Fields that are absent take their defaults. Raises ValueError with the path of the field (`facts.width: expected …`) for an
    absent field without a default, an unknown field, a wrong type, a wrong tuple length or an unknown enum value. Fields typed
    `Json` are handed over as they are, so their lists stay lists. In a union the first member that fits is taken.
    """
    if not dataclasses.is_dataclass(cls):
        raise ValueError(f"{cls.__name__} is no dataclass")
    noun: Noun = _reader(cls)(json)
    return noun


def _plain(value: object) -> Json:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, Mapping):
        return {_text_key(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item) for item in value]
    raise ValueError(f"{type(value).__name__} is no JSON value")


def _text_key(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"expected text as a mapping key, got {name!r}")
    return name


class _Misfit(ValueError):
    """A value of the wrong shape; the path grows from the inside out while it is raised."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def under(self, step: str) -> _Misfit:
        joint = "." if self.path and not self.path.startswith("[") else ""
        return _Misfit(f"{step}{joint}{self.path}", self.problem)


def _expected(what: str, value: object) -> _Misfit:
    shown = repr(value)
    return _Misfit("", f"expected {what}, got {shown if len(shown) <= 60 else shown[:57] + '...'}")


@cache
def _reader(kind: Any) -> Reader:
    """How a value of this annotation is read; made once a type, since records are read by the thousand."""
    if kind is object or kind is Any:
        return lambda value: value
    if kind in _PLAIN_READERS:
        return _PLAIN_READERS[kind]
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union_reader(typing.get_args(kind))
    if origin is tuple:
        return _tuple_reader(typing.get_args(kind))
    if origin is list or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return _collection_reader(origin, typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _noun_reader(kind)
    raise ValueError(f"no way to read {kind!r} from JSON")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _expected("text", value)
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _expected("true or false", value)
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _expected("a whole number", value)
    return value


def _number(value: object) -> float:
    # Canonical JSON writes 2.0 as 2, so a whole number is a float's ordinary form.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _expected("a number", value)
    return float(value)


def _nothing(value: object) -> None:
    if value is not None:
        raise _expected("null", value)


_PLAIN_READERS: dict[Any, Reader] = {str: _text, bool: _truth, int: _integer, float: _number, type(None): _nothing}


def _union_reader(members: tuple[Any, ...]) -> Reader:
    # A whole number must find `int` before `float` takes it, whatever the order of the annotation.
    ordered = sorted(members, key=lambda member: member is float)
    readers = [_reader(member) for member in ordered]

    def read(value: object) -> object:
        problem: _Misfit | None = None
        for reader in readers:
            try:
                return reader(value)
            except _Misfit as misfit:
                # The deepest complaint is about the member that was meant.
                if problem is None or misfit.path.count(".") > problem.path.count(".") or (misfit.path and not problem.path):
                    problem = misfit
        if problem is not None and problem.path:
            raise problem
        raise _expected(" or ".join(getattr(member, "__name__", str(member)) for member in members), value)

    return read


def _tuple_reader(members: tuple[Any, ...]) -> Reader:
    if len(members) == 2 and members[1] is Ellipsis:
        item = _reader(members[0])
        return lambda value: tuple(_items(value, item))
    readers = [_reader(member) for member in members]

    def read(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple) or len(value) != len(readers):
            raise _expected(f"a list of {len(readers)}", value)
        return tuple(_at(f"[{at}]", reader, item) for at, (reader, item) in enumerate(zip(readers, value, strict=True)))

    return read


def _collection_reader(origin: Any, members: tuple[Any, ...]) -> Reader:
    item = _reader(members[-1])
    if origin is list:
        return lambda value: _items(value, item)

    def read(value: object) -> dict[str, object]:
        if not isinstance(value, Mapping):
            raise _expected("a mapping", value)
        return {_text(name): _at(name, item, member) for name, member in value.items()}

    return read


def _items(value: object, item: Reader) -> list[object]:
    if not isinstance(value, list | tuple):
        raise _expected("a list", value)
    return [_at(f"[{at}]", item, member) for at, member in enumerate(value)]


def _at(step: str, reader: Reader, value: object) -> object:
    try:
        return reader(value)
    except _Misfit as misfit:
        raise misfit.under(step) from None


def _enum_reader(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}

    def read(value: object) -> Enum:
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in members:
            raise _expected("one of " + ", ".join(str(name) for name in members), value)
        return members[value]

    return read


def _noun_reader(cls: Any) -> Reader:
    # `Json` is a recursive alias that the typing module cannot unfold; any parsed value is one.
    hints = typing.get_type_hints(cls, localns={"Json": object})
    readers = {item.name: _reader(hints[item.name]) for item in dataclasses.fields(cls) if item.init}
    needed = [
        item.name
        for item in dataclasses.fields(cls)
        if item.init and item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    ]

    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise _expected(f"a mapping of {cls.__name__}", value)
        for name in needed:
            if name not in value:
                raise _Misfit(name, "expected a value, got none")
        read_fields = {}
        for name, item in value.items():
            reader = readers.get(name)
            if reader is None:
                raise _Misfit(str(name), f"expected a field of {cls.__name__}, got an unknown name")
            read_fields[name] = _at(name, reader, item)
        return cls(**read_fields)

    return read
