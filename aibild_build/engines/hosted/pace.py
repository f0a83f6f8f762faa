"""Keeps within so many requests a minute, over all processes of this machine that ask the same service.

Takes a limit and a folder, yields when the next request may go. The moments of past requests stand in a small file under a
kernel lock; where that file cannot be had, this process keeps to the limit alone.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ...canonical import digest_of
from .outside import Outside

_MINUTE_S = 60.0


class Pace:
    """`service` names what the limit belongs to; `per_minute` 0 lets everything pass."""

    def __init__(self, service: str, per_minute: int, outside: Outside) -> None:
        self._per_minute = per_minute
        self._outside = outside
        self._own: list[float] = []
        self._path = outside.folder / f"aibild-pace-{os.getuid()}-{digest_of(service.encode())[:16]}.json"

    def take(self) -> None:
        """Wait until a request may go, and count it."""
        if not self._per_minute:
            return
        while (wait_s := self._try()) > 0:
            self._outside.sleep(wait_s)

    def _try(self) -> float:
        """Seconds until there is room; 0.0 when there was, and the request is counted."""
        now = self._outside.wall()
        with self._moments() as moments:
            # A moment in the future was written before somebody set the clock back.
            recent = sorted(moment for moment in moments if now - _MINUTE_S < moment <= now)
            if len(recent) >= self._per_minute:
                moments[:] = recent
                return recent[-self._per_minute] + _MINUTE_S - now
            moments[:] = [*recent, now]
        return 0.0

    @contextmanager
    def _moments(self) -> Iterator[list[float]]:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            yield self._own
            return
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            moments = _read(file.read())
            yield moments
            file.seek(0)
            file.truncate()
            with suppress(OSError):
                file.write(json.dumps(moments).encode())


def _read(data: bytes) -> list[float]:
    try:
        moments = json.loads(data or b"[]")
    except ValueError:
        return []
    return [float(one) for one in moments if isinstance(one, int | float)] if isinstance(moments, list) else []
