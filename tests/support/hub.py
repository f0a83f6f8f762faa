"""A small model hub on 127.0.0.1 that speaks the part of the Hub's API which downloads need.

Repositories are folders; each revision is a commit over the files as they lay there when it was published. Large files are told
as LFS files, named by their SHA-256; small ones by their git object id (https://huggingface.co/docs/hub/api). A server can cut
connections, and can send other bytes than it promised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.support.listening import listening

_LARGE_BYTES = 100_000  # above it a file is kept outside of git
_CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class Hub:
    """`asked` are (method, path, Range header). `cut_after` ends each answer of a large file after so many bytes."""

    url: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    cut_after: int | None = None
    damage: str = ""

    def publish(self, repo: str, revision: str, folder: Path) -> str:
        """Make what lies in the folder the revision's files; returns the commit."""
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        commit = hashlib.sha1(b"".join(name.encode() + data for name, data in files.items()), usedforsecurity=False).hexdigest()
        self.commits[commit] = files
        self.names[repo, revision] = self.names[repo, commit] = commit
        return commit

    def ranges(self, name: str) -> list[str]:
        """The Range headers of all requests for the bytes of a file."""
        return [wanted for method, path, wanted in self.asked if method == "GET" and path.endswith(name)]


@contextmanager
def hub() -> Iterator[Hub]:
    """Runs while the block does."""
    with listening(_Answer) as server:
        found = Hub(f"http://127.0.0.1:{server.server_port}")
        server.hub = found  # type: ignore[attr-defined]
        yield found


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def _answer(self, *, body: bool) -> None:
        served: Hub = self.server.hub  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        served.asked.append((self.command, path, self.headers.get("Range", "")))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"] and len(parts) >= 6:
            self._api(served, "/".join(parts[2:4]), parts[4], parts[5], body=body)
        elif len(parts) >= 5 and parts[2] == "resolve":
            self._file(served, "/".join(parts[:2]), parts[3], "/".join(parts[4:]), body=body)
        else:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, body=body)

    def _api(self, served: Hub, repo: str, what: str, revision: str, *, body: bool) -> None:
        commit = served.names.get((repo, revision))
        if commit is None:
            code = "RevisionNotFound" if any(known == repo for known, _ in served.names) else "RepoNotFound"
            self._send(404, b"{}", {"X-Error-Code": code}, body=body)
            return
        files = served.commits[commit]
        if what == "tree":
            told: object = [_entry(name, data) for name, data in files.items()]
        else:
            told = {
                "id": repo,
                "modelId": repo,
                "sha": commit,
                "private": False,
                "siblings": [{"rfilename": name} for name in files],
            }
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"}, body=body)

    def _file(self, served: Hub, repo: str, revision: str, name: str, *, body: bool) -> None:
        commit = served.names.get((repo, revision))
        data = served.commits[commit].get(name) if commit else None
        if commit is None or data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound" if commit else "RevisionNotFound"}, body=body)
            return
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_oid(data)}"', "Accept-Ranges": "bytes"}
        if len(data) > _LARGE_BYTES:
            digest = hashlib.sha256(data).hexdigest()
            headers |= {"ETag": f'"{digest}"', "X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data))}
        if served.damage and name.endswith(served.damage):
            data = data[:-1] + bytes([data[-1] ^ 1])
        wanted = self.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = served.cut_after if len(data) > _LARGE_BYTES else None
        self._send(206 if wanted else 200, data[start:], headers, body=body, cut=cut)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        sent = data if cut is None else data[:cut]
        for at in range(0, len(sent), _CHUNK_BYTES):
            self.wfile.write(sent[at : at + _CHUNK_BYTES])
        if cut is not None and cut < len(data):
            self.close_connection = True


def _entry(name: str, data: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": _oid(data)}
    if len(data) > _LARGE_BYTES:
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return entry


def _oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
