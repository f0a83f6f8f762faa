"""Markdown → body pieces: HTML text between the pictures and links that only rendering can resolve.

Takes CommonMark with tables, footnotes, strikethrough, task lists and heading attributes; yields pieces, headings and the ids
that a link may point at. Raw HTML passes as it is. Code keeps its `language-…` class and is coloured when its page is rendered.
It opens no file: what a picture's target means is asked of the caller.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import unquote

import pyromark
from pyromark import Options

from ..model import Finding, Heading, LinkRef, Origin, PictureRef
from .strings import phrase

PROSE = "prose"

_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_HEADING_ATTRIBUTES
)

# What the parser writes and we change; everything between is copied. Comments are matched so that nothing inside them is.
# All of it begins with one literal "<", which lets the regular expression engine skip text quickly.
_MARKS = re.compile(
    r"<(?:!--(?:.*?-->|.*)"
    r"|h(?P<whole>[1-6])>(?P<words>[^<]{0,10000})</h(?P=whole)>"
    r"|h(?P<level>[1-6])(?P<attributes>(?: [^<>]*)?)>"
    r"|/h(?P<closed>[1-6])>"
    r'|(?P<alone>p><)?img src="(?P<src>[^"]*)" alt="(?P<alt>[^"]*)"(?: title="(?P<title>[^"]*)")? />(?(alone)</p>)'
    r'|a href="(?P<href>(?!https?:)[^"]*)"'
    r"|table(?P<table>>)?"
    r"|(?P<table_end>/table>)"
    r'|input disabled="" type="checkbox"(?P<task> checked=""|)/>'
    r'|sup class="footnote-reference"><a href="#(?P<note>[^"]*)">'
    r'|div class="footnote-definition" id="(?P<definition>[^"]*)"><sup class="footnote-definition-label">(?P<label>\d+)</sup>)',
    re.S,
)
# What the built-in templates call their own elements: a heading "Next" must not get the same id as what to read next.
_THEME_IDS = frozenset({"credits", "main", "next", "pages", "toc"})
_ID = re.compile(r"""\sid=(?:"([^"]*)"|'([^']*)')""")
_RAW = re.compile(r"<(?:a|img)\b", re.I)
_GAP, _NO_WORD = re.compile(r"[\s-]+"), re.compile(r"[^\w\s-]")
_TAG = re.compile(r"<[^<>]*>")
_TARGET = re.compile(r"\]\(([^)\s]*)[)\s]")
_ADDRESS = re.compile(r'(?:href|src)="([^"]*)"')
_HEADING_LENGTH = 10_000  # what has no end by then is raw HTML that has none at all
_SOURCE_LINK = re.compile(r"(?![a-zA-Z][a-zA-Z0-9+.-]*:|//)[^?#]+\.md(?:#.*)?")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")

PictureTarget = Callable[[str, Origin], "tuple[str | None, tuple[Finding, ...]]"]
"""A target as written and where → the brief's id (None when it cannot be used) and the findings."""


@dataclass(frozen=True, slots=True)
class Text:
    """A body as read. `ids` are all ids in it; `links` are its links to source files and to places in its own page."""

    body: tuple[str | PictureRef | LinkRef, ...]
    headings: tuple[Heading, ...]
    ids: frozenset[str]
    links: tuple[LinkRef, ...]


def read_markdown(
    text: str, path: str, first_line: int, lang: str, picture_target: PictureTarget
) -> tuple[Text, tuple[Finding, ...]]:
    """The pieces of a Markdown text that begins at `first_line` of the file `path` (relative to the project)."""
    html = pyromark.html(text, options=_OPTIONS)
    reading = _Reading(html, _Places(text, html, path, first_line), lang, picture_target)
    return reading.read(), tuple(reading.findings)


def slug_of(text: str) -> str:
    """A heading's text as an id: lower case, letters and digits of any script, hyphens between. May be empty."""
    folded = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()
    return _GAP.sub("-", _NO_WORD.sub("", folded)).strip("-_")


