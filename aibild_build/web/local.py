"""The door of every local page: a threaded server on 127.0.0.1 that lets in nobody but the person who started it.

Takes an app (request in, response out), yields its address. Who asks must name this machine in `Host` (a foreign name that was
pointed at 127.0.0.1 is sent away), must have come by the address with the token in it, and may send a form only from a page of
ours. Knows nothing of what the app shows.
"""

from __future__ import annotations

import errno
import hmac
import logging
import secrets
import socket
import threading
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Protocol
from urllib.parse import urlencode, urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request, Response

from ..errors import AibildError

HOST = "127.0.0.1"
_EVERYWHERE = ("", "0.0.0.0")
_PLAIN_PORT = 80  # which browsers leave out of `Host`
TOKEN = "token"  # the parameter of the first address
KEY = "key"  # the field that every form carries
_MAX_FORM_BYTES = 64 * 1024
_POLL_S = 0.1  # how long an end may take
_LOG = logging.getLogger(__name__)

# A page may load from its own server alone, sit in no frame but its own, and run no script that stands in it. Places in pictures
# are given as style attributes.
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; style-src-attr 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # `no-referrer` would take the origin from our own forms
    "X-Content-Type-Options": "nosniff",
}


class App(Protocol):
    """What stands behind the door. Called from several threads at once."""

    def answer(self, request: Request) -> Response:
        """The response to a request that was let in. May raise werkzeug's HTTPException."""
        ...


class Local:
    """One app at http://127.0.0.1:PORT/. `token` "" lets in whoever is on this machine; forms need `key` in any case.

    `port` 0 takes a free one. `host` is the address to listen on, for an app that others may see too: whoever names it in `Host`
    then, or any address in numbers, since only a name can be pointed elsewhere. `headers` go with every response that has none
    of their names; `forms` False refuses whatever is no question. Raises AibildError when the port cannot be had.
    """

    def __init__(
        self,
        app: App,
        *,
        port: int = 0,
        token: str | None = None,
        key: str | None = None,
        host: str = HOST,
        headers: Mapping[str, str] = _HEADERS,
        forms: bool = True,
    ) -> None:
        self._app = app
        self._headers = headers
        self._methods = ("GET", "HEAD", "POST") if forms else ("GET", "HEAD")
        self._token = secrets.token_urlsafe(24) if token is None else token
        self._key = key or secrets.token_urlsafe(24)
        self._host = host
        self._server = _bound(host, port, self)
        self._thread: threading.Thread | None = None
        self.port = int(self._server.server_address[1])
        self._names = {f"{name}:{self.port}" for name in (HOST, "localhost", host)}
        if self.port == _PLAIN_PORT:
            self._names |= {HOST, "localhost", host}
        self._cookie = f"aibild-{self.port}"  # cookies know no ports, so two servers need two names

    @property
    def url(self) -> str:
        """The address to open, token included."""
        host = HOST if self._host in _EVERYWHERE else self._host
        return f"http://{host}:{self.port}/" + (f"?{urlencode({TOKEN: self._token})}" if self._token else "")

    def run(self) -> None:
        """Answer until `close` is called from another thread, or Ctrl-C."""
        self._server.serve_forever(poll_interval=_POLL_S)

    def __enter__(self) -> Local:
        """Answer in a thread of its own while the block runs."""
        self._thread = threading.Thread(target=self.run, name="aibild-web", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take no more requests. Answers that are under way, event streams among them, end with the process."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = _MAX_FORM_BYTES
        response = self._answer(request)
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            return self._refusal(request) or self._app.answer(request)
        except RequestEntityTooLarge:
            return _plain(413, "this form is larger than any of ours")
        except HTTPException as error:
            return _plain(error.code or 500, error.description or error.name)
        except AibildError as error:
            return _plain(500, _told(error))
        except Exception:
            _LOG.exception("no answer path=%s", request.path)
            return _plain(500, "aibild could not answer; what is wrong stands in the terminal")

    def _refusal(self, request: Request) -> Response | None:
        """Why a request goes no further, None when it may."""
        if request.host not in self._names and not (self._host != HOST and _in_numbers(request.host)):
            return _plain(421, "this server answers to 127.0.0.1 and localhost only")
        if request.method not in self._methods:
            response = _plain(405, f"expected {' or '.join(name for name in self._methods if name != 'HEAD')}")
            response.headers["Allow"] = ", ".join(self._methods)
            return response
        given = request.args.get(TOKEN)
        if self._token and given is not None and request.method == "GET":
            return self._admission(request) if _same(given, self._token) else _unknown()
        if self._token and not _same(request.cookies.get(self._cookie, ""), self._token):
            return _unknown()
        # Another server on this machine is "same-site" to a browser; only the address line and our own pages may ask.
        came = request.headers.get("Sec-Fetch-Site", "none")
        if came not in ("none", "same-origin") and not (
            request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        ):
            return _plain(403, "this request was sent by another site")
        return self._form_refusal(request) if request.method == "POST" else None

    def _form_refusal(self, request: Request) -> Response | None:
        origin = urlsplit(request.headers.get("Origin", ""))
        if origin.scheme != "http" or origin.netloc != request.host:
            return _plain(403, "this form was sent by another site")
        if not _same(request.form.get(KEY, ""), self._key):
            return _plain(403, "this form is not one of ours, or from before a restart; open the address that aibild printed")
        return None

    def _admission(self, request: Request) -> Response:
        """Keep the token in a cookie and take it out of the address, so that it stands in no history and no screenshot."""
        rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != TOKEN])
        response = Response(status=303, headers={"Location": request.path + (f"?{rest}" if rest else "")})
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="Lax", path="/")
        return response

    @property
    def key(self) -> str:
        """What the app writes into its forms' field `key`."""
        return self._key


class _Quiet(WSGIRequestHandler):
    """No line a request, and no trace when a browser hangs up in the middle of an answer."""

    def log(self, type: str, message: str, *args: object) -> None:
        _LOG.debug(message, *args)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    block_on_close = False  # an open event stream would hold the end up

    def handle_error(self, request: object, client_address: object) -> None:
        _LOG.debug("connection lost", exc_info=True)


def _bound(host: str, port: int, app: Local) -> _Server:
    # Bound here, since werkzeug ends the process itself where a port is taken.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
        return _Server(host, listener.getsockname()[1], app, _Quiet, fd=listener.fileno())
    except OSError as error:
        strange = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        hint = "name an address of this machine with --host" if strange else "name another --port, or none for a free one"
        raise AibildError(f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint) from error
    finally:
        listener.close()  # the server works on a duplicate of it


def _in_numbers(host: str) -> bool:
    """Whether it is an address and no name."""
    try:
        return bool(ip_address(urlsplit(f"//{host}").hostname or ""))
    except ValueError:
        return False


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _told(error: AibildError) -> str:
    """The error as the command line would tell it."""
    findings = getattr(error, "findings", ())
    lines = [error.message, *([f"hint: {error.hint}"] if error.hint else [])]
    for finding in findings:
        place = f"{finding.origin.path}:{finding.origin.line or 1}: " if finding.origin else ""
        lines.append(f"{place}{finding.message}")
    return "\n".join(lines)


def _unknown() -> Response:
    return _plain(403, "open the address that aibild printed: it holds the token")


def _plain(status: int, text: str) -> Response:
    return Response(f"{text}\n", status=status, mimetype="text/plain")
