"""The parts of `aibild serve` by themselves: a host's files, a slow line, and pictures that are made meanwhile."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from aibild_build.build.idling import Refiner
from aibild_build.build.painting import Painter
from aibild_build.web.serve.headers import HostFiles, read_headers, read_redirects
from aibild_build.web.serve.slow import Line, Pipe
from tests.support.project import edit, run_build, write_project
from tests.support.serving import until
from tests.test_quality_build import BRIEF, records
from tests.test_refine import TAKING


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


def test_an_edit_ends_refining_at_once_and_rest_takes_it_up(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": TAKING, "briefs/quay.yaml": BRIEF})
    run_build(root, time_box_s=0.0)
    ended: list[int] = []
    refiner = Refiner(root, None, lambda: ended.append(1), 0.05)
    try:
        refiner.rest(0)
        refiner.rest(7)
        until(lambda: records(root, "quality"))
        run = refiner._run
        assert run is not None and os.getpriority(os.PRIO_PROCESS, run.pid) == 19
        refiner.stir()
        until(lambda: run.poll() is not None)
        assert run.returncode == -signal.SIGKILL and ended == [] and refiner._run is None
        before = records(root, "encode")
        refiner.rest(7)
        until(lambda: ended == [1])
        after = records(root, "encode")
        assert {key: after[key] for key in before} == before and len(records(root, "refined")) > 3
        refiner.rest(7)
        time.sleep(0.3)
        assert refiner._run is None, "the last run left just as many"
    finally:
        refiner.stir()
