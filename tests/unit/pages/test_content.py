"""Where pages come from, what they are called, and what is said of those that are wrong."""

from __future__ import annotations

import pytest

from aibild_build.config import MenuEntry
from aibild_build.model import Level
from aibild_build.pages.content import read_pages
from tests.unit.pages.project import Project, told


def test_ids_urls_and_languages_come_from_the_path(project: Project) -> None:
    for path in (
        "index",
        "about",
        "guide/index",
        "guide/briefs",
        "404",
        "de/index",
        "de/guide/briefs",
        "guide/slots",
        "guide/slots.de",
    ):
        project.page(f"site/{path}.md", path)
    project.write("site/.hidden/x.md", "no front matter")
    project.write("site/.draft.md", "no front matter")
    pages = {page.title: page for page in project.pages().values()}
    assert {title: (page.id, page.lang, page.url, page.path) for title, page in pages.items()} == {
        "index": ("", "en", "", "index.html"),
        "about": ("about", "en", "about/", "about/index.html"),
        "guide/index": ("guide", "en", "guide/", "guide/index.html"),
        "guide/briefs": ("guide/briefs", "en", "guide/briefs/", "guide/briefs/index.html"),
        "404": ("404", "en", "404.html", "404.html"),
        "de/index": ("", "de", "de/", "de/index.html"),
        "de/guide/briefs": ("guide/briefs", "de", "de/guide/briefs/", "de/guide/briefs/index.html"),
        "guide/slots": ("guide/slots", "en", "guide/slots/", "guide/slots/index.html"),
        "guide/slots.de": ("guide/slots", "de", "de/guide/slots/", "de/guide/slots/index.html"),
    }
    assert [pages[name].template for name in ("index", "about", "guide/index", "guide/briefs", "404", "de/index")] == [
        "home.html",
        "article.html",
        "section.html",
        "article.html",
        "404.html",
        "home.html",
    ]
    assert [pages[name].section for name in ("index", "about", "guide/index", "guide/briefs")] == ["", "", "guide", "guide"]
    assert pages["404"].noindex and not pages["about"].noindex


