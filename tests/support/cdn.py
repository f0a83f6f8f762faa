"""A small CDN on 127.0.0.1: a caching proxy before a bucket, with Cloudflare's and CloudFront's way to purge it.

It keeps what it fetched until it is told otherwise, as a shared cache may; so a deploy that forgets to purge is seen. `strips`
has it do to pictures what hosts that optimise them do. In mode `release` it reads the pointer, as an edge function would.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from urllib.parse import unquote, urlsplit

from aibild_build.bucket import Bucket, Object
from tests.support.listening import listening

TOKEN = "cdn-token"


@dataclass(slots=True)
class Cdn:
    """`url` ends with a slash; `purged` are the addresses and paths that were named, `asked` the requests to the origin."""

    url: str
    bucket: Bucket | None = None
    release: bool = False
    strips: bool = False
    refuses: bool = False
    kept: dict[str, Object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def cdn() -> Iterator[Cdn]:
    """Serve while the block runs; its bucket may be named later."""
    with listening(_Edge) as server:
        served = Cdn(f"http://127.0.0.1:{server.server_port}/")
        server.cdn = served  # type: ignore[attr-defined]
        yield served


class _Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served: Cdn = self.server.cdn  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        key = path.lstrip("/") + ("index.html" if path.endswith("/") else "")
        hit = key in served.kept
        found = served.kept.get(key) or self._fetched(served, key)
        if found is None:
            self._send(404, b"not found\n", {"Content-Type": "text/plain"})
            return
        served.kept[key] = found
        headers = found.entry.headers
        sent = {"Content-Type": headers.content_type, "Cache-Control": headers.cache_control}
        body = found.data
        if headers.content_encoding:
            sent["Content-Encoding"] = headers.content_encoding
        elif "gzip" in self.headers.get("Accept-Encoding", "") and headers.content_type.startswith("text/"):
            body, sent["Content-Encoding"] = gzip.compress(body), "gzip"
        if served.strips and headers.content_type.startswith("image/"):
            body = _stripped(body)
        self._send(200, body, {**sent, "X-Cache": "Hit" if hit else "Miss"})

    def do_POST(self) -> None:
        served: Cdn = self.server.cdn  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        served.requests.append((self.path, dict(self.headers), body))
        if served.refuses:
            self._send(500, b"out of order", {})
            return
        cloudflare = re.fullmatch(r"/client/v4/zones/(\w+)/purge_cache", self.path)
        if cloudflare and self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._send(403, b'{"success": false, "errors": [{"message": "Invalid token"}]}', {})
            return
        named = json.loads(body)["files"] if cloudflare else re.findall(r"<Path>([^<]*)</Path>", body.decode())
        served.purged += named
        for one in named:
            path = urlsplit(one).path.lstrip("/")
            served.kept.pop(path + ("index.html" if not path or path.endswith("/") else ""), None)
        self._send(200, b'{"success": true, "errors": []}', {})

    def _fetched(self, served: Cdn, key: str) -> Object | None:
        served.asked.append(key)
        assert served.bucket is not None
        if served.release and (pointer := served.bucket.get("r/current")) is not None:
            paged = served.bucket.get(f"r/{pointer.data.decode().strip()}/{key}")
            if paged is not None:
                return paged
        return served.bucket.get(key) if key else None

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test reads what was asked."""


def _stripped(data: bytes) -> bytes:
    """The picture encoded once more, without a word of what was in it."""
    import pillow_avif  # noqa: F401
    from PIL import Image

    out = BytesIO()
    with Image.open(BytesIO(data)) as picture:
        kind = picture.format or "PNG"
        plain = picture.convert("RGB")
    plain.info.clear()
    plain.save(out, kind)
    return out.getvalue()
