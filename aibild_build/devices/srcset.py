"""`srcset` → candidates, with what is wrong about it. Source: HTML standard, section 4.8.4.2.1 and its parsing rules."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_URL = re.compile(r"([\s,]*)(\S+)")
_WIDTH = re.compile(r"[0-9]+")
_DENSITY = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Entry(NamedTuple):
    """One candidate: a width descriptor, or else a density (1.0 when none is written)."""

    url: str
    width: int | None
    density: float | None


class Srcset(NamedTuple):
    entries: tuple[Entry, ...]
    faults: tuple[str, ...]

    @property
    def by_width(self) -> bool:
        return any(entry.width is not None for entry in self.entries)


@lru_cache(maxsize=1024)
def parse_srcset(text: str) -> Srcset:
    """All candidates that a browser would keep, and a sentence ("got …") for each thing that the standard does not allow."""
    entries: list[Entry] = []
    faults: list[str] = []
    at = 0
    while found := _URL.match(text, at):
        url, descriptors = found[2], list[str]()
        at = found.end()
        if "," in found[1] or url.endswith(",,"):
            faults.append("got a comma too many")
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            descriptors, at = _descriptors(text, at)
        if url:
            _keep(url, descriptors, entries, faults)
    if not entries and not faults:
        faults.append("got no candidate")
    return Srcset(tuple(entries), (*faults, *_mixed(entries)))


def _descriptors(text: str, at: int) -> tuple[list[str], int]:
    """The descriptors up to the next comma outside of brackets, and the place behind it."""
    depth = 0
    for end in range(at, len(text)):
        letter = text[end]
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth <= 0:
            return text[at:end].split(), end + 1
    return text[at:].split(), len(text)


def _keep(url: str, descriptors: list[str], entries: list[Entry], faults: list[str]) -> None:
    width: int | None = None
    density: float | None = None
    for descriptor in descriptors:
        number, unit = descriptor[:-1], descriptor[-1:]
        if unit == "w" and _WIDTH.fullmatch(number) and 0 < int(number) < 2**31 and width is None and density is None:
            width = int(number)
        elif unit == "x" and _DENSITY.fullmatch(number) and 0 < float(number) < 1e6 and width is None and density is None:
            density = float(number)
        elif not (unit == "h" and _WIDTH.fullmatch(number)):
            faults.append(f"got the descriptor `{descriptor}`")
            return
    entries.append(Entry(url, width, 1.0 if width is None and density is None else density))


def _mixed(entries: list[Entry]) -> list[str]:
    faults = []
    widths = [entry.width for entry in entries if entry.width is not None]
    if widths and len(widths) != len(entries):
        faults.append("got candidates with and without a width")
    known = {(entry.width, entry.density) for entry in entries}
    if len(known) != len(entries):
        faults.append("got two candidates with one descriptor")
    return faults
