"""The hosted image services as local servers, written from their public API descriptions: `openai`, `ideogram`, `firefly`.

One server plays all three on 127.0.0.1. It checks requests as the services say they do (key, required fields, allowed values),
remembers them, and can be told to misbehave: each mood in `moods` is used up by one request for a picture, or, if it begins with
"link", by one download, or with "status", by one look at a job.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aibild_build.imagefile import encode_png
from aibild_build.model import Json

KEY = "sk-local-0123456789abcdef"
CLIENT_SECRET = "p8e-local-fedcba9876543210"
ENVIRON = {
    "OPENAI_API_KEY": KEY,
    "IDEOGRAM_API_KEY": KEY,
    "FIREFLY_SERVICES_CLIENT_ID": KEY,
    "FIREFLY_SERVICES_CLIENT_SECRET": CLIENT_SECRET,
}
MANIFEST = b"jumb-of-the-service " * 4
USAGE: dict[str, Json] = {
    "input_tokens": 40,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 0},
    "output_tokens": 1000,
    "total_tokens": 1040,
}
SLOW_S = 0.4


@dataclass(slots=True)
class Seen:
    """One request: `fields` is its body, whatever form it had."""

    method: str
    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Vendors:
    """`url` ends without a slash. `signed` makes pictures carry a C2PA manifest; `retry_after` is what a 429 says;
    a job is done when it was looked at `looks_needed` times."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    moods: deque[str] = field(default_factory=deque)
    retry_after: str = "7"
    signed: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    looks_needed: int = 3

    def settings(self, engine: str, **more: Json) -> dict[str, Json]:
        """The table `[engines.NAME]` that leads to this server."""
        own: dict[str, dict[str, Json]] = {
            "openai": {"base_url": f"{self.url}/v1"},
            "ideogram": {"base_url": self.url},
            "firefly": {"base_url": self.url, "token_url": f"{self.url}/ims/token/v3", "per_minute": 0},
        }
        return {**own[engine], **more}

    def orders(self) -> list[Seen]:
        """The requests for pictures alone."""
        return [seen for seen in self.seen if seen.path in _ORDERS]


_ORDERS = ("/v1/images/generations", "/v1/ideogram-v3/generate", "/v3/images/generate-async")


