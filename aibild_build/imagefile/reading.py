"""A cursor over bytes that cannot leave them: every container parser of this room reads through it.

A length that points past the end is an `ImageFault`, never an IndexError, an endless loop or a silent short read.
"""

from __future__ import annotations

from typing import Literal

from .plain import ImageFault

TOO_SHORT = "the file ends too early (truncated)"


class Reader:
    """Reads `data` from `at` up to, and never beyond, `end`."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end
        if not 0 <= at <= self.end <= len(data):
            raise ImageFault(TOO_SHORT)

    @property
    def left(self) -> int:
        return self.end - self.at

    def skip(self, count: int) -> None:
        if not 0 <= count <= self.end - self.at:
            raise ImageFault(TOO_SHORT)
        self.at += count

    def take(self, count: int) -> bytes:
        start = self.at
        self.skip(count)
        return self.data[start : self.at]

    def uint(self, count: int, order: Literal["big", "little"] = "big") -> int:
        return int.from_bytes(self.take(count), order)

    def text(self) -> bytes:
        """Bytes up to the next NUL, which is passed over."""
        stop = self.data.find(b"\0", self.at, self.end)
        if stop < 0:
            raise ImageFault(TOO_SHORT)
        taken = self.data[self.at : stop]
        self.at = stop + 1
        return taken
