"""Rules on addresses: what pages link to and load is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..model import Level
from . import Family, Rule
from .reading import BuiltSite, Fault, Kind, OnePage, Tag, Target

_LOADED = frozenset({"stylesheet", "icon", "apple-touch-icon", "preload", "modulepreload", "manifest", "mask-icon", "shortcut"})
_EMBEDDED = {"iframe": ("src",), "video": ("src", "poster"), "audio": ("src",), "embed": ("src",), "object": ("data",)}
_ALWAYS_THERE = frozenset({"", "top"})

RULES = (
    Rule(
        id="link-broken",
        level=Level.ERROR,
        title="every link within the site leads to a file",
        source="Lighthouse 13 `http-status-code`; own",
        hint="correct the address, or write the page",
    ),
    Rule(
        id="fragment-broken",
        level=Level.WARNING,
        title="every link into a page leads to an element of it",
        source="HTML standard, section 7.4.6.4",
        hint="give the element that is meant this `id`",
    ),
    Rule(
        id="asset-broken",
        level=Level.ERROR,
        title="every picture, style, script and font that a page names is there",
        source="Lighthouse 13 `errors-in-console`",
        hint="correct the address, or add the file",
    ),
    Rule(
        id="icon-missing",
        level=Level.NOTE,
        title="a page names its icon, or `/favicon.ico` is there",
        source="Lighthouse 13 `errors-in-console`; HTML standard, section 4.6.7.8",
        hint='write `<link rel="icon" href="/icon.svg">`: browsers ask for `/favicon.ico` otherwise, at every page',
    ),
    Rule(
        id="asset-insecure",
        level=Level.ERROR,
        title="a page on https loads nothing over http",
        source="W3C Mixed Content, section 5",
        hint="write `https://`: browsers refuse scripts over http, and show a warning for pictures",
    ),
    Rule(
        id="link-beyond",
        level=Level.NOTE,
        title="links stay within the site's own path",
        source="own",
        hint="the base URL has a path, and this address lies outside of it; check that it is meant",
    ),
)


class _Note(NamedTuple):
    """What a page offers to links and where its own lead: (file, fragment, address as written, line, CSS path)."""

    ids: frozenset[str]
    inner: tuple[tuple[str, str, str, int, str], ...]


def _page(page: OnePage) -> Iterator[Fault]:
    for anchor in page.seen.anchors:
        yield from _link(page, anchor, anchor.get("href"))
    if page.seen.redirect:
        yield from _link(page, None, page.seen.redirect)
    told: set[str] = set()
    is_secure = page.site.base_url.startswith("https:")
    for tag, url, target in _assets(page):
        if url in told:
            continue
        told.add(url)
        if target.kind is Kind.MISSING:
            yield page.fault("asset-broken", f"expected a file at {url}, got none", tag)
        elif target.kind is Kind.BEYOND:
            yield page.fault("link-beyond", f"expected an address below {page.site.base_url}, got {url}", tag)
        if is_secure and target.url.startswith("http:"):
            yield page.fault("asset-insecure", f"expected an address with https, got {url}", tag)
    if page.seen.whole and page.site.base_path == "/" and "favicon.ico" not in page.site.files and not any(page.seen.rel("icon")):
        yield page.fault("icon-missing", 'expected `<link rel="icon">` or a file at /favicon.ico, got neither')


def _link(page: OnePage, tag: Tag | None, url: str) -> Iterator[Fault]:
    target = page.resolve(url)
    if target is None:
        return
    if target.kind is Kind.MISSING:
        yield page.fault("link-broken", f"expected a page or file at {url}, got none", tag)
    elif target.kind is Kind.BEYOND:
        yield page.fault("link-beyond", f"expected an address below {page.site.base_url}, got {url}", tag)


def _assets(page: OnePage) -> Iterator[tuple[Tag, str, Target]]:
    """Everything that the page makes a browser load, with where it is named."""
    for shown in page.pictures:
        for row, option in shown.options():
            if option.target is not None:
                yield row.tag, option.url, option.target
    named: list[tuple[Tag, str, str]] = []
    base = page.seen.base
    for link in page.seen.links:
        if link.get("href") and _LOADED & set(link.get("rel").lower().split()):
            named.append((link, link.get("href"), base))
    named += [(script, script.get("src"), base) for script in page.seen.scripts if script.get("src")]
    for embed in page.seen.embeds:
        named += [(embed, embed.get(name), base) for name in _EMBEDDED.get(embed.name, ()) if embed.get(name)]
    for css, sheet, tag in page.sheets:
        named += [(tag, painted.value, sheet) for painted in css.urls]
        named += [(tag, url, sheet) for face in css.fonts for url in face.urls]
    for tag, url, where in named:
        if not url.startswith("#") and (target := page.site.resolve(url, where)) is not None:
            yield tag, url, target


def _note(page: OnePage) -> _Note:
    inner = []
    for anchor in page.seen.anchors:
        url = anchor.get("href")
        if "#" in url and (target := page.resolve(url)) is not None and target.kind is Kind.FILE:
            fragment = target.fragment.partition(":~:")[0]
            if fragment not in _ALWAYS_THERE:
                inner.append((target.path, fragment, url, anchor.line, anchor.path))
    return _Note(page.seen.ids, tuple(inner))


def _whole(notes: Mapping[str, _Note], site: BuiltSite) -> Iterator[Fault]:
    for path, note in notes.items():
        for file, fragment, url, line, selector in note.inner:
            if file in notes and fragment not in notes[file].ids:
                message = f"expected an element with id `{fragment}` on /{file}, got none for {url}"
                yield Fault("fragment-broken", path, message, line, selector)


FAMILY = Family(name="links", fingerprint=2, rules=RULES, page=_page, note=_note, whole=_whole)
