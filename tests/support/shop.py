"""A shop's server on 127.0.0.1: a paged feed behind a token, pictures, and answers that go wrong on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.support.listening import listening


@dataclass(slots=True)
class Shop:
    """`pages` are lists of rows, `files` bytes by path; `wrong` holds, by path, statuses that are answered first, one a request,
    and 0 for a connection that breaks off in the middle. `asked` are (path, headers) in order. `link` names the next page by
    header, otherwise the body does."""

    url: str
    token: str = "open-sesame"
    pages: list[list[dict[str, object]]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    link: bool = False


@contextmanager
def serve_shop() -> Iterator[Shop]:
    with listening(_Answer) as server:
        shop = Shop(f"http://127.0.0.1:{server.server_port}")
        server.shop = shop  # type: ignore[attr-defined]
        yield shop


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shop: Shop = self.server.shop  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        shop.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if waiting := shop.wrong.get(path):
            status = waiting.pop(0)
            if not status:
                self._send(200, "application/json", b"[1, 2", {}, claimed=500)
                self.close_connection = True
            else:
                self._send(status, "text/plain", b"no", {"Retry-After": "7"} if status == 429 else {})
            return
        if path in shop.moved:
            self._send(302, "text/plain", b"", {"Location": shop.moved[path]})
        elif path in shop.files:
            kind, data = shop.files[path]
            self._tagged(kind, data, {})
        elif path == "/rows":
            self._page(shop, int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0]))
        else:
            self._send(404, "text/plain", b"none", {})

    def _page(self, shop: Shop, number: int) -> None:
        if self.headers.get("Authorization") != f"Bearer {shop.token}":
            self._send(401, "text/plain", b"who?", {})
            return
        following = f"/rows?page={number + 1}" if number < len(shop.pages) else ""
        body: dict[str, object] = {"data": {"rows": shop.pages[number - 1]}}
        headers = {"Link": f'<{following}>; rel="next"'} if following and shop.link else {}
        if not shop.link:
            body["next"] = following or None
        self._tagged("application/json", json.dumps(body).encode(), headers)

    def _tagged(self, kind: str, data: bytes, headers: dict[str, str]) -> None:
        tag = f'"{hash(data) & 0xFFFFFFFF:x}"'
        if self.headers.get("If-None-Match") == tag:
            self._send(304, kind, b"", {"ETag": tag, **headers})
        else:
            self._send(200, kind, data, {"ETag": tag, **headers})

    def _send(self, status: int, kind: str, data: bytes, headers: dict[str, str], claimed: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if claimed is None else claimed))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
