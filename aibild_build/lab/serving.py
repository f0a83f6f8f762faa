"""A server for one folder on 127.0.0.1 that answers as a careful static host: media types, gzip, cache lifetimes, the 404 page.

Takes a folder and the path that the site lives under, yields its address. For a browser on the same machine only.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..imagefile.media import media_type_of

_TEXT = (".html", ".htm", ".css", ".js", ".mjs", ".json", ".xml", ".webmanifest", ".txt", ".svg", ".ico")
_FRESH = (".html", ".htm", ".xml", ".json", ".txt")
_HASHED = re.compile(r"[.-][0-9a-zA-Z_]{8,}\.\w+$")
_YEAR = "public, max-age=31536000, immutable"


@contextmanager
def serve(root: Path, base_path: str) -> Iterator[str]:
    """Serve the folder while the block runs; yields the address of its root, with a slash at the end."""
    server = _Server(("127.0.0.1", 0), _Answer)
    server.root, server.base_path = root.resolve(), base_path
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="lab-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{base_path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    root: Path
    base_path: str

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up in the middle of an answer is nothing to tell of."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        file = self._file(path)
        if file is not None:
            self._send(200, file)
        elif (missing := self.server.root / "404.html").is_file():
            self._send(404, missing)
        else:
            self.send_error(404)

    def _file(self, path: str) -> Path | None:
        """The file of the folder that an address means, None outside of it."""
        base = self.server.base_path
        if not path.startswith(base) or "\0" in path:
            return None
        wanted = self.server.root / path[len(base) :]
        named = (wanted, wanted / "index.html", Path(f"{wanted}.html"))
        for file in (wanted / "index.html",) if path.endswith("/") else named:
            if file.is_file() and self.server.root in file.resolve().parents:
                return file
        return None

    def _send(self, status: int, file: Path) -> None:
        suffix = file.suffix.lower()
        compress = suffix in _TEXT and "gzip" in self.headers.get("Accept-Encoding", "")
        body = _body(file, compress)
        self.send_response(status)
        self.send_header("Content-Type", media_type_of(file.name))
        if suffix in _TEXT:
            self.send_header("Vary", "Accept-Encoding")
        if compress:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        fresh = suffix in _FRESH and not _HASHED.search(file.name)
        self.send_header("Cache-Control", "no-cache" if fresh else _YEAR)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what was asked for is told by the browser."""


@lru_cache(maxsize=256)
def _body(file: Path, compress: bool) -> bytes:
    data = file.read_bytes()
    return gzip.compress(data, 6, mtime=0) if compress else data
