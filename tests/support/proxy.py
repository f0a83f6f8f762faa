"""A proxy before a real server that counts what passes, and can be slow, cut answers off or change what they say."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """`passed` has method, path and bytes of each answer's body. `spoil` takes a path and a body and returns what is sent in its
    place; `cut` ends the connection in the middle of bodies of those paths; each answer waits `delay_s`."""

    url: str
    target: str
    passed: list[tuple[str, str, int]] = field(default_factory=list)
    delay_s: float = 0
    spoil: Callable[[str, bytes], bytes] = lambda path, body: body
    cut: Callable[[str], bool] = lambda path: False

    def bytes_of(self, part: str) -> int:
        """Bytes of all bodies that came from paths with `part` in them."""
        return sum(size for method, path, size in self.passed if part in path and method == "GET")


@contextmanager
def before(target: str) -> Iterator[Proxy]:
    """Stand before the server at `target` while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Passing)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}", target)
    server.proxy = proxy  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(urlsplit(proxy.target).netloc, timeout=60)
        try:
            # The host's name is signed, so it travels as the client wrote it.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            data, headers = answer.read(), answer.getheaders()
        finally:
            connection.close()
        time.sleep(proxy.delay_s)
        if self.command == "GET" and answer.status == 200:
            data = proxy.spoil(self.path, data)
        proxy.passed.append((self.command, self.path, len(data)))
        self.send_response(answer.status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
        self.end_headers()
        if proxy.cut(self.path):
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test reads `passed` instead."""
