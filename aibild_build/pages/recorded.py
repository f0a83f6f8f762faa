"""A page's questions with the answers that it got, kept between builds, so that a page whose words alone changed can be rendered
without reading the whole site.

Takes what a `Reading` heard, yields bytes and back. Answers are frozen values of `view` and `model` and nothing else is read
back: the bytes lie in the project's folder, which may come from anywhere.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields as dataclass_fields
from operator import attrgetter
from typing import Any

from ..canonical import digest_of
from ..model import Page
from ..packing import pack, revived
from .access import Argument, Heard
from .listing import references
from .view import Listing

_MOST_BYTES = 1 << 16  # a hub's answers are long, and are asked of the whole site anyway
_MOST_ENTRIES = 400
_MENU, _MOST_MENUS = "menu", 1000
_MENUS: dict[str, bytes] = {}  # by digest
_READ_BACK = ("aibild_build.model.", "aibild_build.pages.view")
_HEAD_OF = attrgetter(*(item.name for item in dataclass_fields(Page) if item.name not in ("body", "digest", "headings")))
_OURS = re.compile(r' id="([^"]*)"')
_ID = re.compile(r"""\sid=(?:"([^"]*)"|'([^']*)')""")


class NotRecorded(Exception):
    """A page asks what it did not ask before: only the whole site can answer."""


class Recorded:
    """Answers what was asked before, and nothing else."""

    def __init__(self, heard: Iterable[Heard]) -> None:
        self._answers = {(function, arguments): (answer, digest) for function, arguments, answer, digest in heard}

    def ask(self, function: str, arguments: Sequence[Argument]) -> tuple[object, str]:
        """The answer and its digest. Raises NotRecorded."""
        found = self._answers.get((function, tuple(arguments)))
        if found is None:
            raise NotRecorded(function)
        return found

    def still(self, function: str, arguments: Sequence[Argument], digest: str) -> bool:
        found = self._answers.get((function, tuple(arguments)))
        return found is not None and found[1] == digest


def packed(heard: Sequence[Heard]) -> bytes:
    """The answers as bytes, none for a page that asked for too much."""
    if any(_is_long(answer) for _, _, answer, _ in heard):
        return b""
    data = pack(
        [(function, arguments, _packed_once(function, answer, digest), digest) for function, arguments, answer, digest in heard]
    )
    return data if len(data) <= _MOST_BYTES else b""


def _packed_once(function: str, answer: object, digest: str) -> object:
    """A menu as bytes: most pages of a section have the same, and it is the longest answer of most."""
    if function != _MENU:
        return answer
    if len(_MENUS) > _MOST_MENUS:
        _MENUS.clear()
    if digest not in _MENUS:
        _MENUS[digest] = pack(answer)
    return _MENUS[digest]


def _is_long(answer: object) -> bool:
    """Whether it is not worth packing to see how many bytes that gives."""
    entries = answer.entries if isinstance(answer, Listing) else answer
    return isinstance(entries, tuple) and len(entries) > _MOST_ENTRIES


def unpacked(data: bytes) -> list[Heard]:
    """What was packed. Raises ValueError for anything else."""
    found = read_back(data)
    try:
        return [
            (str(function), tuple(arguments), read_back(answer) if isinstance(answer, bytes) else answer, str(digest))
            for function, arguments, answer, digest in found
        ]
    except (TypeError, ValueError) as error:
        raise ValueError("no answers of ours") from error


def read_back(data: bytes) -> Any:
    """Values of `view`, `model` and Python's own that were packed. Raises ValueError for anything else."""
    try:
        return _Careful(io.BytesIO(data)).load()
    except Exception as error:  # damaged bytes raise anything
        raise ValueError("no values of ours") from error


def outline(page: Page) -> str:
    """Digest of all that the rest of the site can know of a page: everything but its words."""
    shown = [(ref.brief, ref.slot, ref.alt, ref.caption, ref.inline) for ref in references(page)]
    headings = [(heading.level, heading.id, heading.text) for heading in page.headings]
    known = (_HEAD_OF(page), headings, shown, sorted(ids_of(page)))
    return digest_of(repr(known).encode("utf-8", "surrogatepass"))[:32]


def ids_of(page: Page) -> frozenset[str]:
    """The ids in a page's text, which links may point at."""
    return frozenset(name for piece in page.body if isinstance(piece, str) for name in _ids(piece))


def _ids(text: str) -> Iterable[str]:
    """As this room writes them they are found quickly; an id that an author wrote otherwise takes a closer look."""
    found: list[str] = _OURS.findall(text)
    return found if len(found) == text.count("id=") else (double or single for double, single in _ID.findall(text))


class _Careful(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (revived.__module__, revived.__name__):
            return revived
        if not module.startswith(_READ_BACK):
            raise pickle.UnpicklingError(f"{module}.{name} is no answer")
        return super().find_class(module, name)
