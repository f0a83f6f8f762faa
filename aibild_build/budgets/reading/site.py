"""The built site as a folder: which files are there, where an address leads, what an image file holds.

Takes the output folder, yields `BuiltSite`. File facts come from `.aibild/build.json` where size and digest are equal, from the
file's header otherwise; each file is opened at most once. Symbolic links to folders are not followed, so no circle can form.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from ...canonical import digest_of
from ...config import Config, path_matches
from ...imagefile import ImageFault, probe
from ...model import FileFacts
from .css import Css, read_css
from .embedded import Embedded, as_written, look_inside
from .faults import Fault

MARKER = ".aibild/build.json"
LAZY = ".aibild/lazy.json"
MAX_IMAGE_BYTES = 100_000_000
MAX_TEXT_BYTES = 5_000_000
_JPEG = b"\xff\xd8\xff"
_HEADER_BYTES = (
    16_384  # in most JPEG files all that stands before the pixels; other formats are small, or have marks at their end
)
_OURS = (".aibild", ".git")
_BINARY: int = getattr(os, "O_BINARY", 0)
_PAGES = (".html", ".htm", ".xhtml")
_NO_PLACE = ("data:", "mailto:", "tel:", "javascript:", "sms:", "blob:", "about:", "urn:", "geo:", "whatsapp:")
_INDEX = ("index.html", "index.htm")
# An address that leads where it reads: without query, fragment and dots to work out
_PLAIN = re.compile(r"/(?:[\w~%@-][\w~%@.-]*/)*(?:[\w~%@-][\w~%@.-]*)?", re.A)
_COMPRESSED = (*_PAGES, ".css", ".js", ".mjs", ".json", ".svg", ".xml", ".txt", ".webmanifest", ".ttf", ".otf", ".ico")


class Kind(Enum):
    FILE = "file"
    MISSING = "missing"
    REDIRECT = "redirect"
    ELSEWHERE = "elsewhere"
    BEYOND = "beyond"


class Target(NamedTuple):
    """Where an address leads: to a `FILE` of the site, to one that is `MISSING`, over a `REDIRECT`, `ELSEWHERE` to another host,
    or `BEYOND` the site's folder on its own host. `path` is the file in the output; `url` the address in full."""

    kind: Kind
    path: str
    fragment: str
    url: str


