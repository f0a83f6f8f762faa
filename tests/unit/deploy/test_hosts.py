"""Folders for hosts whose own tool uploads them: header rules, limits counted beforehand, what is ours and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.deploy import Manner, Reason, Shipped, hand_over, origin_of
from aibild_build.errors import DeployError, RefusedError
from aibild_build.targets import Handover, load
from tests.support.shipping import built_site, settings_for, site_files

KINDS = ("cloudflare-pages", "netlify")


def handed(tmp_path: Path, files: dict[str, bytes], kind: str = "cloudflare-pages", **changes: object) -> Shipped:
    write = bool(changes.pop("write", True))
    manner = Manner(adopt=bool(changes.pop("adopt", False)))
    settings = settings_for(kind, "upload", **changes)
    host = load(settings, tmp_path, {})
    assert isinstance(host, Handover)
    return hand_over(built_site(tmp_path / "dist", files), settings, host, manner, write=write)


def uploaded(tmp_path: Path) -> dict[str, bytes]:
    root = tmp_path / "upload"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_holds_the_site_and_its_headers(tmp_path: Path, kind: str) -> None:
    files = site_files(2)
    handed(tmp_path, files, kind, noindex=True)
    there = uploaded(tmp_path)
    rules = there.pop("_headers").decode()
    assert there == files
    assert "/images/*\n  Cache-Control: public, max-age=31536000, immutable\n" in rules
    assert "/*\n  X-Robots-Tag: noindex\n" in rules
    again = handed(tmp_path, files, kind, noindex=True)
    assert again.changes == ()


def test_what_is_gone_goes_and_what_others_put_there_stays(tmp_path: Path) -> None:
    handed(tmp_path, site_files(2) | {"old.txt": b"old"})
    (tmp_path / "upload/functions").mkdir()
    (tmp_path / "upload/functions/hello.js").write_text("export {}")
    done = handed(tmp_path, site_files(2))
    assert [(one.path, one.reason) for one in done.changes] == [("old.txt", Reason.GONE)]
    assert "functions/hello.js" in uploaded(tmp_path) and "old.txt" not in uploaded(tmp_path)


def test_the_builds_own_rules_are_kept(tmp_path: Path) -> None:
    handed(tmp_path, site_files(1) | {"_headers": b"/*\n  X-Own: yes\n", "_redirects": b"/a /b 301\n"})
    assert uploaded(tmp_path)["_headers"] == b"/*\n  X-Own: yes\n"


LIMITS = {
    "a large file": ({"big.mp4": b"x" * (25 * 2**20 + 1)}, "bytes in one file"),
    "many rules": ({"_headers": "".join(f"/p{n}\n  X: 1\n" for n in range(101)).encode()}, "header rules"),
    "a long line": ({"_headers": b"/*\n  X: " + b"y" * 2_001 + b"\n"}, "characters in one line"),
    "two splats": ({"_headers": b"/*/*\n  X: 1\n"}, "in one path"),
    "dynamic redirects": ({"_redirects": "".join(f"/p{n}/* /q 301\n" for n in range(101)).encode()}, "redirects with `*`"),
    "static redirects": ({"_redirects": "".join(f"/p{n} /q 301\n" for n in range(2_001)).encode()}, "redirects for"),
    "a long redirect": ({"_redirects": b"/a /" + b"b" * 1_000 + b" 301\n"}, "characters in one line"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_counted_before_anything_is_written(tmp_path: Path, name: str) -> None:
    extra, told = LIMITS[name]
    with pytest.raises(RefusedError) as refused:
        handed(tmp_path, {"index.html": b"<p>", **extra})
    assert [one.rule for one in refused.value.findings] == ["target-limits"] and told in refused.value.findings[0].message
    assert not (tmp_path / "upload").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload/index.html").write_text("mine")
    with pytest.raises(RefusedError, match="holds files that aibild did not put there"):
        handed(tmp_path, site_files(1))
    handed(tmp_path, site_files(1), adopt=True)


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    assert handed(tmp_path, site_files(1), write=False).changes
    assert not (tmp_path / "upload").exists()


def test_releases_are_the_hosts_business(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="kept by its host"):
        origin_of(settings_for("netlify", "upload"), tmp_path, {})
