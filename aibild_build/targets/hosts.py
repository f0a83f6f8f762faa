"""Cloudflare Pages and Netlify: a folder with `_headers` and `_redirects` that the host's own tool uploads.

Both switch a whole site at once, keep former deploys and roll back by themselves, so nothing of that is done here. What is done:
the host's limits are counted before a file is written, and lifetimes and `noindex` become header rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config import TargetSettings
from ..errors import DeployError
from ..model import Finding, Level

_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATE = "public, max-age=0, must-revalidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits:
    """What the hosts' documentation says (2026-11-23); 0 where it names no limit."""

    title: str
    files: int = 0
    file_bytes: int = 0
    header_rules: int = 0
    line_chars: int = 2_000
    static_redirects: int = 0
    dynamic_redirects: int = 0
    redirect_chars: int = 1_000


_LIMITS = {
    "cloudflare-pages": _Limits(
        title="Cloudflare Pages",
        files=20_000,  # of the free plan; paid ones take 100,000
        file_bytes=25 * 2**20,
        header_rules=100,
        static_redirects=2_000,
        dynamic_redirects=100,
    ),
    "netlify": _Limits(title="Netlify", files=0),
}


class PagesHost:
    """The folder at `address`, laid out for one of the two."""

    def __init__(self, settings: TargetSettings, root: Path) -> None:
        self._limits = _LIMITS[settings.kind]
        self._folder = (root / settings.address).absolute()
        if self._folder.exists() and not self._folder.is_dir():
            raise DeployError(f"expected a folder for target `{settings.name}`, got something else at {self._folder}")

    @property
    def folder(self) -> Path:
        return self._folder

    def extra(self, paths: Mapping[str, bool], settings: TargetSettings, given: Callable[[str], str]) -> Mapping[str, bytes]:
        """`_headers` where the build wrote none, with `noindex` added where the target asks for it; `_redirects` stays as it is.

        No `Link` is among them: the built-in theme has its styles in the page, and hints for responsive pictures are not obeyed.
        """
        written = given("_headers") if "_headers" in paths else "".join(_rules(paths))
        if settings.noindex:
            written = f"{written.rstrip()}\n\n/*\n  X-Robots-Tag: noindex\n".lstrip()
        return {"_headers": written.encode()}

    def over_limits(self, sizes: Mapping[str, int], given: Callable[[str], str]) -> tuple[Finding, ...]:
        return tuple(self._over(sizes, given))

    def _over(self, sizes: Mapping[str, int], given: Callable[[str], str]) -> Iterator[Finding]:
        limits = self._limits
        if limits.files and len(sizes) > limits.files:
            yield self._finding("", "files", len(sizes), limits.files)
        for path, size in sorted(sizes.items()):
            if limits.file_bytes and size > limits.file_bytes:
                yield self._finding(path, "bytes in one file", size, limits.file_bytes)
        headers = given("_headers").splitlines()
        rules = [line for line in headers if line and not line[0].isspace() and not line.startswith("#")]
        if limits.header_rules and len(rules) > limits.header_rules:
            yield self._finding("_headers", "header rules", len(rules), limits.header_rules)
        for line in headers:
            if len(line) > limits.line_chars:
                yield self._finding("_headers", "characters in one line", len(line), limits.line_chars)
        for rule in rules:
            if rule.count("*") > 1:
                yield self._finding("_headers", f"`*` in one path (`{rule[:60]}`)", rule.count("*"), 1)
        yield from self._redirects(given("_redirects").splitlines() if "_redirects" in sizes else [])

    def _redirects(self, lines: list[str]) -> Iterator[Finding]:
        limits = self._limits
        lines = [line for line in lines if line.strip() and not line.startswith("#")]
        dynamic = [line for line in lines if "*" in line.split()[0] or "/:" in line.split()[0]]
        for name, count, most in (
            ("redirects with `*` or `:name`", len(dynamic), limits.dynamic_redirects),
            ("redirects", len(lines) - len(dynamic), limits.static_redirects),
        ):
            if most and count > most:
                yield self._finding("_redirects", name, count, most)
        for line in lines:
            if len(line) > limits.redirect_chars:
                yield self._finding("_redirects", "characters in one line", len(line), limits.redirect_chars)

    def _finding(self, path: str, what: str, measured: int, limit: int) -> Finding:
        return Finding(
            rule="target-limits",
            level=Level.ERROR,
            message=f"expected at most {limit:,} {what} for {self._limits.title}, got {measured:,}",
            subject=path,
            measured=measured,
            limit=limit,
            hint="nothing was written; leave files out, make them smaller, or choose another target",
        )


def _rules(paths: Mapping[str, bool]) -> Iterator[str]:
    """As few rules as will do, no two for the same header of one file: a folder of files that never change is one pattern."""
    yield "/*\n  X-Content-Type-Options: nosniff\n\n"
    folders: dict[str, set[bool]] = {}
    for path, immutable in paths.items():
        folder, slash, _ = path.rpartition("/")
        while slash:
            folders.setdefault(folder, set()).add(immutable)
            folder, slash, _ = folder.rpartition("/")
        folders.setdefault("", set()).add(immutable)
    for folder, kinds in sorted(folders.items()):
        parent = folders.get(folder.rpartition("/")[0], {False}) if folder else {False}
        if kinds == {True} and parent != {True}:
            yield f"/{folder}/*\n  Cache-Control: {_IMMUTABLE}\n\n" if folder else f"/*\n  Cache-Control: {_IMMUTABLE}\n\n"
    mixed = sorted({path for path, immutable in paths.items() if immutable and folders[path.rpartition("/")[0]] != {True}})
    for path in mixed:
        yield f"/{path}\n  Cache-Control: {_IMMUTABLE}\n\n"
    for name in ("sw.js", "service-worker.js"):
        if name in paths:
            yield f"/{name}\n  Cache-Control: {_REVALIDATE}\n\n"
