"""`/__aibild/`: every brief that pages use, with its candidates, the one in use marked, and the pages that show it.

Takes a function that opens the board and one that cuts pictures, yields pages. It decides nothing: that is the review board's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ...build.board import Board, Choice, Entry
from ...build.preview import cut_name
from ...errors import AibildError
from ..files import from_bytes, from_folder

ASSETS = Path(__file__).parent / "assets"
_CUT = re.compile(r"cuts/([0-9a-z-]+)\.webp")
_WIDTH_PX = 480


Drafts = tuple[str, ...]


class Pictures(Protocol):
    def board(self) -> Board: ...

    def cut(self, name: str) -> bytes | None: ...


class Shelf:
    """`opened` gives the pictures of the project; it is called once, when somebody looks. `base_path` is the site's."""

    def __init__(self, opened: Callable[[], Pictures], base_path: Callable[[], str], drafts: Callable[[], Drafts]) -> None:
        self._opened, self._base_path, self._drafts = opened, base_path, drafts

    @cached_property
    def _pictures(self) -> Pictures:
        return self._opened()

    def answer(self, request: Request, name: str) -> Response:
        if name == "":
            return self._page()
        if name == "shelf.css":
            return from_folder(request, ASSETS, name)
        if found := _CUT.fullmatch(name):
            data = self._pictures.cut(found[1])
            if data is not None:
                return from_bytes(request, data, "image/webp", found[1])
        raise NotFound("there is no such page")

    def _page(self) -> Response:
        try:
            board = self._pictures.board()
        except AibildError as error:
            text = _PAGE.format(title="Pictures", rows=Markup("<p>{}</p>").format(error.message), count="")
            return Response(text, mimetype="text/html", status=503, headers={"Cache-Control": "no-store"})
        drafts = set(self._drafts())
        rows = Markup("").join(self._row(entry, entry.brief in drafts) for entry in board.entries)
        count = f"{len(board.entries)} in use" + (f", {len(drafts)} as drafts" if drafts else "")
        text = _PAGE.format(title=board.site, rows=rows or Markup("<p>No page shows a picture.</p>"), count=count)
        return Response(text, mimetype="text/html", headers={"Cache-Control": "no-store"})

    def _row(self, entry: Entry, draft: bool) -> Markup:
        pages = Markup(" ").join(
            Markup('<a href="{}">{}</a>').format(f"{self._base_path()}{one.url}", one.title)
            for one in {one.url: one for one in entry.shown}.values()
        )
        shown = Markup("").join(_choice(one) for one in entry.choices)
        if not entry.choices:
            shown = _NONE.format(entry.brief)
        prompt = next((text for _, text in entry.prompt), "")
        badge = Markup('<span class="badge">draft</span>') if draft else Markup("")
        return _ROW.format(
            slug=entry.slug,
            name=entry.subject,
            badge=badge,
            prompt=prompt,
            origin=entry.origin,
            engine=entry.engine,
            shown=shown,
            pages=pages,
        )


def _choice(choice: Choice) -> Markup:
    if choice.digest and choice.cuts:
        cut = choice.cuts[0]
        name = cut_name(choice.pixels, cut.box, min(_WIDTH_PX, cut.box[2]))
        picture = Markup('<img src="cuts/{}" alt="" width="{}" height="{}" loading="lazy">').format(name, cut.box[2], cut.box[3])
    else:
        picture = Markup('<span class="gone">not in the store</span>')
    use = Markup(" <strong>in use</strong>") if choice.picked else Markup("")
    return Markup("<li{}>{}<span>{} · seed {} · {}{}</span></li>").format(
        Markup(' class="picked"') if choice.picked else Markup(""), picture, choice.number, choice.seed, choice.made, use
    )


_NONE = Markup('<li class="none">No candidate yet. <code>aibild generate {}</code> makes one.</li>')
_ROW = Markup(
    '<section id="{slug}"><h2>{name} {badge}</h2><p>{prompt}</p><p class="quiet"><code>{origin}</code> · {engine}</p>'
    '<ul>{shown}</ul><p class="quiet">{pages}</p></section>\n'
)
_PAGE = Markup(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
    '<title>Pictures – {title}</title>\n<link rel="stylesheet" href="shelf.css">\n</head>\n<body>\n<main>\n'
    '<h1>Pictures</h1>\n<p class="quiet">{title}: {count}. '
    "Decide on them with <code>aibild review</code>.</p>\n{rows}</main>\n</body>\n</html>\n"
)
