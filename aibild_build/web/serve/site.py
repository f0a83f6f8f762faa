"""The built site behind the door, as its host would send it, and below `/__aibild/` what is said about it.

Takes requests, yields responses. HTML gets a script before `</body>`, in the response alone. Nothing outside of the output folder
is ever sent: no `..`, no link that leads out, none of aibild's own files.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from ...canonical import digest_of
from ...disk import safe_join
from ...model import Json
from ..events import Events
from ..files import from_folder
from .desk import Desk
from .headers import HostFiles
from .loop import finding_object
from .shelf import Shelf
from .slow import Line, Pipe

OWN = "/__aibild/"
ASSETS = Path(__file__).parent / "assets"
_HIDDEN = (".aibild", "_headers", "_redirects")
_NOT_THE_HOSTS = ("Cache-Control", "Content-Disposition", "Date", "Expires")  # the server adds a date itself
_BODY = b"</body>"
_OUTLINE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
    "<title>{title}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
)


class Site:
    """`told` gives the first event of a page that begins to listen; `rule_url` leads from a rule to its page; `line` is a slow
    one, None for as fast as can be; `live` False leaves the script out."""

    def __init__(
        self,
        desk: Desk,
        events: Events,
        shelf: Shelf,
        *,
        told: Callable[[], tuple[str, str]],
        rule_url: Callable[[str], str],
        line: Line | None = None,
        live: bool = True,
    ) -> None:
        self._desk, self._events, self._shelf, self._told, self._rule_url = desk, events, shelf, told, rule_url
        self._pipe = Pipe(line) if line is not None else None
        self._host_files = HostFiles(desk.output)
        self._live = live
        self._client = digest_of((ASSETS / "client.js").read_bytes())[:12]

    def answer(self, request: Request) -> Response:
        if request.path.startswith(OWN):
            return self._own(request, request.path.removeprefix(OWN))
        response = self._site(request)
        if self._pipe is not None:
            response.response = self._pipe.through(response.iter_encoded())
        return response

    def page_of(self, path: str) -> str:
        """The output file of a page by the path of its address."""
        rest = path.removeprefix(self._desk.base_path)
        return f"{rest}index.html" if not rest or rest.endswith("/") else rest

    def _own(self, request: Request, name: str) -> Response:
        if name == "events":
            return self._events.response(request.args.get("page", ""), self._told)
        if name == "client.js":
            response = from_folder(request, ASSETS, name)
            response.headers["Cache-Control"] = "no-cache"
            return response
        if name == "findings":
            return self._findings(request.args.get("page", ""))
        return self._shelf.answer(request, name)

    def _findings(self, path: str) -> Response:
        found: list[Json] = [
            {**finding_object(finding), "url": self._rule_url(finding.rule)} for finding in self._desk.check(self.page_of(path))
        ]
        return Response(json.dumps(found), mimetype="application/json", headers={"Cache-Control": "no-store"})

    def _site(self, request: Request) -> Response:
        base, path = self._desk.base_path, request.path
        if not path.startswith(base):
            if path in ("/", base[:-1]):
                return _led(base, 302)
            return self._missing("")
        redirect = self._host_files.redirect(path, base)
        if redirect is not None:
            return _led(redirect.target, redirect.status)
        rest = path.removeprefix(base)
        name = f"{rest}index.html" if not rest or rest.endswith("/") else rest
        file = self._file(name)
        if file is None:
            inside = self._file(f"{rest}/index.html") if rest and not rest.endswith("/") else None
            return _led(f"{quote(path)}/", 308, request.query_string.decode("latin-1")) if inside else self._missing(rest)
        if file.suffix in (".html", ".htm"):
            response = self._html(request, file)
        else:
            response = from_folder(request, self._desk.output, name)
        for name in _NOT_THE_HOSTS:
            response.headers.pop(name, None)
        response.headers.update(self._host_files.headers(path, base))
        return response

    def _file(self, name: str) -> Path | None:
        file = safe_join(self._desk.output, name)
        hidden = name.startswith("/") or name.split("/", 1)[0] in _HIDDEN
        return file if file is not None and not hidden and file.is_file() else None

    def _html(self, request: Request, file: Path) -> Response:
        data = self._with_script(file.read_bytes())
        response = Response(data, mimetype="text/html")
        response.set_etag(digest_of(data)[:32])
        return response.make_conditional(request, accept_ranges=True, complete_length=len(data))

    def _missing(self, rest: str) -> Response:
        """The 404 page nearest to the address, as hosts choose it; one of ours while there is none."""
        folders = rest.split("/")[:-1]
        for depth in range(len(folders), -1, -1):
            file = self._file("/".join((*folders[:depth], "404.html")))
            if file is not None:
                return self._ours(file.read_bytes(), 404)
        built = (self._desk.output / "index.html").is_file()
        title = "There is no such page" if built else "This site is not built yet"
        text = "The site has no page 404." if built else "It appears here as soon as it can be built."
        return self._ours(_OUTLINE.format(title=html.escape(title), text=html.escape(text)).encode(), 404 if built else 503)

    def _ours(self, data: bytes, status: int) -> Response:
        data = self._with_script(data)
        response = Response(data, status=status, mimetype="text/html", headers={"Cache-Control": "no-store"})
        response.set_etag(digest_of(data)[:32])
        return response

    def _with_script(self, data: bytes) -> bytes:
        """The page with our script in it, which learns from the page which bytes it was made of."""
        if not self._live:
            return data
        seen = digest_of(data)[:32]
        script = f'<script src="{OWN}client.js?{self._client}" data-aibild="{seen}" async></script>'.encode()
        at = data.lower().rfind(_BODY)
        return data + script if at < 0 else data[:at] + script + data[at:]


def _led(target: str, status: int, query: str = "") -> Response:
    headers = {"Location": target + (f"?{query}" if query else ""), "Cache-Control": "no-store"}
    return Response(status=status, headers=headers)
