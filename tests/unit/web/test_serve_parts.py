"""The parts of `aibild serve` by themselves: a host's files, a slow line, and pictures that are made meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aibild_build.build.painting import Painter
from aibild_build.web.serve.headers import HostFiles, read_headers, read_redirects
from aibild_build.web.serve.slow import Line, Pipe
from tests.support.project import edit, write_project
from tests.support.serving import until


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", {"X-A": "1", "Cache-Control": "no-cache"}),
        ("/pictures/a.avif", {"X-A": "1", "Cache-Control": "immutable"}),
        ("/blog/one/x", {"X-A": "1, 2", "Cache-Control": "no-cache"}),
        ("/blog/one/two/x", {"X-A": "1", "Cache-Control": "no-cache"}),
    ],
)
def test_headers_of_a_path(tmp_path: Path, path: str, found: dict[str, str]) -> None:
    (tmp_path / "_headers").write_text(
        "# all\n/*\n  X-A: 1\n  nonsense\n/pictures/*\n  Cache-Control: immutable\n/blog/:post/x\n  X-A: 2\n"
    )
    assert HostFiles(tmp_path).headers(path, "/") == found


def test_headers_are_read_again(tmp_path: Path) -> None:
    files = HostFiles(tmp_path)
    assert files.headers("/a/", "/")["Cache-Control"] == "public, max-age=0, must-revalidate"
    (tmp_path / "_headers").write_text("/a/\n  Cache-Control: no-store\n")
    assert files.headers("/a/", "/") == {"Cache-Control": "no-store"}
    assert read_headers("  X: before any path\n") == []


def test_redirects_stay_on_the_site() -> None:
    found = read_redirects("/old /new 301\n/away https://evil.example/ 301\n/out //evil.example\n/all/* /new\n/odd /new 200\n")
    assert {path: (one.target, one.status) for path, one in found.items()} == {"/old": ("/new", 301), "/odd": ("/new", 301)}


def test_a_slow_line_is_slow_and_loses_nothing() -> None:
    data, began = [b"a" * 5000, b"b" * 5000], time.monotonic()
    assert b"".join(Pipe(Line(0.01, 100_000)).through(data)) == b"".join(data)
    assert time.monotonic() - began >= 0.1


def test_a_missing_picture_is_painted_once(tmp_path: Path) -> None:
    root, words = write_project(tmp_path), list[str]()
    painter = Painter(root, None, lambda: words.append(painter.word))
    painter.want(("boat",))
    until(lambda: words[-1:] == [""])
    assert words == ["making", ""] and '"boat"' in (root / "aibild.lock").read_text()
    edit(root, "briefs/boat.yaml", "subject: a red boat", "subject: [a red boat]")
    painter.want(("boat",))
    until(lambda: len(words) > 3)
    said = words[-1]
    assert said.startswith("briefs/boat.yaml:1: error: expected subject[0]")
    painter.want(("boat",))
    assert words[-1] == said and len(words) == 4, "tried once as it is written"
    painter.close()