class _Reading:
    """One walk over the parser's HTML."""

    def __init__(self, html: str, places: _Places, lang: str, picture_target: PictureTarget) -> None:
        self._html = html
        self._places = places
        self._lang = lang
        self._picture_target = picture_target
        self._pieces: list[str | PictureRef | LinkRef] = []
        self._text: list[str] = []
        self._headings: list[Heading] = []
        self._links: list[LinkRef] = []
        self._ids = {double or single for double, single in (_ID.findall(html) if "id=" in html else ())} | _THEME_IDS
        self._closed: dict[str, int] = {}
        self._numbers: dict[str, int] = {}  # where to go on when an id is taken
        self._open = ""  # id of the heading that is open
        self._tables: list[bool] = []
        self._notes: set[str] = set()
        self.findings: list[Finding] = []

    def read(self) -> Text:
        at = 0
        for mark in _MARKS.finditer(self._html):
            self._text.append(self._html[at : mark.start()])
            self._take(mark)
            at = mark.end()
        self._text.append(self._html[at:])
        self._flush()
        return Text(tuple(self._pieces), tuple(self._headings), frozenset(self._ids), tuple(self._links))

    def _take(self, mark: re.Match[str]) -> None:
        match mark.lastgroup:
            case "href":
                self._link(mark)
            case "words":
                self._plain_heading(mark)
            case "closed":
                self._heading_end(mark)
            case "attributes":
                self._heading(mark)
            case "alt" | "title":
                self._picture(mark)
            case "note":
                self._note(mark["note"])
            case "label":
                self._definition(mark["definition"], mark["label"])
            case "task":
                self._task(mark)
            case "table" | "table_end":
                self._table(mark)
            case _:
                if mark[0].startswith("<table"):
                    self._table(mark)
                else:
                    self._text.append(mark[0])

    def _picture(self, mark: re.Match[str]) -> None:
        target = unescape(mark["src"])
        origin = (
            None if _ELSEWHERE.match(target) and not target.startswith(("brief:", "file:")) else self._places.image(mark["src"])
        )
        if origin is None:  # raw HTML, or a picture on another site
            self._text.append(mark[0])
            return
        brief, findings = self._picture_target(unquote(target), origin)
        self.findings += findings
        if brief is not None:
            alt, caption = unescape(mark["alt"]), unescape(mark["title"] or "")
            inline = mark["alone"] is None
            self._piece(PictureRef(brief=brief, slot=PROSE, alt=alt, caption=caption, origin=origin, inline=inline))

    def _link(self, mark: re.Match[str]) -> None:
        target = unquote(unescape(mark["href"]))
        origin = self._places.link(mark["href"]) if target.startswith("#") or _SOURCE_LINK.fullmatch(target) else None
        if origin is None:
            self._text.append(mark[0])
            return
        link = LinkRef(target=target, origin=origin)
        self._links.append(link)
        self._text.append('<a href="')
        self._piece(link)
        self._text.append('"')

    def _heading(self, mark: re.Match[str]) -> None:
        end = self._heading_closed(mark["level"], mark.end())
        if end > mark.end() + _HEADING_LENGTH:
            self._text.append(mark[0])
            return
        inside = self._html[mark.end() : end]
        text = " ".join(unescape(_TAG.sub("", inside) if "<" in inside else inside).split())
        given = _ID.search(mark["attributes"]) if mark["attributes"] else None
        if given:
            self._open = unescape(given[1] or given[2] or "")
            self._text.append(mark[0])
        else:
            self._open = self._free(slug_of(text) or phrase(self._lang, "section"))
            self._text.append(f'<h{mark["level"]}{mark["attributes"]} id="{escape(self._open)}">')
        self._headings.append(Heading(level=int(mark["level"]), id=self._open, text=text))

    def _plain_heading(self, mark: re.Match[str]) -> None:
        """A heading without markup in it, which most are."""
        level, words = mark["whole"], mark["words"]
        text = " ".join((unescape(words) if "&" in words else words).split())
        name = self._free(slug_of(text) or phrase(self._lang, "section"))
        self._headings.append(Heading(level=int(level), id=name, text=text))
        self._open = ""
        self._text.append(f'<h{level} id="{escape(name)}">{words}{self._anchor(name, text)}</h{level}>')

    def _anchor(self, name: str, text: str) -> str:
        label = phrase(self._lang, "heading_link", text=text)
        return f'<a class="anchor" href="#{escape(name)}" aria-label="{escape(label)}">#</a>'

    def _heading_closed(self, level: str, at: int) -> int:
        """Where the next end tag of that level stands, beyond the text where there is none; each is looked for once."""
        if self._closed.get(level, -1) < at:
            end = self._html.find(f"</h{level}>", at)
            self._closed[level] = end if end >= 0 else len(self._html) + _HEADING_LENGTH + 1
        return self._closed[level]

    def _heading_end(self, mark: re.Match[str]) -> None:
        if self._open:
            self._text.append(self._anchor(self._open, self._headings[-1].text))
        self._open = ""
        self._text.append(mark[0])

    def _task(self, mark: re.Match[str]) -> None:
        label = phrase(self._lang, "task_done" if mark["task"] else "task_open")
        self._text.append(f'<input disabled type="checkbox"{" checked" if mark["task"] else ""} aria-label="{escape(label)}">')

    def _note(self, name: str) -> None:
        place = "" if name in self._notes else f' id="fnref-{name}"'
        self._notes.add(name)
        self._ids.update((f"fn-{name}", f"fnref-{name}"))
        self._text.append(f'<sup class="footnote-reference"><a{place} href="#fn-{name}">')

    def _definition(self, name: str, label: str) -> None:
        self._text.append(f'<div class="footnote-definition" id="fn-{name}"><sup class="footnote-definition-label">')
        back = escape(phrase(self._lang, "footnote_back"))
        self._text.append(
            f'<a href="#fnref-{name}" aria-label="{back} {label}">{label}</a></sup>' if name in self._notes else f"{label}</sup>"
        )

    def _table(self, mark: re.Match[str]) -> None:
        if mark["table_end"]:
            wrapped = self._tables.pop() if self._tables else False
            self._text.append("</table></div>" if wrapped else "</table>")
            return
        ours = mark["table"] is not None
        self._tables.append(ours)
        label = escape(phrase(self._lang, "table"))
        # A wide table scrolls on a small screen; without tabindex a keyboard cannot scroll it.
        self._text.append(f'<div class="table" role="group" tabindex="0" aria-label="{label}"><table>' if ours else mark[0])

    def _free(self, wanted: str) -> str:
        name, number = wanted, self._numbers.get(wanted, 2)
        while name in self._ids:
            name, number = f"{wanted}-{number}", number + 1
        self._ids.add(name)
        self._numbers[wanted] = number
        return name

    def _piece(self, piece: PictureRef | LinkRef) -> None:
        self._flush()
        self._pieces.append(piece)

    def _flush(self) -> None:
        if text := "".join(self._text):
            self._pieces.append(text)
        self._text.clear()


