"""Tells open pages that something changed: server-sent events, and a watch that notices.

Takes names of events, yields streams for as many pages as are open. One way is enough here: a page that hears of a change asks
again by itself. Source: HTML standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from werkzeug.wrappers import Response

_PING_S = 15.0
_RETRY_MS = 500
_LAST_WORDS_S = 2.0  # a page that does not read holds the end up no longer
_END = ""


class Events:
    """A stream for each page that listens."""

    def __init__(self, *, ping_s: float = _PING_S) -> None:
        self._ping_s = ping_s
        self._listeners: dict[queue.SimpleQueue[str], str] = {}
        self._lock = threading.Condition()
        self._ended = False

    def tell(self, name: str, text: str = "") -> None:
        """Send an event to every page that listens; `text` is one line."""
        with self._lock:
            for listener in self._listeners:
                listener.put(_event(name, text))

    def listening(self) -> tuple[str, ...]:
        """What the open pages called themselves."""
        with self._lock:
            return tuple(dict.fromkeys(self._listeners.values()))

    def response(self, page: str = "", first: Callable[[], tuple[str, str]] | None = None) -> Response:
        """The answer to a page that wants to listen, as `page`. It ends when the page goes away or `close` is called.

        `first` gives the name and the text of an event for this page alone, asked once nothing later can be missed.
        """
        return Response(self._stream(page, first), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    def close(self) -> None:
        """End every stream once it has said what it had to, and those that are asked for later at once."""
        with self._lock:
            self._ended = True
            for listener in self._listeners:
                listener.put(_END)
            self._lock.wait_for(lambda: not self._listeners, timeout=_LAST_WORDS_S)

    def _stream(self, page: str, first: Callable[[], tuple[str, str]] | None) -> Iterator[bytes]:
        listener: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self._lock:
            self._listeners[listener] = page
            if self._ended:
                listener.put(_END)
        try:
            yield f"retry: {_RETRY_MS}\n\n".encode()
            if first is not None:
                yield _event(*first()).encode()
            while True:
                try:
                    said = listener.get(timeout=self._ping_s)
                except queue.Empty:
                    said = ": still here\n\n"  # a write is the only way to learn that a page is gone
                if said == _END:
                    return
                yield said.encode()
        finally:
            with self._lock:
                self._listeners.pop(listener, None)
                self._lock.notify_all()


def _event(name: str, text: str) -> str:
    return f"event: {name}\ndata: {text}\n\n"


class Watch:
    """Calls `changed` whenever `stamp()` is another than before, as seen every `every_s` seconds, while the block runs."""

    def __init__(self, stamp: Callable[[], object], changed: Callable[[], None], *, every_s: float = 1.0) -> None:
        self._stamp, self._changed, self._every_s = stamp, changed, every_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="aibild-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._last = self._stamp()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(self._every_s):
            seen = self._stamp()
            if seen != self._last:
                self._last = seen
                self._changed()
