"""A slow line: responses come later and in drops, all of them through one pipe, as over a telephone.

Takes chunks of bytes, yields the same at the line's pace. The figures are those that Lighthouse and Chromium's tools use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_DROP_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Line:
    latency_s: float
    bytes_per_s: float


LINES: Mapping[str, Line] = {"slow-4g": Line(0.15, 1638.4e3 / 8), "3g": Line(0.4, 400e3 / 8)}


class Pipe:
    """One line that all responses share."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._free_at = 0.0
        self._lock = threading.Lock()

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks at the line's pace."""
        try:
            time.sleep(self._line.latency_s)
            for chunk in chunks:
                for at in range(0, len(chunk), _DROP_BYTES):
                    drop = chunk[at : at + _DROP_BYTES]
                    time.sleep(self._turn(len(drop)))
                    yield drop
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _turn(self, count: int) -> float:
        """Seconds until so many bytes are through, after all that came before."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._line.bytes_per_s
            return self._free_at - now
