"""`sizes` → the width of a picture's box on a device, with what is wrong about the text.

Source: HTML standard, section 4.8.4.2.2 and its parsing rules; CSS Values 4, sections 6 and 10 (lengths, `calc()`, `min()`,
`max()`, `clamp()`). `rem` and `em` are 16 px, since styles do not reach `sizes`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .media import matches
from .screens import Device

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_TOKEN = re.compile(r"\s*(?:((?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([a-z%]*)|([a-z-]+)\(|(.))", re.I)
_PX = {
    "px": 1.0,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "pt": 96 / 72,
    "pc": 16.0,
}
_OF_VIEWPORT = re.compile(r"[sld]?v(w|h|min|max|i|b)")
_FUNCTIONS = ("calc", "min", "max", "clamp")
_PROBE = Device("", 1000, 1000, 1)
# A sum needs blanks on both sides of its sign: `100vw-80px` is one word of an unknown unit
_TIGHT_SUM = re.compile(r"[a-z0-9)%](?:[+-]|\s+[+-](?!\s))", re.I)
_MOST_LETTERS = 10_000


class Sizes(NamedTuple):
    """`steps` are (media condition, length) in the order of the text, the last of them without a condition if all is well."""

    steps: tuple[tuple[str, str], ...]
    auto: bool
    faults: tuple[str, ...]


@lru_cache(maxsize=8192)
def parse_sizes(text: str) -> Sizes:
    """Read a `sizes` text. Each fault is a phrase that completes "expected sizes as media conditions and lengths, ..."."""
    text = _COMMENT.sub(" ", text)
    if len(text) > _MOST_LETTERS:
        return Sizes((), False, (f"got {len(text)} characters",))
    steps: list[tuple[str, str]] = []
    faults: list[str] = []
    parts = _split(text)
    auto = parts[0].lower() == "auto"
    for part in parts[1:] if auto else parts:
        condition, length = _last(part)
        if not part:
            faults.append("got an empty entry")
        elif (found := _length(length, _PROBE)) is None or (found < 0 and "(" not in length):
            faults.append(f"got `{length}`")
        else:
            steps.append((condition, length))
    conditions = [condition for condition, _ in steps]
    if not faults and steps and conditions[-1]:
        faults.append("got no length for all other screens at its end")
    if not all(conditions[:-1]):
        faults.append("got a length without a condition before the last")
    return Sizes(tuple(steps), auto, tuple(faults))


@lru_cache(maxsize=65536)
def width_at(text: str, device: Device) -> float:
    """Width of the box in CSS px; what cannot be read counts as `100vw`, as in a browser."""
    for condition, length in parse_sizes(text).steps:
        if not condition or matches(condition, device):
            found = _length(length, device)
            if found is not None:
                return max(0.0, found)
    return device.width


def _split(text: str) -> list[str]:
    """At commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]


def _last(part: str) -> tuple[str, str]:
    """(media condition, length): the length is the last word, a function with all in its brackets included."""
    depth = 0
    for at in range(len(part) - 1, -1, -1):
        depth += (part[at] == ")") - (part[at] == "(")
        if depth == 0 and part[at].isspace():
            return part[:at].strip(), part[at + 1 :]
    if depth == 0 and part.startswith("("):
        return part, ""
    return "", part


def _length(text: str, device: Device) -> float | None:
    """Pixels of a length, None when it is none (a percentage, a word, a negative number written out)."""
    tokens = _tokens(text)
    if tokens is None:
        return None
    reader = _Sum(tokens, device)
    try:
        value, is_length = reader.value()
    except (IndexError, ValueError, ZeroDivisionError, RecursionError):
        return None
    whole = reader.at == len(tokens)
    return value if whole and (is_length or (value == 0 and len(tokens) == 1)) else None


def _tokens(text: str) -> list[tuple[str, str, str, str]] | None:
    tokens = _TOKEN.findall(text.strip())
    if not tokens or _TIGHT_SUM.search(text) or any(name and name.lower() not in _FUNCTIONS for _, _, name, _ in tokens):
        return None
    return tokens


class _Sum:
    """A length or a math function over lengths; yields (value, whether it is a length and no bare number)."""

    def __init__(self, tokens: list[tuple[str, str, str, str]], device: Device) -> None:
        self.tokens = tokens
        self.at = 0
        self.device = device

    def value(self) -> tuple[float, bool]:
        number, unit, name, sign = self.tokens[self.at]
        self.at += 1
        if number:
            return float(number) * (self._unit(unit.lower()) if unit else 1.0), bool(unit)
        if name:
            return self._function(name.lower())
        if sign == "(":
            inner = self._sum()
            self._close()
            return inner
        if sign in "+-" and self.tokens[self.at][0]:
            value, is_length = self.value()
            return (-value if sign == "-" else value), is_length
        raise ValueError(f"{sign!r} begins no length")

    def _function(self, name: str) -> tuple[float, bool]:
        values = [self._sum()]
        while self.tokens[self.at][3] == ",":
            self.at += 1
            values.append(self._sum())
        self._close()
        if name in ("calc", "clamp") and len(values) != {"calc": 1, "clamp": 3}[name]:
            raise ValueError(f"{name} has {len(values)} values")
        numbers = [number for number, _ in values]
        is_length = any(length for _, length in values)
        if name == "clamp":
            return max(numbers[0], min(numbers[1], numbers[2])), is_length
        return (max if name == "max" else min)(numbers), is_length

    def _sum(self) -> tuple[float, bool]:
        total, is_length = self._product()
        while self.at < len(self.tokens) and self.tokens[self.at][3] in ("+", "-"):
            sign = self.tokens[self.at][3]
            self.at += 1
            value, other = self._product()
            total += value if sign == "+" else -value
            is_length = is_length or other
        return total, is_length

    def _product(self) -> tuple[float, bool]:
        total, is_length = self.value()
        while self.at < len(self.tokens) and self.tokens[self.at][3] in ("*", "/"):
            sign = self.tokens[self.at][3]
            self.at += 1
            value, other = self.value()
            total = total * value if sign == "*" else total / value
            is_length = is_length or other
        return total, is_length

    def _close(self) -> None:
        if self.tokens[self.at][3] != ")":
            raise ValueError("a bracket is open")
        self.at += 1

    def _unit(self, unit: str) -> float:
        if unit in _PX:
            return _PX[unit]
        found = _OF_VIEWPORT.fullmatch(unit)
        if found is None:
            raise ValueError(f"{unit} is no unit of length")
        side = {"w": self.device.width, "i": self.device.width, "h": self.device.height, "b": self.device.height}
        pair = (self.device.width, self.device.height)
        return (side[found[1]] if found[1] in side else min(pair) if found[1] == "min" else max(pair)) / 100