class _Places:
    """Where in the file each Markdown image and link stands.

    A glance tells it when a target stands as often between "](" and ")" in the text as in the HTML. Where that fails (code
    that shows a link, reference links, raw HTML) the parser is asked again, with positions: as long as all else together.
    """

    def __init__(self, text: str, html: str, path: str, first_line: int) -> None:
        self._text = text
        self._html = html
        self._path = path
        self._first_line = first_line
        self._raw = _RAW.search(text) is not None
        self._glanced: dict[str, Iterator[int] | None] = {}
        self._found: dict[tuple[str, str], deque[tuple[int, int]]] | None = None
        self._passed = {"Image": -1, "Link": -1}
        self._ends: list[int] = []
        self._written: dict[str, list[int]] = {}
        self._addressed: Counter[str] = Counter()

    def image(self, address: str) -> Origin | None:
        """The place of the next image with this address, as the HTML has it; None when there is none: then it was raw HTML."""
        return self._next("Image", address)

    def link(self, address: str) -> Origin | None:
        return self._next("Link", address)

    def _next(self, kind: str, address: str) -> Origin | None:
        target = unquote(unescape(address))
        if not self._raw:
            if address not in self._glanced:
                self._glanced[address] = self._glance(target, address)
            if lines := self._glanced[address]:
                return Origin(path=self._path, line=next(lines))
        if self._found is None:
            self._found = {}
            for order, (found, written, line) in enumerate(self._events()):
                self._found.setdefault((found, written), deque()).append((order, line))
        waiting = self._found.get((kind, target), deque())
        while waiting:
            order, line = waiting.popleft()
            if order > self._passed[kind]:
                self._passed[kind] = order
                return Origin(path=self._path, line=line)
        return None

    def _glance(self, target: str, address: str) -> Iterator[int] | None:
        """The lines of a target in order, None when it takes a closer look."""
        if not self._addressed:
            self._ends = [found.start() for found in re.finditer("\n", self._text)]
            self._addressed = Counter(_ADDRESS.findall(self._html))
            for found in _TARGET.finditer(self._text):
                self._written.setdefault(found[1], []).append(found.start())
        starts = self._written.get(target, ())
        if not starts or len(starts) != self._addressed[address]:
            return None
        return iter([self._first_line + bisect_left(self._ends, start) for start in starts])

    def _events(self) -> Iterator[tuple[str, str, int]]:
        raw = self._text.encode()
        ends = [found.start() for found in re.finditer(rb"\n", raw)]
        depth = 0  # an image's description may hold images and links, which become plain text
        for event, span in pyromark.events_with_range(self._text, options=_OPTIONS):
            if not isinstance(event, dict):
                continue
            if event.get("End") == "Image":
                depth -= 1
            start = event.get("Start")
            if not isinstance(start, dict):
                continue
            for kind in ("Image", "Link"):
                if kind in start and not depth:
                    yield kind, unquote(start[kind]["dest_url"]), self._first_line + bisect_left(ends, span["start"])
            depth += "Image" in start
