"""A proxy on 127.0.0.1 that does to HTTP what networks do: cuts a body in the middle, loses an answer, goes away.

It counts requests that write. At the chosen one it acts; afterwards it is as it was (`lose`), or away for good (`cut`), until the
next `plan`. It passes bytes along as they are, so signatures hold.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_FULL = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_WRITES = (b"PUT", b"POST", b"DELETE")


class FaultyProxy:
    """`writes` counts what was asked; `acted` says whether the fault came."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._at, self._fault = 0, ""
        self._call: Callable[[], None] = lambda: None
        self._away = False
        self._matching = b""
        self.writes = 0
        self.acted = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def plan(self, fault: str = "", at: int = 0, call: Callable[[], None] = lambda: None, matching: str = "") -> None:
        """At write number `at` (from 1; of those with `matching` in it): `cut`, `lose`, `full` from then on, or `call`."""
        with self._lock:
            self._fault, self._at, self._call, self._matching = fault, at, call, matching.encode()
            self.writes, self.acted, self._away = 0, False, False

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next client
        self._listener.close()
        self._accepting.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if not self._is_away():
                head, rest = _head(client)
                fault = self._fault_for(head)
                if not head or (self._is_away() and fault != "cut"):
                    return
                with socket.create_connection(self._upstream) as server:
                    server.sendall(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                    length = _length(head)
                    body = rest + _exactly(client, length - len(rest))
                    if fault == "full":
                        client.sendall(_FULL)
                        return
                    if fault == "cut":
                        server.sendall(body[: length // 2])
                        return
                    server.sendall(body)
                    answer = _everything(server)
                    if fault == "lose":
                        return
                    client.sendall(answer)

    def _is_away(self) -> bool:
        return self._away

    def _fault_for(self, head: bytes) -> str:
        line = head.split(b"\r\n", 1)[0]
        with self._lock:
            if not line.startswith(_WRITES) or self._matching not in line:
                return ""
            self.writes += 1
            if self._fault == "full" and self._at and self.writes >= self._at:
                self.acted = True
                return "full"
            if self.writes != self._at:
                return ""
            self.acted = True
            self._away = self._fault == "cut"
            self._call()
            return self._fault


@contextmanager
def faulty(upstream: str) -> Iterator[FaultyProxy]:
    """A proxy before the server at `upstream`."""
    proxy = FaultyProxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(65536)
        if not part:
            return b"", b""
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = client.recv(min(1 << 16, count - len(data)))
        if not part:
            return data
        data += part
    return data


def _everything(server: socket.socket) -> bytes:
    parts = []
    while part := server.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)
