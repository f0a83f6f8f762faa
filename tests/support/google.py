"""A small server that answers as Google's documentation of the Cloud Storage XML API says: no server of Google's runs here.

Objects with generations, `x-goog-if-generation-match`, copies, lists of version 2 and uploads in parts, all in memory. It is a
recording of documents, not of a service: what Google does and does not say is not found out by it. Credentials are not tried:
`Server.environ` tells obstore to send none (`disable_oauth`).

https://cloud.google.com/storage/docs/xml-api/overview · https://cloud.google.com/storage/docs/request-preconditions
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import gmtime, strftime, time
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.buckets import Server
from tests.support.listening import listening

_KEPT = ("content-type", "cache-control", "content-encoding")


@dataclass(frozen=True)
class Blob:
    data: bytes
    headers: dict[str, str]
    generation: int
    modified: float

    @property
    def told(self) -> dict[str, str]:
        stamps = {"ETag": f'"{md5(self.data).hexdigest()}"', "x-goog-generation": str(self.generation)}
        return {**self.headers, **stamps, "Last-Modified": formatdate(self.modified, usegmt=True)}


@dataclass
class Shelf:
    blobs: dict[str, Blob] = field(default_factory=dict)
    parts: dict[str, tuple[dict[str, str], dict[int, bytes]]] = field(default_factory=dict)
    generation: int = 1_700_000_000_000_000
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, key: str, data: bytes, headers: dict[str, str], wanted: str | None) -> Blob | None:
        """None where `wanted` (a generation, 0 for "nothing is there") is not what is there."""
        with self.lock:
            there = self.blobs.get(key)
            if wanted is not None and int(wanted) != (there.generation if there is not None else 0):
                return None
            self.generation += 1
            self.blobs[key] = Blob(data, headers, self.generation, time())
            return self.blobs[key]


@contextmanager
def google(page: int = 1000) -> Iterator[Server]:
    """Running on a free port, `page` keys in a page of a list."""
    shelf = Shelf()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            key, asked = self._asked()
            if not key.partition("/")[2]:
                self._send(200, _listing(shelf, key.rstrip("/"), asked, page), {"Content-Type": "application/xml"})
            elif (blob := shelf.blobs.get(key)) is None:
                self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                self._send(200, blob.data, blob.told)

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            key, asked = self._asked()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given = {name.lower(): value for name, value in self.headers.items()}
            headers = {name: value for name, value in given.items() if name in _KEPT or name.startswith("x-goog-meta-")}
            if "uploadId" in asked:
                shelf.parts[asked["uploadId"]][1][int(asked["partNumber"])] = body
                self._send(200, headers={"ETag": f'"{md5(body).hexdigest()}"'})
                return
            source = unquote(given.get("x-goog-copy-source", "")).lstrip("/")
            if source:
                if source not in shelf.blobs:
                    self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
                    return
                body, headers = shelf.blobs[source].data, shelf.blobs[source].headers
            done = shelf.write(key, body, headers, given.get("x-goog-if-generation-match"))
            if done is None:
                self._send(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            else:
                self._send(200, headers={name: value for name, value in done.told.items() if name[0] != "c"})

        def do_POST(self) -> None:
            key, asked = self._asked()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "uploadId" in asked:
                headers, parts = shelf.parts.pop(asked["uploadId"])
                done = shelf.write(key, b"".join(parts[number] for number in sorted(parts)), headers, None)
                told = done.told if done is not None else {}
                text = f"<CompleteMultipartUploadResult><ETag>{escape(told['ETag'])}</ETag></CompleteMultipartUploadResult>"
                self._send(200, text.encode(), {"x-goog-generation": told["x-goog-generation"]})
                return
            given = {name.lower(): value for name, value in self.headers.items()}
            kept = {name: value for name, value in given.items() if name in _KEPT or name.startswith("x-goog-meta-")}
            name = str(len(shelf.parts) + 1)
            shelf.parts[name] = kept, {}
            text = f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
            self._send(200, text.encode())

        def do_DELETE(self) -> None:
            there = shelf.blobs.pop(self._asked()[0], None)
            self._send(204 if there is not None else 404)

        def _asked(self) -> tuple[str, dict[str, str]]:
            parts = urlsplit(self.path)
            return unquote(parts.path).lstrip("/"), dict(parse_qsl(parts.query, keep_blank_values=True))

        def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD" and status != 204:
                with suppress(BrokenPipeError, ConnectionResetError):  # somebody who will not read so much
                    self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with listening(Answering) as server:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        account = {"private_key": "", "private_key_id": "", "client_email": "", "disable_oauth": True, "gcs_base_url": endpoint}
        environ = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account)}
        yield Server("gs", endpoint, Path(), environ, environ, 0)


def _listing(shelf: Shelf, bucket: str, asked: dict[str, str], page: int) -> bytes:
    prefix = f"{bucket}/{asked.get('prefix', '')}"
    after = f"{bucket}/{asked.get('continuation-token') or asked.get('start-after', '')}"
    with shelf.lock:
        keys = sorted(key for key in shelf.blobs if key.startswith(prefix) and key > after)
        rows = [(key.removeprefix(f"{bucket}/"), shelf.blobs[key]) for key in keys[:page]]
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(blob.data)}</Size><ETag>{escape(blob.told['ETag'])}</ETag>"
        f"<Generation>{blob.generation}</Generation>"
        f"<LastModified>{strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime(blob.modified))}</LastModified></Contents>"
        for key, blob in rows
    )
    more = f"<NextContinuationToken>{escape(rows[-1][0])}</NextContinuationToken>" if len(keys) > page else ""
    return f"<ListBucketResult><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{contents}</ListBucketResult>".encode()
