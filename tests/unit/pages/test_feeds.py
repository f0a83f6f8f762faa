"""Atom feeds: what is in them, in which order, and that no clock is."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from aibild_build.model import Page, Related
from aibild_build.pages.feeds import ATOM_NAMESPACE, MAX_ENTRIES, feed_entries, feed_path, feed_xml
from tests.unit.pages.project import Project, elements

_SPACE = {"a": ATOM_NAMESPACE}


def feed(project: Project, lang: str, shares: dict[str, Related] | None = None) -> etree._Element:
    entries = feed_entries(project.pages().values(), lang)
    return etree.fromstring(feed_xml(project.config, lang, entries, shares or {}))


def said(element: etree._Element, path: str) -> list[str]:
    return [str(found) for found in element.xpath(path, namespaces=_SPACE)]


def sample(project: Project) -> Project:
    project.settings["time_zone"] = "Europe/Berlin"
    project.page("site/index.md", "Home")
    project.page("site/a.md", "A & <b>", description="First", date="2026-01-02", tags="[red]", extra="{author: Ada}")
    project.page("site/b.md", "B", date="2026-03-01", updated="2026-03-05")
    project.page("site/c.md", "C", date="2026-02-01T10:00:00Z")
    project.page("site/hidden.md", "Hidden", date="2026-04-01", noindex="true")
    project.page("site/draft.md", "Draft", date="2026-04-01", draft="true")
    project.page("site/undated.md", "Undated")
    project.page("site/de/a.md", "Erstes", date="2026-01-02")
    return project


def test_dated_pages_newest_first(project: Project) -> None:
    found = feed(sample(project), "en")
    assert said(found, "a:entry/a:title/text()") == ["B", "C", "A & <b>"]
    assert said(found, "a:updated/text()") == ["2026-03-05T00:00:00+01:00"]
    assert said(found, "a:entry/a:published/text()") == [
        "2026-03-01T00:00:00+01:00",
        "2026-02-01T10:00:00Z",
        "2026-01-02T00:00:00+01:00",
    ]
    assert said(found, "a:entry[3]/a:id/text()") == ["https://example.org/docs/a/"]
    assert said(found, "a:entry[3]/a:author/a:name/text()") == ["Ada"]
    assert said(found, "a:entry[3]/a:category/@label") == ["red"] and said(found, "a:entry[3]/a:summary/text()") == ["First"]
    assert said(found, "a:author/a:name/text()") == ["Studio"]


def test_each_language_has_its_own(project: Project) -> None:
    found = feed(sample(project), "de")
    assert said(found, "a:entry/a:title/text()") == ["Erstes"] and said(found, "a:title/text()") == ["Papier"]
    assert said(found, "a:link[@rel='self']/@href") == ["https://example.org/docs/de/feed.xml"]
    assert said(found, "a:link[@rel='alternate']/@href") == ["https://example.org/docs/de/"]
    assert [feed_path(project.config, lang) for lang in ("en", "de")] == ["feed.xml", "de/feed.xml"]


def test_the_picture_of_a_page_goes_along(project: Project) -> None:
    share = Related(url="/docs/pictures/a-1200.jpg", width=1200, height=630, bytes=70000, type="image/jpeg")
    found = feed(sample(project), "en", {"b/": share})
    row = found.xpath("a:entry[1]/a:link[@rel='enclosure']", namespaces=_SPACE)[0]
    assert (row.get("href"), row.get("length")) == ("https://example.org/docs/pictures/a-1200.jpg", "70000")


def test_pages_lead_to_the_feed_of_their_language(project: Project) -> None:
    sample(project)
    renderer, pages = project.renderer(), project.pages()

    def feeds(url: str) -> list[str]:
        rows = elements(renderer.render(pages[url]).html, "link")
        return [row["href"] for row in rows if row.get("type") == "application/atom+xml"]

    assert (feeds(""), feeds("de/a/"), feeds("hidden/")) == (["/docs/feed.xml"], ["/docs/de/feed.xml"], [])
    project.settings["feeds"] = False
    assert not [row for row in elements(project.renderer().render(pages[""]).html, "link") if "atom" in row.get("type", "")]


def test_a_feed_ends_somewhere(project: Project) -> None:
    project.page("site/a.md", "A", date="2026-01-01")
    (page,) = project.pages().values()
    many = [_with_url(page, f"p{number}/") for number in range(MAX_ENTRIES + 5)]
    assert len(feed_entries(many, "en")) == MAX_ENTRIES
    assert feed_entries(many, "de") == ()


def _with_url(page: Page, url: str) -> Page:
    return replace(page, url=url)
