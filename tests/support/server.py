"""A small server for a built site on 127.0.0.1: right media types, gzip, cache lifetimes, the site's own 404 page.

It answers as a careful static host would, so that a judge finds faults of the site and none of the server, and it remembers what
it was asked for. It knows no more of aibild's output than that a file name with a hash in it never changes.
"""

from __future__ import annotations

import gzip
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.support.listening import listening

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_TEXTUAL = {kind for kind, name in _TYPES.items() if name.startswith(("text/", "application/")) or kind == ".svg"}
_HASHED = re.compile(r"\.[0-9a-f]{8,}\.\w+$")
_HOLD_S = 30


@dataclass(slots=True)
class Served:
    """`url` ends without a slash. `asked` are paths in the order of their requests; `extra` adds pages (or scripts, by the
    ending of their path) that are no files.

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
    with listening(_Answer, _Server) as server:
        served = Served(f"http://127.0.0.1:{server.server_port}", root)
        server.served = served  # type: ignore[attr-defined]
        yield served


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no fault; all else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


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
            self._send(200, Path(path).suffix or ".html", served.extra[path].encode())
            return
        file = served.root / (path.lstrip("/") + ("index.html" if path.endswith("/") else ""))
        missing = served.root / "404.html"
        if file.is_file() and served.root in file.resolve().parents:
            self._send(200, file.suffix, file.read_bytes())
        elif missing.is_file():
            self._send(404, ".html", missing.read_bytes())
        else:
            self._send(404, ".txt", b"not here\n")

    def _send(self, status: int, suffix: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
        if suffix in _TEXTUAL:
            body = self._compressed(body)
        self.send_header("Content-Length", str(len(body)))
        # Files without a hash that browsers keep asking for (icons) get a year as well; pages are always asked for again.
        fresh = suffix in (".html", ".xml", ".json", ".txt") and not _HASHED.search(self.path)
        self.send_header("Cache-Control", "no-cache" if fresh else "public, max-age=31536000, immutable")
        self.end_headers()
        self.wfile.write(body)

    def _compressed(self, body: bytes) -> bytes:
        """The body with gzip where the client takes it."""
        accepted = {part.split(";")[0].strip() for part in self.headers.get("Accept-Encoding", "").split(",")}
        self.send_header("Vary", "Accept-Encoding")
        if "gzip" not in accepted:
            return body
        self.send_header("Content-Encoding", "gzip")
        return gzip.compress(body, compresslevel=6, mtime=0)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test reads `asked` instead."""
