"""A stream of choices from a seed: the same on every machine and for ever.

Takes a seed and the words of a prompt, yields numbers; knows nothing of pictures. Python's own `random` promises its float
methods only from version to version, so the generator is written out here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
_MASK = 2**64 - 1


class Stream:
    """SplitMix64. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 16."""

    def __init__(self, *names: object) -> None:
        text = "\x1f".join(str(name) for name in names)
        self._root = text
        self._state = int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")

    def fork(self, name: object) -> Stream:
        """A stream of its own for one part, so that a choice more in one part moves no other."""
        return Stream(self._root, name)

    def word(self) -> int:
        """A whole number 0 to 2**64 − 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def seed(self) -> int:
        """A whole number 0 to 2**32 − 1, for `noise`."""
        return self.word() >> 32

    def unit(self) -> float:
        """A number 0 ≤ n < 1 with 32 bits, exact in a float."""
        return self.seed() / 2**32

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, of which there must be some."""
        return items[self.word() % len(items)]
