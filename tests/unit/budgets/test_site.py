"""Where addresses lead, and what image files hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aibild_build.budgets.reading import BuiltSite, Kind, read_site
from aibild_build.canonical import digest_of
from aibild_build.config import no_config
from tests.support.rule_sites import picture

BASE = "https://harbour.example/docs/"


@pytest.fixture
def site(tmp_path: Path) -> BuiltSite:
    for name in ("index.html", "boats/index.html", "tides.html", "ein boot.jpg", "_redirects"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("/docs/old/* /docs/ 301\n# a comment\n/docs/older /docs/\n" if name == "_redirects" else "")
    return read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23")


@pytest.mark.parametrize(
    ("url", "kind", "path"),
    [
        ("", Kind.FILE, "boats/index.html"),
        ("#red", Kind.FILE, "boats/index.html"),
        ("../", Kind.FILE, "index.html"),
        ("/docs", Kind.FILE, "index.html"),
        ("/docs/tides", Kind.FILE, "tides.html"),
        ("/docs/boats", Kind.FILE, "boats/index.html"),
        ("../ein%20boot.jpg?v=1", Kind.FILE, "ein boot.jpg"),
        ("https://HARBOUR.example/docs/tides.html", Kind.FILE, "tides.html"),
        ("http://harbour.example/docs/tides.html", Kind.FILE, "tides.html"),
        ("//harbour.example/docs/tides.html", Kind.FILE, "tides.html"),
        ("/docs/gone/", Kind.MISSING, "gone/"),
        ("/docs/Tides.html", Kind.MISSING, "Tides.html"),
        ("/docs/old/page/", Kind.REDIRECT, "old/page/"),
        ("/docs/older", Kind.REDIRECT, "older"),
        ("/", Kind.BEYOND, ""),
        ("../../../..", Kind.BEYOND, ""),
        ("https://elsewhere.example/docs/", Kind.ELSEWHERE, ""),
        ("http://[broken", Kind.MISSING, ""),
    ],
)
def test_addresses(site: BuiltSite, url: str, kind: Kind, path: str) -> None:
    target = site.resolve(url, BASE + "boats/")
    assert target is not None and (target.kind, target.path) == (kind, path)


@pytest.mark.parametrize("url", ["mailto:a@b.example", "tel:+49", "data:image/png;base64,AA", "JavaScript:void(0)", "blob:x"])
def test_what_is_no_place(site: BuiltSite, url: str) -> None:
    assert site.resolve(url, BASE) is None


def test_page_urls(site: BuiltSite) -> None:
    assert [site.page_url(path) for path in site.pages] == [BASE + "boats/", BASE, BASE + "tides.html"]


def test_a_new_base_forgets_what_was_found(site: BuiltSite) -> None:
    site.resolve("/docs/tides.html", BASE)
    site.base_url = "https://harbour.example/"
    target = site.resolve("/docs/tides.html", BASE)
    assert target is not None and target.kind is Kind.MISSING


def marker(root: Path, data: bytes, **facts: object) -> None:
    row = {"path": "a.jpg", "bytes": len(data), "digest": digest_of(data), "facts": {"media_type": "image/jpeg", **facts}}
    (root / ".aibild").mkdir(exist_ok=True)
    (root / ".aibild/build.json").write_text(json.dumps({"schema": 1, "draft": False, "outputs": [row]}))


def test_facts_of_a_build_are_used_while_they_hold(tmp_path: Path) -> None:
    data = picture("a.jpg", [640, 360])
    (tmp_path / "a.jpg").write_bytes(data)
    marker(tmp_path, data, width=7, height=5, bytes=3, fields={"dc:creator": "we"})
    known = read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23")
    facts = known.facts("a.jpg")
    assert facts is not None and (facts.width, facts.height) == (7, 5)
    (tmp_path / "a.jpg").write_bytes(data + b"\0")
    facts = read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23").facts("a.jpg")
    assert facts is not None and (facts.width, facts.height, facts.bytes) == (640, 360, len(data) + 1)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"outputs": 3}', '{"outputs": [3, {"path": "a.jpg"}]}', '{"outputs": [' * 5000])
def test_a_damaged_marker_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jpg").write_bytes(picture("a.jpg", [64, 36]))
    (tmp_path / ".aibild").mkdir()
    (tmp_path / ".aibild/build.json").write_text(text)
    facts = read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23").facts("a.jpg")
    assert facts is not None and facts.width == 64


def test_broken_pictures_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture("a.jpg", [64, 36])[:40])
    site = read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23")
    assert site.facts("a.jpg") is None and "truncated" in site.fault("a.jpg") and site.embedded("a.jpg") is None


def test_links_that_go_round_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to("b")
    (tmp_path / "index.html").write_text("")
    site = read_site(tmp_path, BASE, no_config(tmp_path), "2026-11-23")
    assert list(site.files) == ["index.html"]
    assert [(fault.rule, fault.path) for fault in site.faults] == [("file-unreadable", "a"), ("file-unreadable", "b")]
