"""The review board behind the door: addresses → answers, forms → decisions.

An action answers with the address of the page that then shows how things stand, so that loading it again repeats nothing. Where
the lock had changed meanwhile, the page comes back with what it is now and with what was written.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from ...build.board import Entry
from ...build.review import KINDS, Asked
from ..events import Events
from ..files import from_bytes, from_folder
from .desk import Desk
from .view import ASSETS, DEFAULT_LANGUAGE, Notice, Pages, languages, page_name, words_of

_PAGE = re.compile(r"/([a-z0-9-]+)(?:\.([a-z]{2}))?\.html")
_FRAME = re.compile(r"/pages/([a-z0-9-]+)\.(\d{1,3})\.(\d{1,4})\.html")
_BYTES = re.compile(r"/(cuts|evidence)/([0-9a-z-]+)\.(?:webp|png)")
_ASSET = re.compile(r"/(review\.css|review\.js|icon\.svg)")

# A page of the site brings its own styles; its scripts do not run. Without an origin its pictures would count as asked by others.
_FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox allow-same-origin"
)


class Review:
    """`key` is what every form carries; `events` is told when the board changes."""

    def __init__(self, desk: Desk, events: Events, key: str) -> None:
        self._desk, self._events = desk, events
        self._pages = Pages(who=desk.who, key=key)

    def changed(self) -> None:
        """Tell open pages that the board is another now."""
        self._events.tell("changed", self._desk.stamp())

    def answer(self, request: Request) -> Response:
        path = request.path
        if request.method == "POST":
            if path != "/decide":
                raise NotFound("there is no such form")
            return self._decide(request)
        if path == "/":
            best = request.accept_languages.best_match(languages(), DEFAULT_LANGUAGE) or DEFAULT_LANGUAGE
            return Response(status=303, headers={"Location": f"/{page_name('index', best)}"})
        if path == "/events":
            return self._events.response()
        if found := _ASSET.fullmatch(path):
            return from_folder(request, ASSETS, found[1])
        if found := _FRAME.fullmatch(path):
            return self._frame(found[1], int(found[2]), int(found[3]))
        if found := _BYTES.fullmatch(path):
            return self._bytes(request, found[1], found[2])
        if found := _PAGE.fullmatch(path):
            return self._page(request, found[1], found[2] or DEFAULT_LANGUAGE)
        raise NotFound("there is no such page")

    def _page(self, request: Request, slug: str, lang: str) -> Response:
        if lang not in languages():
            raise NotFound("there are no words in that language")
        version, board = self._desk.stamp(), self._desk.board()
        if slug == "index":
            return _html(self._pages.index(board, lang, version))
        entry = board.entry(slug)
        if entry is None:
            raise NotFound("there is no such picture")
        notice = Notice(done=request.args.get("done", ""))
        return _html(self._pages.entry(board, entry, lang, version, notice))

    def _frame(self, slug: str, number: int, showing: int) -> Response:
        entry = self._desk.board().entry(slug)
        html = self._desk.page(entry, number, showing) if entry is not None else None
        if html is None:
            raise NotFound("there is no such page")
        return _html(html, policy=_FRAME_POLICY)

    def _bytes(self, request: Request, kind: str, name: str) -> Response:
        data = self._desk.cut(name) if kind == "cuts" else self._desk.evidence(name)
        if data is None:
            raise NotFound("there is no such picture")
        return from_bytes(request, data, "image/webp" if kind == "cuts" else "image/png", etag=name)

    def _decide(self, request: Request) -> Response:
        form = request.form
        lang = form.get("lang", DEFAULT_LANGUAGE)
        entry = self._desk.board().entry(form.get("slug", ""))
        kind, pixels, reason = form.get("kind", ""), form.get("pixels", ""), form.get("reason", "").strip()
        if entry is None or kind not in KINDS or lang not in languages():
            raise BadRequest("expected a decision on a picture of this board")
        said = self._desk.decide(Asked(kind=kind, entry=entry, pixels=pixels, seen=form.get("seen", ""), reason=reason))
        if not said.problem:
            return Response(status=303, headers={"Location": _after(entry, lang, kind, pixels)})
        problem = words_of(lang)["conflict"] if said.stale else said.problem
        version, board = self._desk.stamp(), self._desk.board()
        now = board.entry(entry.slug) or entry
        notice = Notice(problem=problem, reason=reason, pixels=pixels)
        return _html(self._pages.entry(board, now, lang, version, notice), status=409 if said.stale else 422)


def _after(entry: Entry, lang: str, kind: str, pixels: str) -> str:
    number = next((choice.number for choice in entry.choices if choice.pixels == pixels), 0)
    return f"/{page_name(entry.slug, lang)}?{urlencode({'done': kind})}" + (f"#candidate-{number}" if number else "")


def _html(text: str, *, status: int = 200, policy: str = "") -> Response:
    response = Response(text, status=status, mimetype="text/html")
    if policy:
        response.headers["Content-Security-Policy"] = policy
    return response
