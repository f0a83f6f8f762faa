"""The door of local pages: who is let in, what is answered, and that it ends at once."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from aibild_build.errors import AibildError
from aibild_build.web import Events, Local, Watch
from aibild_build.web.files import from_bytes, from_folder


class App:
    """Answers from a folder, and counts forms."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events, self.forms = folder, Events(ping_s=0.05), 0

    def answer(self, request: Request) -> Response:
        if request.method == "POST":
            self.forms += 1
            return Response("took it")
        if request.path == "/events":
            return self.events.response()
        if request.path == "/bytes":
            return from_bytes(request, b"0123456789", "image/webp", etag="ten")
        if request.path == "/fault":
            raise AibildError("nothing goes", hint="go home")
        if request.path == "/bug":
            raise ZeroDivisionError
        if request.path == "/gone":
            raise NotFound("gone for good")
        return from_folder(request, self.folder, request.path.lstrip("/"))


@pytest.fixture
def app(tmp_path: Path) -> App:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.html").write_text("<p>hello")
    (tmp_path / "public" / "hill.avif").write_bytes(b"a" * 100)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public" / "out").symlink_to(tmp_path / "secret.txt")
    return App(tmp_path / "public")


@pytest.fixture
def server(app: App) -> Iterator[Local]:
    with Local(app) as local:
        yield local


def token(server: Local) -> str:
    return parse_qs(urlsplit(server.url).query)["token"][0]


def ask(
    server: Local, path: str, *, method: str = "GET", body: str = "", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """One request as the browser that came by the printed address sends it; headers with `_` for `-`, "" leaves one out."""
    own = {"Host": f"127.0.0.1:{server.port}", "Cookie": f"aibild-{server.port}={token(server)}"}
    if method == "POST":
        own |= {"Origin": f"http://127.0.0.1:{server.port}", "Content-Type": "application/x-www-form-urlencoded"}
        own |= {"Content-Length": str(len(body))}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in own.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(body.encode() or None)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_the_printed_address_lets_in_and_leaves_no_token_in_the_address(server: Local) -> None:
    status, headers, _ = ask(server, f"/page.html?token={token(server)}&x=1", Cookie="")
    assert status == 303 and headers["Location"] == "/page.html?x=1"
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert ask(server, "/page.html", Cookie=cookie.partition(";")[0])[2] == "<p>hello"


@pytest.mark.parametrize(
    ("path", "cookie"),
    [("/page.html", ""), ("/page.html?token=wrong", ""), ("/page.html?token=", ""), ("/page.html", "aibild-{port}=wrong")],
)
def test_without_the_token_nothing_is_shown(server: Local, path: str, cookie: str) -> None:
    status, _, text = ask(server, path, Cookie=cookie.format(port=server.port))
    assert status == 403 and "hello" not in text and "open the address that aibild printed" in text


def test_a_wrong_token_is_refused_even_with_the_cookie(server: Local) -> None:
    assert ask(server, "/page.html?token=wrong")[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", "localhost"])
def test_a_foreign_host_is_sent_away(server: Local, host: str) -> None:
    assert ask(server, "/page.html", Host=host.format(port=server.port))[0] == 421


def test_localhost_is_this_machine_too(server: Local) -> None:
    assert ask(server, "/page.html", Host=f"localhost:{server.port}")[0] == 200


def test_it_listens_on_this_machine_alone(server: Local) -> None:
    assert server._server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/out", "/a/../../secret.txt", "/%00", "/..\\secret.txt", "/"],
)
def test_no_path_leads_out(server: Local, path: str) -> None:
    status, _, text = ask(server, path)
    assert status == 404 and "secret" not in text.replace("there is no such file", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Cookie": ""}, 403),
    ],
)
def test_forms_come_from_our_own_pages_alone(server: Local, app: App, headers: dict[str, str], status: int) -> None:
    assert ask(server, "/", method="POST", body=f"key={server.key}", **headers)[0] == status
    assert app.forms == (1 if status == 200 else 0)


@pytest.mark.parametrize("body", ["", "key=wrong", "key="])
def test_a_form_without_the_key_is_refused(server: Local, app: App, body: str) -> None:
    assert ask(server, "/", method="POST", body=body)[0] == 403 and app.forms == 0


