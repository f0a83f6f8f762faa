"""Media queries: does one hold on a device? Source: Media Queries 4, sections 2–4; unknown features never hold (section 3.2).

Takes the text of a `media` attribute, yields True or False. Browsers' defaults are assumed for what a device does not say: light
colours, no reduced motion.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .screens import Device

_TOKEN = re.compile(r"\(|\)|[<>]=?|=|:|,|/|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?[a-z%]*|[a-z-]+|\S", re.I)
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([a-z]*)", re.I)
_EDGE = re.compile(r"(?:width\s*[:<>]=?\s*|=?[<>]=?\s*)([\d.]+)(px|r?em)|([\d.]+)(px|r?em)\s*[<>]=?\s*width", re.I)
_UNITS = {"px": 1.0, "em": 16.0, "rem": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0, "": 1.0}
_DPI = {"dppx": 1.0, "x": 1.0, "dpi": 1 / 96, "dpcm": 2.54 / 96, "": 1.0}
_KEYWORDS = {
    "prefers-color-scheme": "light",
    "prefers-reduced-motion": "no-preference",
    "prefers-reduced-data": "no-preference",
    "prefers-contrast": "no-preference",
    "forced-colors": "none",
    "inverted-colors": "none",
    "scripting": "enabled",
    "display-mode": "browser",
    "update": "fast",
    "color-gamut": "srgb",
    "dynamic-range": "standard",
    "overflow-block": "scroll",
}
_WHETHER = {"color": True, "monochrome": False, "grid": False, "scripting": True, "update": True, "width": True, "height": True}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
_MOST_TOKENS = 2000

Truth = bool | None  # None: cannot be known, which `not` does not turn round


@lru_cache(maxsize=65536)
def matches(query: str, device: Device) -> bool:
    """Whether a media query list holds; an empty one always does."""
    if not query.strip():
        return True
    tokens = [token.lower() for token in _TOKEN.findall(query)][:_MOST_TOKENS]
    groups: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            groups.append([])
        else:
            groups[-1].append(token)
    return any(_Query(group, device).holds() for group in groups)


@lru_cache(maxsize=8192)
def media_edges(query: str) -> tuple[float, ...]:
    """The widths in CSS px at which a query may change, ascending."""
    found = {float(a or c) * _UNITS[(b or d).lower()] for a, b, c, d in _EDGE.findall(query) if (a or c).count(".") <= 1}
    return tuple(sorted(found))


class _Query:
    """One query of a list, read token by token. Whatever is not grammar makes it `not all`."""

    def __init__(self, tokens: list[str], device: Device) -> None:
        self.tokens = tokens
        self.at = 0
        self.device = device

    def holds(self) -> bool:
        try:
            truth = self._query()
        except (IndexError, ValueError, RecursionError):
            return False
        return truth is True and self.at == len(self.tokens)

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _query(self) -> Truth:
        refused = False
        if self._peek() in ("not", "only") and self.tokens[self.at + 1] != "(":
            refused = self._take() == "not"
        if self._peek() in ("(", "not"):
            return self._condition()
        truth: Truth = self._take() in ("all", "screen")
        if self._peek() == "and":
            self._take()
            truth = _both(truth, self._condition())
        return _opposite(truth) if refused else truth

    def _condition(self) -> Truth:
        if self._peek() == "not":
            self._take()
            return _opposite(self._part())
        truth = self._part()
        joint = self._peek()
        while joint in ("and", "or") and self._peek() == joint:
            self._take()
            truth = _both(truth, self._part()) if joint == "and" else _either(truth, self._part())
        return truth

    def _part(self) -> Truth:
        if self._take() != "(":
            raise ValueError("a part begins with a bracket")
        truth = self._condition() if self._peek() in ("(", "not") else self._feature()
        if self._take() != ")":
            raise ValueError("a part ends with a bracket")
        return truth

    def _feature(self) -> Truth:
        inner = []
        depth = 0
        while depth or self._peek() != ")":
            token = self._take()
            depth += (token == "(") - (token == ")")
            inner.append(token)
        if len(inner) == 1:
            return _present(inner[0], self.device)
        if inner[1] == ":":
            return _plain(inner[0], inner[2:], self.device)
        return _ranged(inner, self.device)


def _present(name: str, device: Device) -> Truth:
    if name in ("hover", "any-hover"):
        return not _is_touch(device)
    return _WHETHER.get(name, True if name in ("pointer", "any-pointer", "resolution", "orientation", "aspect-ratio") else None)


def _plain(name: str, value: list[str], device: Device) -> Truth:
    text = "".join(value)
    if name in ("hover", "any-hover"):
        return text == ("none" if _is_touch(device) else "hover")
    if name in ("pointer", "any-pointer"):
        return text == ("coarse" if _is_touch(device) else "fine")
    if name == "orientation":
        return text == ("portrait" if device.height >= device.width else "landscape")
    if name in _KEYWORDS:
        return text == _KEYWORDS[name]
    name = name.replace("-webkit-min-device-pixel-ratio", "min-resolution").replace(
        "-webkit-max-device-pixel-ratio", "max-resolution"
    )
    sign = {"min-": ">=", "max-": "<="}.get(name[:4], "=")
    return _compared(name[4:] if sign != "=" else name, sign, text, device)


def _ranged(inner: list[str], device: Device) -> Truth:
    """`width >= 600px`, `600px <= width`, `400px <= width < 700px`."""
    signs = [index for index, token in enumerate(inner) if token in _FLIPPED]
    if len(signs) == 1:
        left, right = inner[: signs[0]], inner[signs[0] + 1 :]
        sign = inner[signs[0]]
        if _LENGTH.fullmatch(left[0]):
            return _compared("".join(right), _FLIPPED[sign], "".join(left), device)
        return _compared("".join(left), sign, "".join(right), device)
    if len(signs) != 2:
        return None
    name = "".join(inner[signs[0] + 1 : signs[1]])
    low = _compared(name, _FLIPPED[inner[signs[0]]], "".join(inner[: signs[0]]), device)
    return _both(low, _compared(name, inner[signs[1]], "".join(inner[signs[1] + 1 :]), device))


def _compared(name: str, sign: str, text: str, device: Device) -> Truth:
    name = name.removeprefix("device-") if name in ("device-width", "device-height") else name
    if name in ("width", "height"):
        have, want = (device.width if name == "width" else device.height), _number(text, _UNITS)
    elif name == "resolution":
        have, want = device.density, _number(text, _DPI)
    elif name in ("aspect-ratio", "device-aspect-ratio"):
        have, want = device.width / device.height, _ratio(text)
    else:
        return None
    if want is None:
        return None
    close = abs(have - want) < 1e-9
    return {"=": close, "<": have < want and not close, ">": have > want and not close, "<=": have <= want or close}.get(
        sign, have >= want or close
    )


def _number(text: str, units: dict[str, float]) -> float | None:
    found = _LENGTH.fullmatch(text)
    if found is None or found[2] not in units:
        return None
    return float(found[1]) * units[found[2]]


def _ratio(text: str) -> float | None:
    above, slash, below = text.partition("/")
    try:
        return float(above) / (float(below) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        return None


def _is_touch(device: Device) -> bool:
    return device.width < 1024


def _opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _both(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _either(one: Truth, other: Truth) -> Truth:
    if one is True or other is True:
        return True
    return None if one is None or other is None else False
