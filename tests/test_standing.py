"""A build that has nothing to do says so from file times alone, and nothing that changed is overlooked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aibild_build import standing
from tests.support.project import run_build, write_project


def settle(root: Path) -> None:
    """Wait until no file is so fresh that a later version of it could bear the same times."""
    newest = max(max(path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in root.rglob("*"))
    time.sleep(max(0.0, (newest + 25_000_000 - time.time_ns()) / 1e9))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = write_project(tmp_path / "project")
    settle(root)
    run_build(root)
    return root


def is_remembered(root: Path) -> bool:
    return (root / ".aibild" / "standing.json").is_file()


def untouched(root: Path) -> bool:
    """Whether the next build is answered from memory: only a build in earnest writes the memory anew."""
    memory = root / ".aibild" / "standing.json"
    before = memory.stat().st_ctime_ns
    settle(root)
    run_build(root)
    return memory.is_file() and memory.stat().st_ctime_ns == before


def test_nothing_changed(project: Path) -> None:
    assert is_remembered(project)
    first = run_build(project)
    assert untouched(project)
    second = run_build(project)
    assert (first.reused, first.outputs, first.findings) == (second.reused, second.outputs, second.findings)
    assert second.made.page == second.made.picture == second.written == 0


def _append(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        path.write_bytes(path.read_bytes() + b"\n")

    return change


def _same_size_and_time(root: Path) -> None:
    """What an archive unpacked with old times does: only the time of change tells."""
    path = root / "site" / "tides.md"
    found = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Twice", b"Often"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _remove(*pattern: str) -> Callable[[Path], None]:
    return lambda root: next(path for one in pattern for path in sorted(root.glob(one))).unlink()


def _new(name: str, text: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)

    return change


CHANGES: dict[str, Callable[[Path], None]] = {
    "a page": _append("site/index.md"),
    "a page of equal size and time": _same_size_and_time,
    "the settings": _append("aibild.toml"),
    "the lock": _append("aibild.lock"),
    "a page that is gone": _remove("site/tides.md"),
    "a page that is new": _new("site/new.md", "---\ntitle: New\n---\n\nNew.\n"),
    "a template that is new": _new("templates/x.html", "x"),
    "an output that is gone": _remove("dist/index.html"),
    "an output that differs": _append("dist/index.html"),
    "the store": _remove(".aibild/cas/*/*", ".aibild/*/cas/*/*"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_is_noticed(project: Path, what: str) -> None:
    assert untouched(project)
    CHANGES[what](project)
    assert not untouched(project)


@pytest.mark.parametrize("options", [{"base_url": "https://elsewhere.example/"}, {"frozen": True}, {"force": True}])
def test_another_question_has_another_answer(project: Path, options: dict[str, Any]) -> None:
    memory = project / ".aibild" / "standing.json"
    before = memory.stat().st_ctime_ns
    settle(project)
    run_build(project, **options)
    assert memory.stat().st_ctime_ns != before


def test_another_day_is_another_question() -> None:
    asked = {"root": "."}
    assert standing.asked_key({**asked, "today": "2026-11-23"}) != standing.asked_key({**asked, "today": "2026-11-24"})


def test_a_fresh_file_is_not_trusted(tmp_path: Path) -> None:
    """Two writes within one tick of the clock have equal times: what was read may be the first of them."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.md").write_text("one")
    assert not standing.listing(tmp_path, standing.PLACES).settled
    settle(tmp_path)
    assert standing.listing(tmp_path, standing.PLACES).settled


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 2, "key": ""}', b"\xff\xfe"])
def test_a_damaged_memory_costs_a_build(project: Path, damage: bytes) -> None:
    (project / ".aibild" / "standing.json").write_bytes(damage)
    settle(project)
    assert run_build(project).outputs > 0
    assert untouched(project)


def test_an_input_file_outside_of_the_folders_is_watched(tmp_path: Path) -> None:
    from PIL import Image

    root = write_project(tmp_path / "project")
    (root / "assets").mkdir()
    Image.effect_mandelbrot((1600, 900), (-2, -1.2, 1, 1.2), 60).convert("RGB").save(root / "assets" / "photo.png")
    page = root / "site" / "photo.md"
    page.write_text("---\ntitle: Photo\n---\n\n![A photo of much noise](/assets/photo.png)\n")
    settle(root)
    run_build(root)
    assert is_remembered(root) and untouched(root)
    Image.effect_mandelbrot((1600, 900), (-1.9, -1.2, 1, 1.2), 60).convert("RGB").save(root / "assets" / "photo.png")
    assert not untouched(root)
