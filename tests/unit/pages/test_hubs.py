"""Pages that nobody wrote: numbered pages of listings, tags, galleries; and what templates learn of them."""

from __future__ import annotations

import pytest

from aibild_build.config import Taxonomy
from aibild_build.model import PageReason
from aibild_build.pages.taxonomy import tag_slug
from tests.unit.pages.project import Pictures, Project, elements, told
from tests.unit.pages.test_render import shown


@pytest.fixture
def log(project: Project) -> Project:
    """A section of five dated pages, three on a page; two tags in English, one of them in German too."""
    project.page("site/index.md", "Home")
    project.page("site/de/index.md", "Anfang")
    project.page("site/log/index.md", "Log", "Words.\n", paginate=2, sort_by="date", description="All of it", hero="sea")
    for number in range(1, 6):
        tags = "[red, Rote Boote]" if number < 3 else "[red]"
        body = "![](brief:fold)\n" if number == 1 else ""
        project.page(f"site/log/e{number}.md", f"E{number}", body, date=f"2026-01-0{number}", tags=tags, hero=f"h{number % 2}")
    project.page("site/de/log/e1.md", "D1", date="2026-01-01", tags="[red]")
    return project


def test_a_long_listing_goes_on_at_its_own_addresses(log: Project) -> None:
    pages = log.pages()
    second, third = pages["log/page/2/"], pages["log/page/3/"]
    assert (second.id, second.title, second.description) == ("log/page/2", "Log – Page 2", "All of it (Page 2 of 3)")
    assert (third.number, third.listing, third.body, third.path) == (3, "log", (), "log/page/3/index.html")
    assert "log/page/4/" not in pages and second.digest != third.digest
    ask = (
        "{% set l = paginate() %}{% for e in l.entries %}{{ e.title }} {% endfor %}{{ l.number }}/{{ l.count }} of {{ l.total }}"
    )
    ask += " <{{ l.previous }} >{{ l.next }}"
    log.write("templates/section.html", ask)
    renderer = log.renderer()
    made = [renderer.render(pages[url]).html.strip() for url in ("log/", "log/page/2/", "log/page/3/")]
    assert made == [
        "E5 E4 1/3 of 5 < >/docs/log/page/2/",
        "E3 E2 2/3 of 5 </docs/log/ >/docs/log/page/3/",
        "E1 3/3 of 5 </docs/log/page/2/ >",
    ]


def test_numbered_pages_are_their_own_canonical_and_name_their_neighbours(log: Project) -> None:
    page = log.pages()["log/page/2/"]
    html = log.renderer().render(page).html
    links = {row["rel"]: row["href"] for row in elements(html, "link") if row["rel"] in ("canonical", "prev", "next")}
    base = "https://example.org/docs/log/"
    assert (links["canonical"], links["prev"], links["next"]) == (f"{base}page/2/", base, f"{base}page/3/")
    assert html.count("<h1") == 1 and 'aria-current="page">2</span>' in html and "<title>Log – Page 2 · Paper</title>" in html


def test_numbered_pages_and_hubs_are_in_no_listing_and_are_made_anew_with_what_they_list(log: Project) -> None:
    ask = "{% for p in pages() %}{{ p.id }} {% endfor %}"
    assert shown(log, "log/e1/", ask) == "log/e1 log/e2 log/e3 log/e4 log/e5 log "
    page = log.pages()["log/page/2/"]
    trace = log.renderer().render(page).trace
    assert log.renderer().holds(page, trace) is None
    log.page("site/log/e3.md", "Third", date="2026-01-03", tags="[red]")
    assert log.renderer().holds(log.pages()["log/page/2/"], trace) == (PageReason.READ_CHANGED, "paginate(en, log/page/2)")


def test_each_tag_has_a_page_in_each_language_that_uses_it(log: Project) -> None:
    pages = log.pages()
    tags = {url: (page.title, page.tag) for url, page in pages.items() if "tags/" in url}
    assert tags == {
        "tags/": ("Tags", ""),
        "tags/red/": ("Topic: red", "red"),
        "tags/rote-boote/": ("Topic: Rote Boote", "Rote Boote"),
        "de/tags/": ("Schlagwörter", ""),
        "de/tags/red/": ("Thema: red", "red"),
    }
    html = log.renderer().render(pages["tags/rote-boote/"]).html
    assert ">E1</a>" in html and ">E2</a>" in html and ">E3</a>" not in html
    assert 'href="/docs/tags/rote-boote/"' in log.renderer().render(pages["tags/"]).html
    crumbs = "{% for c in breadcrumbs() %}{{ c.title }}>{% endfor %}"
    log.write("templates/tag.html", crumbs)
    assert log.renderer().render(pages["tags/red/"]).html.strip() == "Home>Tags>Topic: red>"
    assert pages["tags/red/"].schema == pages["log/"].schema == "CollectionPage"


def test_labels_come_from_the_vocabulary(log: Project) -> None:
    log.settings["taxonomy"] = Taxonomy(tags={"red": {"en": "Red things", "de": "Rotes"}, "Rote Boote": {}})
    pages = log.pages()
    assert (pages["tags/red/"].title, pages["de/tags/red/"].title) == ("Topic: Red things", "Thema: Rotes")
    assert pages["de/tags/red/"].description == "Alle Seiten zum Thema „Rotes“."
    ask = "{% for t in tags() %}{{ t.label }} {{ t.url }} {{ t.count }};{% endfor %}"
    assert shown(log, "log/e1/", ask) == "Red things /docs/tags/red/ 5;Rote Boote /docs/tags/rote-boote/ 2;"
    assert shown(log, "log/e3/", "{% for t in tags(page) %}{{ t.label }}{% endfor %}") == "Red things"


