"""A small server for a built site on 127.0.0.1 that remembers what it was asked for and answers with the right media types."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_HOLD_S = 30


@dataclass(slots=True)
class Served:
    """`url` ends without a slash. `asked` are paths in the order of their requests; `extra` adds pages that are no files.

    `/hold` is answered only after `/ready` was asked for: a page that shows `/hold` is not loaded before its script says so.
    """

    url: str
    root: Path
    asked: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    ready: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(root: Path) -> Iterator[Served]:
    """Serve the folder while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    served = Served(f"http://127.0.0.1:{server.server_port}", root)
    server.served = served  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served: Served = self.server.served  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        served.asked.append(path)
        if path == "/ready":
            served.ready.set()
        elif path == "/hold":
            served.ready.wait(_HOLD_S)
        if path in served.extra:
            self._send(200, ".html", served.extra[path].encode())
            return
        file = served.root / (path.lstrip("/") + ("index.html" if path.endswith("/") else ""))
        if file.is_file() and served.root in file.resolve().parents:
            self._send(200, file.suffix, file.read_bytes())
        else:
            self._send(404, ".txt", b"not here\n")

    def _send(self, status: int, suffix: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test reads `asked` instead."""