@contextmanager
def serve_vendors() -> Iterator[Vendors]:
    """Serve while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    vendors = Vendors(f"http://127.0.0.1:{server.server_port}")
    server.vendors = vendors  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield vendors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def picture(width: int, height: int, words: str, *, signed: bool = False) -> bytes:
    """A PNG of one colour that the words decide; with a `caBX` chunk (C2PA 2.1, A.3.3) if it is signed."""
    colour = hashlib.sha256(words.encode()).digest()[:3]
    data = encode_png(colour * (width * height), (width, height), "RGB")
    if not signed:
        return data
    chunk = b"caBX" + MANIFEST
    end_of_header = 8 + 25
    return (
        data[:end_of_header]
        + struct.pack(">I", len(MANIFEST))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + data[end_of_header:]
    )


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def vendors(self) -> Vendors:
        return self.server.vendors  # type: ignore[attr-defined, no-any-return]

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the test reads `seen` instead."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.vendors.seen.append(Seen("GET", path, dict(self.headers.items()), {}))
        if path.startswith("/files/"):
            self._file(path)
        elif path.startswith("/status/"):
            self._status(path)
        else:
            self._json(404, {"error": "not here"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        fields = _fields(self.headers.get("Content-Type", ""), body)
        self.vendors.seen.append(Seen("POST", path, dict(self.headers.items()), fields))
        if path == "/ims/token/v3":
            self._token(fields)
        elif path in _ORDERS and not self._misbehave():
            {_ORDERS[0]: self._openai, _ORDERS[1]: self._ideogram, _ORDERS[2]: self._firefly}[path](fields)

    # what goes wrong before anything is looked at

    def _misbehave(self) -> bool:
        mood = self._mood("")
        if mood == "429":
            self._json(429, {"error": {"message": "Rate limit reached"}}, {"Retry-After": self.vendors.retry_after})
        elif mood.isdigit():
            self._json(int(mood), {"error": {"message": f"status {mood}", "code": "server_error"}})
        elif mood == "empty":
            self._json(429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
        elif mood == "cut":
            self._cut()
        elif mood == "slow":
            threading.Event().wait(SLOW_S)
            self._json(200, {})
        elif mood == "drip":
            self._drip()
        elif mood == "huge":
            self._send(200, b" " * 3_000_000, "application/json")
        elif mood == "garbage":
            self._send(200, b"<html>hello</html>", "text/html")
        else:
            if mood:
                self.vendors.moods.appendleft(mood)
            return False
        return True

    def _mood(self, beginning: str) -> str:
        """Takes the next mood if it is of this kind."""
        moods = self.vendors.moods
        if moods and (moods[0].startswith(beginning) if beginning else not moods[0].startswith(("link", "status"))):
            return moods.popleft()
        return ""

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b'{"data": [')
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _drip(self) -> None:
        """One byte after the other: no read ever takes long, and the whole would take for ever."""
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        for _ in range(40):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                break
            threading.Event().wait(0.01)
        self.close_connection = True

    # the three services

    def _openai(self, fields: Mapping[str, Any]) -> None:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            message = f"Incorrect API key provided: {given[:6]}***{given[-4:]}."
            self._json(401, {"error": {"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}})
            return
        wrong = {"seed", "negative_prompt"} & set(fields)
        if wrong or not fields.get("prompt") or fields.get("n") != 1 or fields.get("quality") not in ("low", "medium", "high"):
            self._json(
                400, {"error": {"message": f"Unknown or missing parameter {sorted(wrong)}", "type": "invalid_request_error"}}
            )
            return
        width, height = map(int, fields["size"].split("x"))
        if width % 16 or height % 16 or not 655_360 <= width * height <= 8_294_400 or max(width, height) > 3 * min(width, height):
            self._json(400, {"error": {"message": f"Invalid size {fields['size']}", "code": "invalid_value"}})
            return
        if self._refused({"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}):
            return
        data = self._picture(width, height, fields["prompt"])
        content: dict[str, Json] = {"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}], "usage": USAGE}
        self._json(200, content, {"x-request-id": "req_1"})

    def _ideogram(self, fields: Mapping[str, Any]) -> None:
        if self.headers.get("Api-Key") != KEY:
            self._json(401, {"error": f"Not authorized: {self.headers.get('Api-Key')}"})
            return
        if not self.headers.get("Content-Type", "").startswith("multipart/form-data") or not fields.get("prompt"):
            self._json(400, {"error": "Invalid input provided."})
            return
        if self._refused({"error": "Prompt failed the safety check."}, 422):
            return
        width, height = map(int, fields["resolution"].split("x"))
        mood = self._mood("unsafe")
        data = self._picture(width, height, fields["prompt"] + fields["seed"])
        made = {
            "url": None if mood else self._link(data),
            "prompt": fields["prompt"],
            "resolution": fields["resolution"],
            "is_image_safe": not mood,
            "seed": int(fields["seed"]),
            "style_type": fields["style_type"],
        }
        self._json(200, {"created": "2026-11-23T00:00:00Z", "data": [made]})

    def _token(self, fields: Mapping[str, Any]) -> None:
        if (fields.get("client_id"), fields.get("client_secret")) != (KEY, CLIENT_SECRET):
            self._json(400, {"error": "invalid_client", "error_description": f"wrong {fields.get('client_secret')}"})
            return
        self.vendors.tokens += 1
        self._json(200, {"access_token": self._current(), "token_type": "bearer", "expires_in": 86399})

    def _current(self) -> str:
        return f"eyJ-local-token-{self.vendors.tokens}"

    def _firefly(self, fields: Mapping[str, Any]) -> None:
        if self.headers.get("Authorization") != f"Bearer {self._current()}" or self.headers.get("x-api-key") != KEY:
            self._json(401, {"error_code": "401013", "message": "Oauth token is not valid"})
            return
        if not 1 <= len(fields.get("prompt", "")) <= 1024 or fields.get("numVariations") != len(fields.get("seeds", ())):
            self._json(422, {"error_code": "validation_error", "message": "Request is not valid"})
            return
        if self._refused({"error_code": "prompt_unsafe", "message": "The prompt violates the guidelines."}, 422):
            return
        name = f"urn:ff:jobs:{len(self.vendors.jobs)}"
        size = fields["size"]
        words = fields["prompt"] + str(fields["seeds"])
        self.vendors.jobs[name] = {
            "data": self._picture(size["width"], size["height"], words),
            "seed": fields["seeds"][0],
            "looks": 0,
        }
        status = f"{self.vendors.url}/status/{name}"
        self._json(202, {"jobId": name, "statusUrl": status, "cancelUrl": status})

    def _status(self, path: str) -> None:
        job = self.vendors.jobs[path.removeprefix("/status/")]
        job["looks"] += 1
        mood = self._mood("status")
        if mood == "status failed":
            fault = {"error_code": "image_unsafe", "message": "The picture was filtered."}
            self._json(200, {"status": "failed", **fault})
        elif mood == "status running":
            self.vendors.moods.appendleft(mood)
            self._json(200, {"status": "running"})
        elif job["looks"] < self.vendors.looks_needed:
            self._json(200, {"status": "running"})
        else:
            output = {"seed": job["seed"], "image": {"url": self._link(job["data"])}}
            self._json(200, {"status": "succeeded", "result": {"outputs": [output]}})

    # pictures and links

    def _refused(self, fault: Json, status: int = 400) -> bool:
        if not self._mood("refuse"):
            return False
        self._json(status, fault)
        return True

    def _picture(self, width: int, height: int, words: str) -> bytes:
        if self._mood("wrong size"):
            width, height = width // 2, height // 2
        if self._mood("no picture"):
            return b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        return picture(width, height, words, signed=self.vendors.signed)

    def _link(self, data: bytes) -> str:
        name = f"/files/{len(self.vendors.files)}.png"
        self.vendors.files[name] = data
        return f"{self.vendors.url}{name}?signature=secret-signature"

    def _file(self, path: str) -> None:
        mood = self._mood("link")
        if mood == "link expired":
            self._send(403, b"<Error>Request has expired</Error>", "application/xml")
        elif mood == "link cut":
            self._cut()
        else:
            self._send(200, self.vendors.files[path], "image/png")

    def _json(self, status: int, value: Json, headers: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", headers)

    def _send(self, status: int, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def _fields(media_type: str, body: bytes) -> dict[str, Any]:
    """JSON, a form, or multipart, as one mapping."""
    if media_type.startswith("application/json"):
        value = json.loads(body)
        assert isinstance(value, dict)
        return value
    if media_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    message = message_from_bytes(b"Content-Type: " + media_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    parts = message.iter_parts() if message.is_multipart() else ()
    return {str(part.get_param("name", header="content-disposition")): part.get_content().strip() for part in parts}
