"""What a build leaves beside its pages: redirects, files for hosts, compressed copies, feeds; and findings on words."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from aibild_build.errors import AibildError
from aibild_build.model import Level
from aibild_build.plan import plan
from aibild_build.plan.reading import open_project
from tests.support.project import CONFIG, FILES, TODAY, edit, run_build, tree, write_project
from tests.support.references import broken

OUTPUT = '\n[output]\nheaders = true\ncompress = ["gzip"]\nversion_query = true\n'
CHANGES: Mapping[str, str | None] = {
    "aibild.toml": CONFIG + OUTPUT,
    "site/boats.md": FILES["site/boats.md"].replace("hero: boat\n", "hero: boat\naliases: [/ships/]\ndate: 2026-01-05\n"),
    "site/static/app.css": "body{color:red}\n" * 100,
    "templates/article.html": '{% extends "base.html" %}{% block head %}'
    '<link rel="stylesheet" href="{{ static("app.css") }}">{% endblock %}'
    "{% block main %}<h1>{{ page.title }}</h1>{{ content }}{% endblock %}",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "site", CHANGES)


def rules(root: Path, today: str = "") -> dict[str, tuple[str, Level]]:
    """Rule → (where, level) of the findings on a project; `brief-unused` aside."""
    findings = open_project(root, today=today).findings
    return {one.rule: (str(one.origin), one.level) for one in findings if one.rule != "brief-unused"}


def test_files_beside_the_pages(root: Path) -> None:
    run_build(root)
    files = tree(root / "dist")
    assert b'url=/boats/"' in files["ships/index.html"]
    assert files["_redirects"] == b"/ships/ /boats/ 301\n"
    assert b"/pictures/*\n  Cache-Control: public, max-age=31536000, immutable" in files["_headers"]
    assert b"<feed " in files["feed.xml"] and "de/feed.xml" not in files
    assert b'rel="enclosure"' in files["feed.xml"]
    assert b"ships" not in files["sitemap.xml"]
    assert broken(root / "dist", "https://harbour.example/") == []


def test_compressed_copies_are_the_files_and_carry_no_time(root: Path) -> None:
    run_build(root)
    files = tree(root / "dist")
    copies = {path: data for path, data in files.items() if path.endswith(".gz")}
    assert {"index.html.gz", "de/index.html.gz", "app.css.gz", "pictures.json.gz"} <= set(copies)
    for path, data in copies.items():
        assert gzip.decompress(data) == files[path.removesuffix(".gz")]
        assert data[4:8] == b"\0\0\0\0" and len(data) < len(files[path.removesuffix(".gz")])
    assert not [path for path in copies if path.startswith(("pictures/", "_"))] and "note.txt.gz" not in copies
    marker = {row["path"]: row for row in json.loads(files[".aibild/build.json"])["outputs"]}
    assert marker["index.html.gz"]["bytes"] == len(copies["index.html.gz"])


def test_a_second_build_makes_nothing_and_a_changed_page_only_its_own(root: Path) -> None:
    run_build(root)
    again = run_build(root)
    assert (again.written, again.removed, again.made.page) == (0, 0, 0)
    edit(root, "site/tides.md", "Twice a day.", "Four times a day.")
    before = tree(root / "dist")
    run_build(root)
    changed = {path for path, data in tree(root / "dist").items() if before.get(path) != data}
    assert changed == {"tides/index.html", "tides/index.html.gz", ".aibild/build.json"}


def test_what_is_no_longer_asked_for_leaves(root: Path) -> None:
    run_build(root)
    (root / "aibild.toml").write_text(CONFIG)
    run_build(root)
    left = tree(root / "dist")
    assert not [path for path in left if path.endswith(".gz") or path.startswith("_")] and "ships/index.html" in left
    assert b"app.css?v=" not in left["boats/index.html"] and b'href="/app.css"' in left["boats/index.html"]


def test_an_address_with_a_version_changes_with_the_file(root: Path) -> None:
    run_build(root)
    first = (root / "dist/boats/index.html").read_text().partition("app.css?v=")[2][:8]
    (root / "site/static/app.css").write_text("body{color:blue}")
    report = run_build(root)
    second = (root / "dist/boats/index.html").read_text().partition("app.css?v=")[2][:8]
    assert len(first) == 8 and first != second
    assert report.made.page == 4  # the articles, which ask for it


@pytest.mark.skipif(importlib.util.find_spec("brotli") is not None, reason="brotli is installed")
def test_brotli_that_is_not_there_is_named(root: Path) -> None:
    edit(root, "aibild.toml", '["gzip"]', '["gzip", "br"]')
    with pytest.raises(AibildError, match="brotli") as caught:
        run_build(root)
    assert caught.value.exit_code == 3 and "pip install brotli" in caught.value.hint
    assert not (root / "dist").exists()


@pytest.mark.skipif(importlib.util.find_spec("brotli") is None, reason="brotli is not installed")
def test_brotli(root: Path) -> None:
    edit(root, "aibild.toml", '["gzip"]', '["br"]')
    run_build(root)
    files = tree(root / "dist")
    unpacked = importlib.import_module("brotli").decompress(files["index.html.br"])
    assert unpacked == files["index.html"] and "index.html.gz" not in files


def test_days_to_come_are_told_and_built(root: Path) -> None:
    edit(root, "site/boats.md", "2026-01-05", "2026-12-24")
    assert rules(root, today=TODAY)["page-date-future"] == ("site/boats.md:1", Level.WARNING)
    assert "page-date-future" not in rules(root) and "page-date-future" not in rules(root, today="2026-12-24")
    assert "page-date-future" in {finding.rule for finding in plan(root, today=TODAY).findings}
    report = run_build(root)
    assert "page-date-future" in {finding.rule for finding in report.findings} and (root / "dist/boats/index.html").exists()


def test_tags_that_nobody_knows(root: Path) -> None:
    edit(root, "site/tides.md", "hero: quay\n", "hero: quay\ntags: [harbor]\n")
    edit(root, "briefs/quay.yaml", "subject:", "tags: [harbour, dawn]\nsubject:")
    assert "tag-unknown" not in rules(root)
    vocabulary = '\n[taxonomy.tags]\nharbour = {en = "Harbour", de = "Hafen"}\n'
    (root / "aibild.toml").write_text(CONFIG + vocabulary)
    found = [one for one in open_project(root).findings if one.rule == "tag-unknown"]
    assert [(str(one.origin), one.level, one.hint) for one in found] == [
        ("site/tides.md:1", Level.ERROR, "did you mean `harbour`?"),
        ("briefs/quay.yaml:1", Level.ERROR, "known: harbour"),
    ]


def test_captions_that_one_language_lacks(root: Path) -> None:
    edit(root, "briefs/quay.yaml", "alt:\n", "caption:\n  en: Early\nalt:\n")
    found = [one for one in open_project(root).findings if one.rule == "image-caption-missing"]
    assert [(one.level, one.subject) for one in found] == [(Level.WARNING, "de/")]
    assert "`de`" in found[0].message and found[0].hint == "add `caption: {de: …}` to briefs/quay.yaml"
    edit(root, "briefs/quay.yaml", "  en: Early\n", "  en: Early\n  de: Früh\n")
    assert "image-caption-missing" not in rules(root)


def test_a_licence_that_leads_nowhere(root: Path) -> None:
    assert "licence-page-missing" not in rules(root)
    edit(root, "aibild.toml", "https://harbour.example/boats/", "/licence/")
    assert rules(root)["licence-page-missing"] == ("aibild.toml", Level.WARNING)
    edit(root, "site/boats.md", "[/ships/]", "[/licence/]")
    assert "licence-page-missing" not in rules(root)


def test_a_gallery_has_every_picture_cut_for_it(root: Path) -> None:
    changes = {
        "site/all.md": "---\ntitle: All\ntemplate: gallery.html\n---\n",
        "site/tides.md": "---\ntitle: T\n---\n\n![](brief:only)\n",
    }
    changes["briefs/only.yaml"] = FILES["briefs/quay.yaml"].replace("#2a6478", "#808020")
    write_project(root, {**CHANGES, **changes})
    run_build(root)
    html = (root / "dist/all/index.html").read_text()
    assert html.count("<figure>") == 3 and "only-160" in html
    index = json.loads((root / "dist/pictures.json").read_text())
    assert "/all/" in index["pictures"]["only"]["pages"]


def test_two_sites_with_other_clocks_are_equal(tmp_path: Path) -> None:
    trees = []
    for name, today in (("a", TODAY), ("b", "2027-05-01")):
        root = write_project(tmp_path / name, CHANGES)
        run_build(root, today=TODAY)
        run_build(root, today=today, force=True)
        trees.append(tree(root / "dist"))
    assert trees[0] == trees[1]