def test_a_form_that_is_too_large_is_refused(server: Local, app: App) -> None:
    assert ask(server, "/", method="POST", body=f"key={server.key}&x=" + "x" * 70_000)[0] == 413 and app.forms == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(server: Local, method: str) -> None:
    assert ask(server, "/page.html", method=method)[0] == 405


def test_another_site_may_link_here_and_load_nothing(server: Local) -> None:
    assert ask(server, "/page.html", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    assert ask(server, "/hill.avif", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
    assert ask(server, "/hill.avif", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="no-cors")[0] == 403


def test_every_answer_forbids_what_no_page_needs(server: Local) -> None:
    for path in ("/page.html", "/gone", "/bug"):
        headers = ask(server, path)[1]
        assert (
            "default-src 'none'" in headers["Content-Security-Policy"]
            and "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        )
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"


def test_faults_are_told_and_bugs_are_not(server: Local) -> None:
    assert ask(server, "/fault")[::2] == (500, "nothing goes\nhint: go home\n")
    assert ask(server, "/gone")[::2] == (404, "gone for good\n")
    status, _, text = ask(server, "/bug")
    assert status == 500 and "ZeroDivisionError" not in text


def test_files_have_types_tags_and_ranges(server: Local) -> None:
    status, headers, _ = ask(server, "/hill.avif")
    assert (status, headers["Content-Type"]) == (200, "image/avif")
    assert ask(server, "/hill.avif", If_None_Match=headers["ETag"])[0] == 304
    status, part, text = ask(server, "/hill.avif", Range="bytes=10-19")
    assert (status, part["Content-Range"], text) == (206, "bytes 10-19/100", "a" * 10)
    assert ask(server, "/hill.avif", Range="bytes=200-")[0] == 416
    assert ask(server, "/page.html")[1]["Content-Type"] == "text/html; charset=utf-8"


def test_bytes_that_never_change_are_kept(server: Local) -> None:
    status, headers, text = ask(server, "/bytes")
    assert (
        (status, text) == (200, "0123456789")
        and "immutable" in headers["Cache-Control"]
        and "private" in headers["Cache-Control"]
    )
    assert ask(server, "/bytes", If_None_Match='"ten"')[0] == 304
    assert ask(server, "/bytes", Range="bytes=2-3")[::2] == (206, "23")


def test_a_port_that_is_taken_is_told(server: Local, app: App) -> None:
    with pytest.raises(AibildError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        Local(app, port=server.port)


def test_open_pages_hear_of_changes_and_hold_nothing_up(app: App) -> None:
    with Local(app) as server:
        connections = [_listening(server) for _ in range(2)]
        for connection in connections:
            assert b"retry: 500" in _until(connection, b"retry: 500")
        app.events.tell("changed", "one")
        for connection in connections:
            assert b"event: changed\ndata: one" in _until(connection, b"data: one")
        connections[0].close()
        assert b": still here" in _until(connections[1], b"still here")
    connections[1].close()


def test_a_stream_ends_with_its_events(app: App) -> None:
    with Local(app) as server:
        connection = _listening(server)
        _until(connection, b"retry: 500")
        app.events.close()
        connection.settimeout(10)
        last = list(iter(lambda: connection.recv(4096), b""))
        assert len(last) < 100, "the stream came to its end, and said little more"
        connection.close()


def test_a_watch_tells_each_change_once() -> None:
    seen, value, told = threading.Event(), [0], [0]

    def changed() -> None:
        told[0] += 1
        seen.set()

    with Watch(lambda: value[0], changed, every_s=0.01):
        assert not seen.wait(0.05)
        value[0] = 1
        assert seen.wait(10)
        time.sleep(0.05)
    assert told[0] == 1


def _listening(server: Local) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    lines = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nCookie: aibild-{server.port}={token(server)}\r\n\r\n"
    connection.sendall(lines.encode())
    return connection


def _until(connection: socket.socket, wanted: bytes) -> bytes:
    found = b""
    while wanted not in found:
        piece = connection.recv(4096)
        assert piece, f"the stream ended after {found!r}"
        found += piece
    return found
