"""Rules on hosts: how long files may be kept, and whether the site keeps the limits of where it goes.

Read are `_headers` and `_redirects` as Netlify and Cloudflare Pages know them. Limits are those that hosts publish; which host
it is, `[check] host` says. Without header rules nothing is known about lifetimes, so nothing is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault

_LONG_S = 8_380_800  # 97 days: where Lighthouse's estimate of hits passes 0.925
_SHORT_S = 86_400
_MOST_LINE_CHARS = 2_000
_HASHED = re.compile(
    r"[._-](?:(?=[0-9a-f]*\d)[0-9a-f]{8,64}|(?=\w*\d)(?=\w*[A-Z])(?=\w*[a-z])[A-Za-z0-9_]{8,24})\.[a-z0-9]{2,5}$"
)
_HEADER = re.compile(r"(!?\s*[A-Za-z0-9-]+)\s*(?::\s*(.*))?")
_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,12})", re.I)


class _Limits(NamedTuple):
    """What a host takes; None where it names no limit. Redirects are dynamic when their path has `*` or `:name` in it."""

    name: str
    files: int | None = None
    folder_files: int | None = None
    file_bytes: int | None = None
    site_bytes: int | None = None
    header_rules: int | None = None
    header_chars: int | None = None
    static_redirects: int | None = None
    dynamic_redirects: int | None = None
    headers_read: bool = True


# As the hosts' documentation said on 2026-11-23; the table of `site/guide/checking.md` says the same in words
_HOSTS = {
    "cloudflare-pages": _Limits(
        "Cloudflare Pages",
        files=20_000,  # of the free plan; paid ones take 100,000
        file_bytes=25 * 2**20,
        header_rules=100,
        header_chars=_MOST_LINE_CHARS,
        static_redirects=2_000,
        dynamic_redirects=100,
    ),
    "netlify": _Limits("Netlify", folder_files=54_000),
    "github-pages": _Limits("GitHub Pages", file_bytes=100 * 2**20, site_bytes=10**9, headers_read=False),
}
_ANY = _Limits("any host", header_chars=_MOST_LINE_CHARS)

RULES = (
    Rule(
        id="cache-lifetime",
        level=Level.WARNING,
        title="files with a hash in their name may be kept for 97 days or longer",
        source="Lighthouse 13 `cache-insight`",
        hint="write `Cache-Control: public, max-age=31536000, immutable` for them",
    ),
    Rule(
        id="cache-page",
        level=Level.WARNING,
        title="pages are asked for again after a day at the latest",
        source="own",
        hint="write `Cache-Control: public, max-age=0, must-revalidate` for pages: a reader keeps an old one otherwise",
    ),
    Rule(
        id="headers-invalid",
        level=Level.ERROR,
        title="every line of `_headers` and `_redirects` is understood",
        source="Cloudflare Pages and Netlify, headers and redirects",
        hint="a path begins with a slash, headers below it are indented; at most one `*` a path and 2,000 characters a line",
    ),
    Rule(
        id="headers-conflict",
        level=Level.WARNING,
        title="no two header rules set the same header for one file",
        source="Cloudflare Pages, headers: values are joined by commas",
        hint="let patterns exclude each other",
    ),
    Rule(
        id="headers-hint",
        level=Level.WARNING,
        title="no `Link` header hints a responsive picture",
        source="Chromium, Early Hints: media, imagesrcset and imagesizes are ignored",
        hint="preload it in the page's head; hint style sheets and fonts only",
    ),
    Rule(
        id="host-limits",
        level=Level.ERROR,
        title="the site keeps the limits of the host that is set",
        source="the hosts' documentation, 2026-11",
        hint="leave files out, make them smaller, or choose another host",
    ),
    Rule(
        id="host-headers-unread",
        level=Level.WARNING,
        title="the host that is set reads `_headers` and `_redirects`, if there are any",
        source="the hosts' documentation, 2026-11",
        hint="the files do nothing there: `[output] headers = false`",
    ),
)


class _Block(NamedTuple):
    """One rule of `_headers`: a pattern, its line and its headers by lower-case name."""

    pattern: str
    line: int
    headers: Mapping[str, str]

    def fits(self, address: str) -> bool:
        return _compiled(self.pattern).fullmatch(address) is not None


def _whole(notes: Mapping[str, object], site: BuiltSite) -> Iterator[Fault]:
    blocks: list[_Block] = []
    if "_headers" in site.files:
        for found in _read_headers(site):
            if isinstance(found, _Block):
                blocks.append(found)
            else:
                yield found
        yield from _lifetimes(blocks, site)
        yield from _hints(blocks)
    redirects = list(_redirect_lines(site))
    for number, line in redirects:
        words = line.split()
        if len(words) < 2 or not words[0].startswith(("/", "http")) or len(line) > 1_000:
            yield Fault("headers-invalid", "_redirects", f"expected `from to [status]`, got `{line[:60]}`", number)
    if (limits := _HOSTS.get(site.config.checks.host)) is not None:
        dynamic = sum("*" in line.split()[0] or "/:" in line.split()[0] for _, line in redirects)
        yield from _limits(limits, len(blocks), (len(redirects) - dynamic, dynamic), site)


def _read_headers(site: BuiltSite) -> Iterator[_Block | Fault]:
    pattern, at, headers = "", 0, dict[str, str]()
    most = _HOSTS.get(site.config.checks.host, _ANY).header_chars
    for number, line in enumerate(site.read("_headers").decode("utf-8", "replace").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if most is not None and len(line) > most:
            message = f"expected at most {most} characters a line, got {len(line)}"
            yield Fault("headers-invalid", "_headers", message, number, "", len(line), most)
        if line[0] not in " \t":
            if pattern:
                yield _Block(pattern, at, headers)
            pattern, at, headers = text, number, {}
            if not text.startswith(("/", "https://")) or text.count("*") > 1:
                yield Fault("headers-invalid", "_headers", f"expected a path with at most one `*`, got `{text[:60]}`", number)
        elif (found := _HEADER.fullmatch(text)) is None or not pattern or (found[2] is None and not text.startswith("!")):
            yield Fault("headers-invalid", "_headers", f"expected `Name: value` below a path, got `{text[:60]}`", number)
        elif found[2] is not None:
            name = found[1].strip().lower()
            headers[name] = f"{headers[name]}, {found[2]}" if name in headers else found[2]
    if pattern:
        yield _Block(pattern, at, headers)


def _lifetimes(blocks: list[_Block], site: BuiltSite) -> Iterator[Fault]:
    short: list[tuple[str, int | None]] = []
    told: set[tuple[int, int]] = set()
    pages: list[tuple[str, int]] = []
    setting = [block for block in blocks if "cache-control" in block.headers]
    for path in site.files:
        is_page = path.endswith((".html", ".htm"))
        if not is_page and not _HASHED.search(path):
            continue
        address = site.page_url(path)[len(site.base_url) :] if is_page else path
        found = [block for block in setting if block.fits(site.base_path + address)]
        if len({block.headers["cache-control"] for block in found}) > 1 and (found[0].line, found[1].line) not in told:
            told.add((found[0].line, found[1].line))
            message = f"expected one `Cache-Control` for /{address}, got those of {' and '.join(one.pattern for one in found)}"
            yield Fault("headers-conflict", "_headers", message, found[1].line)
        age = _age(found[-1].headers["cache-control"]) if found else None
        if is_page and age is not None and age > _SHORT_S:
            pages.append((address, age))
        elif not is_page and (age is None or age < _LONG_S):
            short.append((address, age))
    if short:
        address, age = short[0]
        got = f"{age} s" if age is not None else "none"
        message = f"expected a lifetime of {_LONG_S} s or more for {len(short)} files with a hash, got {got} for /{address}"
        yield Fault("cache-lifetime", "_headers", message, 1, "", age or 0, _LONG_S)
    if pages:
        address, age = pages[0]
        message = f"expected a lifetime of at most {_SHORT_S} s for {len(pages)} pages, got {age} s for /{address}"
        yield Fault("cache-page", "_headers", message, 1, "", age, _SHORT_S)


def _age(value: str) -> int | None:
    if re.search(r"\bno-(?:store|cache)\b", value, re.I):
        return 0
    found = _AGE.search(value)
    return int(found[1]) if found is not None else None


def _hints(blocks: list[_Block]) -> Iterator[Fault]:
    for block in blocks:
        link = block.headers.get("link", "").lower()
        if "imagesrcset" in link or "imagesizes" in link:
            message = f"expected no responsive picture in a `Link` header, got one for {block.pattern}"
            yield Fault("headers-hint", "_headers", message, block.line)


def _redirect_lines(site: BuiltSite) -> Iterator[tuple[int, str]]:
    if "_redirects" in site.files:
        for number, line in enumerate(site.read("_redirects").decode("utf-8", "replace").splitlines(), start=1):
            if (text := line.partition(" #")[0].strip()) and not text.startswith("#"):
                yield number, text


def _limits(limits: _Limits, rules: int, redirects: tuple[int, int], site: BuiltSite) -> Iterator[Fault]:
    folder, in_folder = Counter(path.rpartition("/")[0] for path in site.files).most_common(1)[0] if site.files else ("", 0)
    counted = (
        ("_headers", "header rules", rules, limits.header_rules),
        ("_redirects", "redirects of one address", redirects[0], limits.static_redirects),
        ("_redirects", "redirects with `*` or `:name`", redirects[1], limits.dynamic_redirects),
        ("", "files", len(site.files), limits.files),
        (folder, "files in a folder", in_folder, limits.folder_files),
        ("", "bytes in all", sum(site.files.values()), limits.site_bytes),
    )
    for path, what, number, most in counted:
        if most is not None and number > most:
            message = f"expected at most {most} {what} on {limits.name}, got {number}"
            yield Fault("host-limits", path, message, measured=number, limit=most)
    for path, size in site.files.items():
        if limits.file_bytes is not None and size > limits.file_bytes:
            message = f"expected files of at most {limits.file_bytes} bytes on {limits.name}, got {size}"
            yield Fault("host-limits", path, message, measured=size, limit=limits.file_bytes)
    for path in ("_headers", "_redirects"):
        if not limits.headers_read and path in site.files:
            yield Fault("host-headers-unread", path, f"expected a host that reads {path}, got {limits.name}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` stands for anything, `:name` for one part of a path."""
    pieces = re.split(r"(\*|:[A-Za-z]\w*)", re.sub(r"^https://[^/]+", "", pattern))
    return re.compile("".join(".*" if one == "*" else "[^/]+" if one[:1] == ":" else re.escape(one) for one in pieces), re.S)


FAMILY = Family(name="hosts", fingerprint=2, rules=RULES, whole=_whole)
