"""Whole files or none, and no path that leads out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aibild_build.disk import safe_join, write_atomic


@pytest.mark.parametrize("durable", [False, True])
def test_write_makes_folders_and_leaves_nothing_else(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a" / "b" / "c.html"
    assert write_atomic(path, b"one", durable=durable)
    assert write_atomic(path, b"two!", durable=durable)
    assert path.read_bytes() == b"two!"
    assert [entry.name for entry in path.parent.iterdir()] == ["c.html"]


def test_equal_bytes_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomic(path, b"same")
    os.utime(path, ns=(1, 1))
    before = path.stat()
    assert not write_atomic(path, b"same")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert write_atomic(path, b"diff")


def test_mode_is_what_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    os.symlink(tmp_path / "target", tmp_path / "link")
    assert write_atomic(tmp_path / "link", b"kept")
    assert not (tmp_path / "link").is_symlink()
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"kept"


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_bytes(b"x")
    with pytest.raises(OSError):
        write_atomic(tmp_path / "folder", b"y")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder"]


@pytest.mark.parametrize("path", ["a.txt", "a/b/c.txt", "a/./b", "inside/x", "ä b.txt", "not-yet/there"])
def test_paths_inside(tmp_path: Path, path: str) -> None:
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "inside")
    joined = safe_join(tmp_path, path)
    assert joined is not None and joined.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "path", ["", ".", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a\0b", "a\nb", "a\\b", "out/x", "out", "circle"]
)
def test_paths_that_lead_out(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    os.symlink(tmp_path, root / "out")
    os.symlink(root / "circle", root / "circle")
    assert safe_join(root, path) is None


def test_the_root_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "root")
    assert safe_join(tmp_path / "root", "a") == tmp_path / "root" / "a"
