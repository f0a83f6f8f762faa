"""What a host would add to a response: the rules of `_headers` and `_redirects` in the output.

Takes the text of those files in the format that Netlify and Cloudflare Pages read, yields headers and targets for a path. Where a
site has no `_headers`, what it would say is said: pictures never change, pages are asked for again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_UNNAMED = "Cache-Control", "no-cache"
_PLACEHOLDER = re.compile(r"\\\*|:[A-Za-z]\w*")
_IMMUTABLE = ("Cache-Control", "public, max-age=31536000, immutable")
_REVALIDATE = ("Cache-Control", "public, max-age=0, must-revalidate")
_NOSNIFF = ("X-Content-Type-Options", "nosniff")

Pair = tuple[str, str]
Rule = tuple[re.Pattern[str], tuple[Pair, ...]]


@dataclass(frozen=True, slots=True)
class Redirect:
    target: str
    status: int


class HostFiles:
    """The two files of one output folder, read again when they change."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._stamp: tuple[object, ...] = ()
        self._rules: tuple[Rule, ...] = ()
        self._redirects: dict[str, Redirect] = {}

    def headers(self, path: str, base_path: str) -> dict[str, str]:
        """The headers for a path of the site, with its slash in front. A later rule adds to an earlier one, as hosts do it."""
        self._refresh(base_path)
        found: dict[str, str] = {}
        for pattern, pairs in self._rules:
            if pattern.fullmatch(path):
                for name, value in pairs:
                    found[name] = f"{found[name]}, {value}" if name in found else value
        found.setdefault(*_UNNAMED)
        return found

    def redirect(self, path: str, base_path: str) -> Redirect | None:
        """Where a former address leads."""
        self._refresh(base_path)
        return self._redirects.get(path)

    def _refresh(self, base_path: str) -> None:
        stamp = (base_path, *(_stamp(self._output / name) for name in ("_headers", "_redirects")))
        if stamp == self._stamp:
            return
        own = _read(self._output / "_headers")
        self._rules = tuple(read_headers(own)) if own is not None else _usual(base_path)
        self._redirects = read_redirects(_read(self._output / "_redirects") or "")
        self._stamp = stamp


def read_headers(text: str) -> list[Rule]:
    """The rules of a `_headers` file. A line that is none is passed by, as hosts do."""
    rules: list[Rule] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            rules.append((_pattern(line.strip()), ()))
        elif rules and ":" in line:
            name, _, value = line.strip().partition(":")
            rules[-1] = (rules[-1][0], (*rules[-1][1], (name.strip(), value.strip())))
    return rules


def read_redirects(text: str) -> dict[str, Redirect]:
    """The lines of `_redirects` that name two plain paths of the site and a status."""
    found = {}
    for line in text.splitlines():
        parts = line.split()
        plain = len(parts) >= 2 and parts[0].startswith("/") and parts[1].startswith("/") and not parts[1].startswith("//")
        if plain and "*" not in parts[0]:
            status = int(parts[2]) if len(parts) > 2 and parts[2] in ("301", "302", "303", "307", "308") else 301
            found[parts[0]] = Redirect(parts[1], status)
    return found


def _usual(base_path: str) -> tuple[Rule, ...]:
    base = re.escape(base_path)
    return (
        (re.compile(f"{base}.*"), (_NOSNIFF,)),
        (re.compile(f"{base}pictures/.*"), (_IMMUTABLE,)),
        (re.compile(rf"{base}(?!pictures/)(?:.*/|.*\.html)?"), (_REVALIDATE,)),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub(lambda found: ".*" if found[0] == r"\*" else "[^/]+", re.escape(text)))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return None
