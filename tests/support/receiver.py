"""A receiver of hooks on 127.0.0.1 that remembers what came, and fails or hangs when told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.listening import listening


@dataclass(slots=True)
class Receiver:
    """`answers` are the next statuses, 200 when there are none left, 0 for silence until `release` is set.

    `came` are (headers, body) in order.
    """

    url: str
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]

    def data(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.came[number][1])["data"]
        return found


@contextmanager
def receive() -> Iterator[Receiver]:
    with listening(_Answer) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
        server.receiver = receiver  # type: ignore[attr-defined]
        try:
            yield receiver
        finally:
            receiver.release.set()


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = receiver.answers.pop(0) if receiver.answers else 200
        receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        if not status:
            receiver.release.wait(30)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