class BuiltSite:
    """Asked by all rules of a run; answers are remembered. `files` maps path to bytes, sorted; `today` is YYYY-MM-DD."""

    def __init__(self, root: Path, base_url: str, config: Config, today: str) -> None:
        self.root = root
        self.config = config
        self.today = today
        self.faults: list[Fault] = []
        self._root = os.path.join(root, "")
        # What tells of each of `files` without a look inside that it is the same, and when it last changed
        self.stamps, self.changed_ns = array("q"), array("q")
        self.files: Mapping[str, int] = dict(self._walk())
        self.away = self._away()
        if self.away:
            self.files = dict(sorted({**self.files, **self.away}.items()))
        self.faults.sort(key=lambda fault: fault.path)
        self.base_url = base_url
        self._targets: dict[str, Target | None] = {}
        self._facts: dict[str, FileFacts | str] = {}
        self._css: dict[str, Css] = {}
        self._embedded: dict[str, Embedded] = {}
        self._transfers: dict[str, int] = {}
        self._last_read = ("", b"")

    @property
    def base_url(self) -> str:
        return self._base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        """A new base makes every remembered target void."""
        self._base_url = url
        parts = urlsplit(url)
        self.host, self._base_path = parts.netloc.lower(), parts.path or "/"
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._targets = {}

    @property
    def base_path(self) -> str:
        """The path of the base URL, "/" for most sites."""
        return self._base_path

    @cached_property
    def pages(self) -> tuple[str, ...]:
        return tuple(path for path in self.files if path.lower().endswith(_PAGES))

    @cached_property
    def marker(self) -> Mapping[str, Any]:
        """What aibild said of this folder when it built it; {} for other people's folders and damaged markers."""
        try:
            found = json.loads((self.root / MARKER).read_bytes())
            return found if isinstance(found, dict) and isinstance(found.get("outputs"), list) else {}
        except (OSError, ValueError, RecursionError):
            return {}

    @cached_property
    def _outputs(self) -> Mapping[str, Mapping[str, Any]]:
        return {str(row.get("path")): row for row in self.marker.get("outputs", ()) if isinstance(row, dict)}

    def _away(self) -> dict[str, int]:
        """Path → bytes of files that a lazy build left in the shared store: its marker speaks for them."""
        try:
            found = json.loads((self.root / LAZY).read_bytes())
            left = {path: digest for path, digest in found["files"].items() if not os.path.lexists(self._root + path)}
            return {path: int(self._outputs[path]["bytes"]) for path in left if self._outputs[path]["digest"] == left[path]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def page_url(self, path: str) -> str:
        """The public address of an HTML file."""
        folder, _, name = path.rpartition("/")
        return self.base_url + ((folder + "/" if folder else "") if name in _INDEX else path)

    def read(self, path: str, limit: int = MAX_TEXT_BYTES) -> bytes:
        """The first `limit` bytes of a file, b"" when it cannot be read; that is told once."""
        if self._last_read[0] == path and len(self._last_read[1]) <= limit:
            return self._last_read[1]
        try:
            data = _start_of(self._root + path, limit)
        except OSError as error:
            message = f"expected a readable file, got: {error.strerror or error}"
            self._unreadable(path, message)
            return b""
        if len(data) < limit:
            self._last_read = (path, data)
        return data

    def resolve(self, url: str, base: str) -> Target | None:
        """Where `url` on the page (or in the sheet) at `base` leads; None for what is no place, such as `data:` and `mailto:`."""
        url = url.strip()
        if url[:11].lower().startswith(_NO_PLACE):
            return None
        key = _key(base, url)
        if key not in self._targets:
            self._targets[key] = self._target(key)
        return self._targets[key]

    def facts(self, path: str) -> FileFacts | None:
        """Format, size and bytes of an image file; None when it cannot be read (see `fault`)."""
        found = self._look(path)
        return found if isinstance(found, FileFacts) else None

    def fault(self, path: str) -> str:
        """Why an image file cannot be read, "" when it can."""
        found = self._look(path)
        return found if isinstance(found, str) else ""

    def embedded(self, path: str) -> Embedded | None:
        """What an image file carries beside its picture; None when it cannot be read."""
        return self._embedded.get(path) if isinstance(self._look(path), FileFacts) else None

    def transfer_bytes(self, path: str) -> int:
        """Bytes that travel for a file: text compressed, from the sidecar beside it where there is one."""
        if path not in self._transfers:
            size = self.files.get(path, 0)
            if path.lower().endswith(_COMPRESSED):
                sidecar = min((self.files[path + end] for end in (".br", ".gz") if path + end in self.files), default=0)
                # Level 1 is a tenth larger than what hosts send: an upper bound at a third of the time
                size = sidecar or min(size, len(zlib.compress(self.read(path), 1)))
            self._transfers[path] = size
        return self._transfers[path]

    def sheet(self, path: str) -> Css:
        """A style sheet of the site."""
        if path not in self._css:
            self._css[path] = read_css(self.read(path).decode("utf-8", "replace"))
        return self._css[path]

    def _look(self, path: str) -> FileFacts | str:
        if path not in self._facts:
            self._facts[path] = self._open(path)
        return self._facts[path]

    def _open(self, path: str) -> FileFacts | str:
        size = self.files.get(path, 0)
        if size > MAX_IMAGE_BYTES:
            return f"the file has {size} bytes, more than {MAX_IMAGE_BYTES} are not read"
        row = self._outputs.get(path)
        if path in self.away and row is not None and (known := _known_facts(row.get("facts"))) is not None:
            self._embedded[path] = as_written(known)
            return known
        if row is None and size > _HEADER_BYTES and (known := self._by_header(path, size)) is not None:
            return known
        data = self.read(path, MAX_IMAGE_BYTES)
        if row is not None and row.get("bytes") == len(data) and row.get("digest") == digest_of(data):
            known = _known_facts(row.get("facts"))
            if known is not None:
                self._embedded[path] = as_written(known)
                return known
        try:
            return self._looked_at(path, data, len(data))
        except ImageFault as fault:
            return str(fault)

    def _by_header(self, path: str, size: int) -> FileFacts | None:
        """The facts of a JPEG whose header ends early enough, without a look at its pixels."""
        data = self.read(path, _HEADER_BYTES)
        try:
            return self._looked_at(path, data, size) if data.startswith(_JPEG) else None
        except ImageFault:
            return None

    def _looked_at(self, path: str, data: bytes, size: int) -> FileFacts:
        found = probe(data)
        self._embedded[path] = look_inside(data, found)
        width, height = found.displayed
        return FileFacts(media_type=found.media_type, width=width, height=height, bytes=size)

    def _target(self, key: str) -> Target | None:
        if self.host and _PLAIN.fullmatch(key):
            return self._here(key, "", self._origin + key)
        url = _joined(self.base_url, key) if key[:1] == "/" else key
        try:
            parts = urlsplit(url)
            host = parts.netloc.lower()
        except ValueError:
            return Target(Kind.MISSING, "", "", url)
        if parts.scheme not in ("http", "https"):
            return None
        if host != self.host:
            return Target(Kind.ELSEWHERE, "", parts.fragment, url)
        return self._here(parts.path, parts.fragment, url)

    def _here(self, address: str, fragment: str, url: str) -> Target:
        """Where a path on the site's own host leads."""
        if not address.startswith(self._base_path) and address + "/" != self._base_path:
            return Target(Kind.BEYOND, "", fragment, url)
        path, fragment = unquote(address[len(self._base_path) :]), unquote(fragment)
        file = self._file(path)
        if file is not None:
            return Target(Kind.FILE, file, fragment, url)
        redirected = any(path_matches(pattern, address) for pattern in self._redirects)
        return Target(Kind.REDIRECT if redirected else Kind.MISSING, path, fragment, url)

    def _file(self, path: str) -> str | None:
        if path == "" or path.endswith("/"):
            return next((path + name for name in _INDEX if path + name in self.files), None)
        options = (path, *(f"{path}/{name}" for name in _INDEX), path + ".html")
        return next((option for option in options if option in self.files), None)

    @cached_property
    def _redirects(self) -> tuple[str, ...]:
        """The addresses that `_redirects` (Netlify's and Cloudflare's format) sends elsewhere, as patterns."""
        if "_redirects" not in self.files:
            return ()
        lines = self.read("_redirects").decode("utf-8", "replace").splitlines()
        return tuple(words[0] for line in lines if len(words := line.split()) > 1 and words[0].startswith("/"))

    def _walk(self) -> Iterable[tuple[str, int]]:
        """Every file, in the order of paths. Text joins rather than `Path`: of 70,000 files each microsecond counts."""
        waiting = [("", 0, 0, 0)]
        while waiting:
            path, size, stamp, changed_ns = waiting.pop()
            if path and path[-1] != "/":
                self.stamps.append(stamp)
                self.changed_ns.append(changed_ns)
                yield path, size
            else:
                waiting += sorted(self._inside(path), reverse=True)

    def _inside(self, folder: str) -> Iterator[tuple[str, int, int, int]]:
        """Path, size, stamp and time of change of each file in a folder; folders end with a slash, which also sorts them."""
        try:
            with os.scandir(self._root + folder) as entries:
                for entry in entries:
                    path = folder + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if path not in _OURS:
                            yield path + "/", 0, 0, 0
                        continue
                    try:
                        found = entry.stat()
                    except OSError as error:
                        self._unreadable(path, f"expected a file, got: {error.strerror or error}")
                        continue
                    if stat.S_ISREG(found.st_mode):
                        size, changed_ns = found.st_size, found.st_ctime_ns
                        yield path, size, hash((size, found.st_mtime_ns, changed_ns)), changed_ns
                    elif not stat.S_ISDIR(found.st_mode):
                        self._unreadable(path, "expected a file or a folder, got something else")
                    elif path not in _OURS:
                        self._unreadable(path, "expected a folder, got a symbolic link to one, which is not followed")
        except OSError as error:
            self._unreadable(folder, f"expected a readable folder, got: {error.strerror or error}")

    def _unreadable(self, path: str, message: str) -> None:
        fault = Fault("file-unreadable", path, message)
        if fault not in self.faults:
            self.faults.append(fault)


def read_site(root: Path, base_url: str, config: Config, today: str) -> BuiltSite:
    """Look at the folder `root`. `base_url` is "" where it is not known yet."""
    return BuiltSite(root, base_url, config, today)


def _start_of(file: str, limit: int) -> bytes:
    """At most `limit` bytes of a file, by plain system calls."""
    opened = os.open(file, os.O_RDONLY | _BINARY)
    try:
        data = os.read(opened, min(limit, os.fstat(opened).st_size + 1))
        while len(data) < limit and (more := os.read(opened, min(limit - len(data), 1 << 20))):
            data += more
        return data
    finally:
        os.close(opened)


def _key(base: str, url: str) -> str:
    """The address in full, or what says as much of it: one with a leading slash leads to the same place from everywhere."""
    if url[:1] == "/" and url[1:2] != "/":
        return url
    if url[:1] == "#":
        return base.partition("#")[0] + url
    return url if url.startswith(("https://", "http://")) and "/." not in url else _joined(base, url)


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _known_facts(row: object) -> FileFacts | None:
    """Facts from the marker; anything of another shape counts as unknown."""
    if not isinstance(row, dict):
        return None
    try:
        found = FileFacts(
            media_type=str(row["media_type"]),
            width=int(row["width"]),
            height=int(row["height"]),
            bytes=int(row["bytes"]),
            unsigned=str(row.get("unsigned", "")),
            fields={str(name): str(value) for name, value in dict(row.get("fields", {})).items()},
            credential=str(row.get("credential", "none")),
        )
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.width > 0 and found.height > 0 else None