def test_tags_without_hubs(log: Project) -> None:
    log.settings["taxonomy"] = Taxonomy(hubs=False)
    assert not [url for url in log.pages() if "tags/" in url]
    assert shown(log, "log/e3/", "{% for t in tags(page) %}{{ t.label }}-{{ t.url }}{% endfor %}") == "red-"


def test_an_authors_page_takes_a_hubs_place(log: Project) -> None:
    log.page("site/tags/red.md", "All that is red", "My words.\n", hero="sea")
    log.page("site/tags/index.md", "Topics", template="article.html")
    log.page("site/tags/other.md", "No tag")
    pages = log.pages()
    mine = pages["tags/red/"]
    assert (mine.title, mine.template, mine.tag, mine.schema) == ("All that is red", "tag.html", "red", "CollectionPage")
    assert pages["tags/"].template == "article.html" and pages["tags/other/"].template == "article.html"
    html = log.renderer().render(mine).html
    assert "My words." in html and ">E4</a>" in html


def test_a_hub_without_pictures_is_shared_with_the_first_that_it_shows(log: Project) -> None:
    rendered = log.renderer().render(log.pages()["tags/red/"])
    assert '<meta property="og:image" content="https://example.org/docs/pictures/hero-h1-1200x630.jpg">' in rendered.html
    assert '"primaryImageOfPage":{"@id":"https://example.org/docs/tags/red/#picture-card-h1"}' in rendered.html
    assert {picture.slot for picture in rendered.pictures} == {"card"} and "preload" not in rendered.html


def test_the_gallery_shows_every_picture_once_with_its_pages(log: Project) -> None:
    log.page("site/pictures.md", "Pictures", template="gallery.html", paginate=3)
    log.page("site/hidden.md", "Hidden", hero="secret", noindex="true")
    pages = log.pages()
    assert pages["pictures/"].schema == "CollectionPage" and "pictures/page/2/" in pages and "pictures/page/3/" not in pages
    ask = "{% set g = gallery() %}{% for e in g.entries %}{{ e.picture.id }}.{{ e.picture.slot }}:"
    ask += "{% for p in e.pages %}{{ p.title }} {% endfor %};{% endfor %}{{ g.count }} {{ g.next }}"
    log.write("templates/gallery.html", ask)
    first, second = (log.renderer().render(pages[url]) for url in ("pictures/", "pictures/page/2/"))
    assert first.html.strip() == "sea.card:Log ;h1.card:E1 E3 E5 ;fold.card:E1 ;2 /docs/pictures/page/2/"
    assert second.html.strip() == "h0.card:E2 E4 ;2"
    assert [picture.id for picture in first.pictures] == ["fold", "h1", "sea"]
    assert log.renderer().pictures_of(first.trace) == first.pictures


def test_the_built_in_gallery_and_licence_page(log: Project) -> None:
    log.page("site/pictures.md", "Pictures", template="gallery.html")
    log.page("site/licence.md", "Licence", template="licence.html")
    changed = {"fold": {"credit": "Ada", "license": "https://a.example/terms", "caption": "Folded"}}
    renderer, pages = log.renderer(Pictures(changed)), log.pages()
    html = renderer.render(pages["pictures/"]).html
    assert html.count("<figure>") == 4 and "Folded" in html and 'Shown on</span> <a href="/docs/log/e1/">E1</a>' in html
    html = renderer.render(pages["licence/"]).html
    assert '<a rel="license" href="/docs/licence/">Studio</a>' in html and ">Ada</a>" in html


def test_a_picture_that_leaves_the_site_makes_the_gallery_anew(log: Project) -> None:
    log.page("site/pictures.md", "Pictures", template="gallery.html")
    trace = log.renderer().render(log.pages()["pictures/"]).trace
    assert log.renderer().holds(log.pages()["pictures/"], trace) is None
    log.page("site/log/e1.md", "E1", date="2026-01-01", tags="[red, Rote Boote]", hero="h1")
    changed = log.renderer().holds(log.pages()["pictures/"], trace)
    assert changed == (PageReason.READ_CHANGED, "gallery(en, pictures, card)")


def test_home_lists_everything_page_by_page(project: Project) -> None:
    project.page("site/index.md", "Home", paginate=2)
    project.page("site/de/index.md", "Anfang", paginate=2)
    for name in "abc":
        project.page(f"site/{name}.md", name.upper())
    pages = project.pages()
    assert [url for url in pages if "page/" in url] == ["page/2/"] and "de/page/2/" not in pages
    assert ">C</a>" in project.renderer().render(pages["page/2/"]).html


def test_a_folder_within_a_folder_lists_its_own_pages(project: Project) -> None:
    project.page("site/guide/index.md", "Guide")
    project.page("site/guide/deep/index.md", "Deep")
    project.page("site/guide/deep/one.md", "One")
    project.page("site/guide/two.md", "Two")
    html = project.renderer().render(project.pages()["guide/deep/"]).html
    assert ">One</a>" in html and ">Two</a>" not in html


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("[red, Red]", "site/a.md source-duplicate"),
        ("['!?']", "site/a.md source-value"),
        ("[rot, 'ROT ']", "site/a.md source-duplicate"),
    ],
)
def test_tags_that_cannot_have_an_address(project: Project, tags: str, expected: str) -> None:
    project.page("site/a.md", "A", tags=tags)
    assert told(project.read()[1]) == [expected]


def test_slugs_of_tags() -> None:
    written = ["Rote Boote", "Ärger", "港 と 海", "a_b--c", "C++", "…"]
    assert [tag_slug(tag) for tag in written] == ["rote-boote", "ärger", "港-と-海", "a-b-c", "c", ""]