def test_front_matter_in_yaml_and_in_toml_says_the_same(project: Project) -> None:
    project.write(
        "site/a.md",
        "---\ntitle: Bild\ndescription: Eins\ndate: 2026-11-23\nslug: erste-seite\norder: 2.5\ntags: [x, y]\nschema: Article\n"
        "hero: sunrise\npictures:\n  card: brief:moon\nextra: {author: Ada}\nnoindex: true\nmenu_title: B\n"
        "section: s\n---\nText\n",
    )
    project.write(
        "site/b.md",
        '+++\ntitle = "Bild"\ndescription = "Eins"\ndate = 2026-11-23\nslug = "zweite-seite"\norder = 2.5\ntags = ["x", "y"]\n'
        'schema = "Article"\nhero = "sunrise"\nextra = {author = "Ada"}\nnoindex = true\nmenu_title = "B"\nsection = "s"\n'
        '[pictures]\ncard = "brief:moon"\n+++\nText\n',
    )
    pages = project.pages()
    first, second = pages["erste-seite/"], pages["zweite-seite/"]
    for name in ("title", "description", "date", "order", "tags", "schema", "extra", "noindex", "menu_title", "section", "body"):
        assert getattr(first, name) == getattr(second, name), name
    assert {slot: ref.brief for slot, ref in first.slots.items()} == {"hero": "sunrise", "card": "moon"}
    assert {slot: ref.origin.line for slot, ref in first.slots.items()} == {"hero": 9, "card": 11}
    assert {slot: ref.origin.line for slot, ref in second.slots.items()} == {"hero": 9, "card": 15}
    assert (first.date, first.order, first.extra) == ("2026-11-23", 2.5, {"author": "Ada"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no front matter\n", ["site/x.md:1 source-missing"]),
        ("---\ntitle: A\n", ["site/x.md:1 source-syntax"]),
        ("---\ntitle: A\nheroo: b\n---\n", ["site/x.md:3 source-unknown-key"]),
        ("---\ntitle: A\ndate: soon\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\nslug: ../up\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\nslug: ..\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\ntemplate: ../../x.html\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\nschema: Artcle\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\npictures: {hreo: b}\n---\n", ["site/x.md:3 source-reference"]),
        ("---\ntitle: A\nhero: a\npictures: {hero: b}\n---\n", ["site/x.md:4 source-duplicate"]),
        ("---\ntitle: A\nhero: Not_An_Id\n---\n", ["site/x.md:3 source-value"]),
        ("---\ntitle: A\nhero: missing.jpg\n---\n", ["site/x.md:3 source-reference"]),
        ("---\ntitle: A\n---\n\n![a](gone.png)\n", ["site/x.md:5 source-reference"]),
        ("---\ntitle: A\n---\n\n![a](../../outside.png)\n", ["site/x.md:5 source-path"]),
        ("---\ntitle: A\n---\nx\n[a](gone.md)\n", ["site/x.md:5 source-link"]),
        ("---\ntitle: A\n---\n[a](#gone)\n", ["site/x.md:4 source-link"]),
        ("---\ntitle: A\n---\n# One\n[a](x.md#two)\n", ["site/x.md:5 source-link"]),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(project: Project, text: str, expected: list[str]) -> None:
    project.write("site/x.md", text)
    _, findings = project.read()
    assert told(findings) == expected
    assert all(finding.level is Level.FATAL for finding in findings)


def test_near_names_are_offered(project: Project) -> None:
    project.page("site/guide/briefs.md", "Briefs")
    project.write("site/guide/photo.jpg", "")
    project.write("site/x.md", "---\ntitle: A\npictures: {hreo: b}\n---\n[a](guide/breifs.md) ![b](guide/foto.jpg)\n")
    _, findings = project.read()
    assert sorted(finding.hint for finding in findings) == [
        "did you mean `guide/briefs.md`?",
        "did you mean `guide/photo.jpg`?",
        "did you mean `hero`?",
    ]


def test_all_faults_of_all_files_come_in_one_run(project: Project) -> None:
    project.write("site/a.md", "---\nnope: 1\n---\n[x](y.md)\n")
    project.write("site/b.md", "---\ntitle: [\n---\n")
    project.menu("main", MenuEntry(page="nowhere"), MenuEntry(url="https://example.org/"))
    _, findings = project.read()
    assert sorted(told(findings)) == [
        "aibild.toml source-reference",
        "site/a.md:2 source-missing",
        "site/a.md:2 source-unknown-key",
        "site/a.md:4 source-link",
        *[line for line in told(findings) if line.startswith("site/b.md")],
    ]
    assert any(line.startswith("site/b.md") for line in told(findings))


def test_two_pages_at_one_url_name_both_files(project: Project) -> None:
    project.page("site/a.md", "A", slug="same")
    project.page("site/b.md", "B", slug="Same")
    project.write("site/static/same/index.html", "x")
    _, findings = project.read()
    assert [(finding.rule, finding.subject or str(finding.origin)) for finding in findings] == [
        ("source-duplicate", "site/b.md"),
        ("source-duplicate", "site/static/same/index.html"),
    ]
    assert "site/a.md" in findings[0].message and "site/b.md" in findings[0].message


def test_folder_and_suffix_must_agree_and_names_must_make_urls(project: Project) -> None:
    project.page("site/de/x.en.md", "X")
    project.page("site/a b.md", "Y")
    _, findings = project.read()
    assert told(findings) == ["site/a b.md source-path", "site/de/x.en.md source-path"]


def test_links_to_drafts_are_refused_but_drafts_may_link(project: Project) -> None:
    project.page("site/a.md", "A", "[b](b.md)\n")
    project.page("site/b.md", "B", "[a](a.md)\n", draft="true")
    _, findings = project.read()
    assert told(findings) == ["site/a.md:4 source-link"]


def test_pictures_are_found_beside_the_page_and_in_the_project(project: Project) -> None:
    project.write("site/guide/near.jpg", "1")
    project.write("photos/far.jpg", "2")
    project.page("site/guide/x.md", "X", "![a](near.jpg) ![b](photos/far.jpg) ![c](/photos/far.jpg) ![d](brief:sea) ![e](sea)\n")
    page = project.pages()["guide/x/"]
    assert [piece.brief for piece in page.body if not isinstance(piece, str) and hasattr(piece, "brief")] == [
        "file:site/guide/near.jpg",
        "file:photos/far.jpg",
        "file:photos/far.jpg",
        "sea",
        "sea",
    ]


def test_static_files_pass_and_links_that_lead_out_do_not(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    outside.write_text("secret")
    project.page("site/index.md", "Home")
    project.write("site/static/icons/favicon.svg", "<svg/>")
    project.write("site/static/.well-known/security.txt", "x")
    project.write("site/static/notes.md", "not a page")
    project.write("site/static/.DS_Store", "litter")
    project.write("site/static/.aibild/build.json", "{}")
    (project.root / "site/static/leak.txt").symlink_to(outside)
    (project.root / "site/static/folder").symlink_to(outside.parent)
    (project.root / "site/static/alias.svg").symlink_to(project.root / "site/static/icons/favicon.svg")
    pages, static, findings = read_pages(project.config)
    assert [page.url for page in pages] == [""]
    assert [file.path for file in static] == [".well-known/security.txt", "alias.svg", "icons/favicon.svg", "notes.md"]
    assert (static[0].bytes, static[0].source) == (1, "site/static/.well-known/security.txt")
    assert told(findings) == [
        "site/static/.aibild/build.json source-path",
        "site/static/folder source-path",
        "site/static/leak.txt source-path",
    ]


def test_a_project_without_a_site_is_told_what_to_do(project: Project) -> None:
    _, findings = project.read()
    assert told(findings) == ["site source-missing"]
    assert "aibild init" in findings[0].hint
