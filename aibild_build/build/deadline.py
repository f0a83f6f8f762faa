"""A time limit for work that somebody else's code may never end: a template with a loop over a billion numbers.

Takes seconds, raises TimeoutError in the midst of the work. It rests on a signal of the operating system, which Python delivers
to the main thread alone and between two steps of its own: elsewhere, and within one endless step in C, there is no limit.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_S = 1.0  # for work that swallowed the first one


@contextmanager
def deadlines(seconds: float, what: str) -> Iterator[Callable[[], None]]:
    """Raises TimeoutError in the block when `seconds` have passed since the given function was last called; `what` is expected
    by then. No limit before the first call, and none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"expected {what} within {seconds:g} s, got none by then")

    def begin() -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)

    before = signal.signal(signal.SIGALRM, late)
    try:
        yield begin
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
