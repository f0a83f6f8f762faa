"""Former addresses, and the files that hosts read."""

from __future__ import annotations

import pytest

from aibild_build.pages.hosts import headers_file, redirect_pages, redirects_file
from tests.unit.pages.project import Project, elements, told


def moved(project: Project) -> Project:
    project.page("site/index.md", "Home")
    project.page("site/new.md", "New <place>", aliases="[/old/place/, /older.html, einst]")
    project.page("site/de/new.md", "Neu", aliases="/de/alt/")
    return project


def test_a_former_address_leads_on(project: Project) -> None:
    pages = moved(project).pages()
    made = dict(redirect_pages(project.config, pages.values()))
    assert sorted(made) == ["de/alt/index.html", "einst/index.html", "old/place/index.html", "older.html"]
    html = made["old/place/index.html"].decode()
    assert [row["href"] for row in elements(html, "a")] == ["/docs/new/"] and "New &lt;place&gt;" in html
    assert '<meta http-equiv="refresh" content="0; url=/docs/new/">' in html and 'content="noindex"' in html
    german = made["de/alt/index.html"].decode()
    assert '<html lang="de" dir="ltr">' in german and "umgezogen" in german


def test_redirects_for_hosts(project: Project) -> None:
    pages = moved(project).pages()
    assert redirects_file(project.config, pages.values()).decode().splitlines() == [
        "/docs/de/alt/ /docs/de/new/ 301",
        "/docs/einst/ /docs/new/ 301",
        "/docs/old/place/ /docs/new/ 301",
        "/docs/older.html /docs/new/ 301",
    ]


def rules(text: bytes) -> dict[str, list[str]]:
    return {
        rule.splitlines()[0]: [line.strip() for line in rule.splitlines()[1:]] for rule in text.decode().strip().split("\n\n")
    }


def test_headers_for_hosts(project: Project) -> None:
    moved(project).page("site/404.md", "Lost")
    found = rules(headers_file(project.config, project.pages().values(), "pictures"))
    short, long = "Cache-Control: public, max-age=0, must-revalidate", "Cache-Control: public, max-age=31536000, immutable"
    assert found["/docs/*"] == ["X-Content-Type-Options: nosniff"]
    assert found["/docs/pictures/*"] == [long]
    assert found["/docs/"] == found["/docs/new/*"] == found["/docs/de/*"] == found["/docs/404.html"] == [short]
    assert found["/docs/de/feed.xml"] == ["Content-Type: application/atom+xml; charset=utf-8"]


def test_pages_among_the_pictures_are_not_kept_for_a_year(project: Project) -> None:
    project.page("site/pictures/index.md", "Pictures")
    project.page("site/pictures/old.md", "Old")
    found = rules(headers_file(project.config, project.pages().values(), "pictures"))
    assert "immutable" in found["/docs/pictures/*.avif"][0] and "/docs/pictures/*" not in found
    assert "max-age=0" in found["/docs/pictures/"][0] and "max-age=0" in found["/docs/pictures/old/"][0]


@pytest.mark.parametrize(
    "alias",
    ["../out", "/a/../b/", "https://other.example/", "/.git/x/", "/a b/", "/feed.xml", "//a", "/a?b", "/.aibild/x/", "''"],
)
def test_addresses_that_cannot_be(project: Project, alias: str) -> None:
    project.page("site/a.md", "A", aliases=f"[{alias}]")
    assert told(project.read()[1]) == ["site/a.md:3 source-value"]


@pytest.mark.parametrize(
    ("alias", "where"),
    [("/b/", "site/a.md"), ("/", "site/a.md:3"), ("/a/", "site/a.md"), ("/B/", "site/a.md"), ("/x/", "site/b.md")],
)
def test_a_former_address_must_be_free(project: Project, alias: str, where: str) -> None:
    project.page("site/index.md", "Home")
    project.page("site/a.md", "A", aliases=alias)
    project.page("site/b.md", "B", aliases="/x")
    rule = "source-value" if alias == "/" else "source-duplicate"
    assert told(project.read()[1]) == [f"{where} {rule}"]


def test_drafts_leave_no_redirect(project: Project) -> None:
    project.page("site/a.md", "A", aliases="/b/", draft="true")
    project.page("site/b.md", "B")
    assert project.read()[1] == ()
