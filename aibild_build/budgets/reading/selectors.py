"""Does a CSS selector meet an element? For names, classes and ids, inside of one another; all else is left open.

Takes a selector and the elements from the root down to one, yields True, False, or None where it cannot be told from them:
states, attributes, positions, siblings. Source: Selectors 4, sections 4.2, 6 and 15.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_NAME = r"(?:[\w-]|[^\x00-\x7f]|\\.)+"
_COMPOUND = re.compile(rf"(\*|{_NAME})?((?:[.#]{_NAME})*)")
_PART = re.compile(rf"([.#])({_NAME})")
_STEP = re.compile(r"\s*([>+~])\s*|\s+")
_OUTSIDE_COMMA = re.compile(r",(?![^(\[]*[)\]])")
_NO_ELEMENT = re.compile(r"::|:(?:before|after|first-l)", re.I)
_ESCAPED = re.compile(r"\\(.)")


class Node(NamedTuple):
    """An element as selectors see it."""

    name: str
    id: str
    classes: frozenset[str]


class Compound(NamedTuple):
    """What one element has to be. `open`: it has to be more, which cannot be told here; `child`: of the one before it."""

    name: str
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    open: bool
    child: bool

    def meets(self, node: Node) -> bool:
        return (
            self.name in ("", "*", node.name)
            and all(one == node.id for one in self.ids)
            and node.classes.issuperset(self.classes)
        )


class Selector(NamedTuple):
    """One selector of a list, its compounds from left to right."""

    steps: tuple[Compound, ...]

    @property
    def specificity(self) -> tuple[int, int, int]:
        ids = sum(len(step.ids) for step in self.steps)
        return ids, sum(len(step.classes) for step in self.steps), sum(step.name not in ("", "*") for step in self.steps)

    @property
    def key(self) -> str:
        """Something that every element which it meets has: "#id", ".class", a name, or "*" for all."""
        if not self.steps:
            return "*"
        last = self.steps[-1]
        return [*(f"#{one}" for one in last.ids), *(f".{one}" for one in last.classes), last.name or "*"][0]

    def meets(self, line: Sequence[Node]) -> bool | None:
        """Whether the last of a line of elements, root first, is met."""
        if not self.steps:
            return None
        last = self.steps[-1]
        if not line or not last.meets(line[-1]) or not _around(self.steps[:-1], line[:-1], last.child):
            return False
        return None if any(step.open for step in self.steps) else True


@lru_cache(maxsize=4096)
def read_selectors(text: str) -> tuple[Selector, ...]:
    """The selectors of a list; those that are none are left out."""
    found = (_selector(part.strip()) for part in _OUTSIDE_COMMA.split(text))
    return tuple(one for one in found if one is not None)


def keys_of(node: Node) -> tuple[str, ...]:
    """The keys that a selector which meets this element may have."""
    return ("*", node.name, *(f".{one}" for one in sorted(node.classes)), *((f"#{node.id}",) if node.id else ()))


def _selector(text: str) -> Selector | None:
    if _NO_ELEMENT.search(text):
        return None
    steps: list[Compound] = []
    at, child, is_open = 0, False, False
    while at < len(text):
        found = _COMPOUND.match(text, at)
        assert found is not None
        rest = _rest(text, found.end())
        if found.end() == at and rest == at:
            return None
        parts = [(kind, _ESCAPED.sub(r"\1", name)) for kind, name in _PART.findall(found[2])]
        ids = tuple(name for kind, name in parts if kind == "#")
        classes = tuple(name for kind, name in parts if kind == ".")
        is_more = is_open or rest > found.end()
        steps.append(Compound(_ESCAPED.sub(r"\1", found[1] or "").lower(), ids, classes, is_more, child))
        step = _STEP.match(text, rest)
        if step is None:
            return Selector(tuple(steps)) if rest == len(text) else None
        child, is_open = step[1] == ">", step[1] in ("+", "~")
        if is_open:  # a sibling stands where the element itself does, so what is around the one is around the other
            child = steps.pop().child
        at = step.end()
    return Selector(tuple(steps)) if steps else None


def _rest(text: str, at: int) -> int:
    """Where the states, attributes and positions of a compound end."""
    while at < len(text) and text[at] in ":[.#":
        depth = 0
        while at < len(text) and (depth or text[at] not in " \t\n\r\f>+~"):
            depth += (text[at] in "([") - (text[at] in ")]")
            at += 1
    return at


def _around(steps: Sequence[Compound], line: Sequence[Node], child: bool) -> bool:
    """Whether the compounds are met by elements of the line, the last one by its end if that has to be the parent."""
    if not steps:
        return True
    last, above = steps[-1], (line[-1:] if child else line)
    for at in range(len(line) - len(above), len(line)):
        if last.meets(line[at]) and _around(steps[:-1], line[:at], last.child):
            return True
    return False
