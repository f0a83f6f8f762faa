"""Rendering: what templates see, what a trace remembers, and when a page holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aibild_build.config import MenuEntry
from aibild_build.errors import TemplateError
from aibild_build.model import Json, PageReason
from aibild_build.pages.render import Rendered
from tests.unit.pages.project import Pictures, Project, elements


@pytest.fixture
def guide(project: Project) -> Project:
    project.page("site/index.md", "Home", "[start](guide/start.md#first)\n")
    project.page("site/guide/index.md", "Guide")
    body = '## First\n\nText ![in line](brief:fold)\n\n![](brief:fold "Mine")\n'
    project.page("site/guide/start.md", "Start", body, order=1, hero="sea")
    project.page("site/guide/finish.md", "Finish", "Text\n", order=2, date="2026-01-02")
    project.page("site/de/index.md", "Anfang")
    project.page("site/de/guide/start.md", "Los", hero="sea")
    project.page("site/about.md", "About", "```python\nx = 1\n```\n")
    project.write("templates/article.html", "<h1>{{ page.title }}</h1>{{ content }}")
    project.write("templates/section.html", "{% for p in pages(section=page.id) %}{{ p.title }} {{ p.url }};{% endfor %}")
    project.write("templates/home.html", "{% extends 'frame.html' %}{% block main %}{{ content }}{% endblock %}")
    project.write("templates/frame.html", "<main>{% block main %}{% endblock %}</main>")
    return project


def shown(project: Project, url: str, template: str, pictures: Pictures | None = None) -> str:
    """What a template makes of a page."""
    project.write("templates/article.html", template)
    return project.renderer(pictures).render(project.pages()[url]).html.rstrip("\n")


def test_content_puts_pictures_links_and_code_in_place(guide: Project) -> None:
    html = shown(guide, "guide/start/", "{{ content }}")
    assert "<p>Text <picture>" in html and html.count("<figure>") == 1
    assert [img["alt"] for img in elements(html, "img")] == ["in line", "fold in en"]
    assert '<span class="caption">Mine</span>' in html and 'href="/docs/licence/"' in html
    assert '<a href="/docs/guide/start/#first">start</a>' in guide.renderer().render(guide.pages()[""]).html
    code = shown(guide, "about/", "{{ content }}{{ highlight_css() }}")
    assert '<div class="highlight"><pre tabindex="0"><code class="language-python"><span class="n">x</span>' in code
    assert "prefers-color-scheme:dark" in code
    assert shown(guide, "guide/finish/", "{{ highlight_css() }}") == ""


def test_unknown_languages_stay_plain(guide: Project) -> None:
    guide.page("site/about.md", "About", "```nosuchlanguage\na < b\n```\n\n    plain\n")
    html = shown(guide, "about/", "{{ content }}")
    assert '<code class="language-nosuchlanguage">a &lt; b' in html and "<code>plain" in html


def test_access_functions_answer_in_the_pages_language(guide: Project) -> None:
    guide.menu("main", MenuEntry(page="guide"), MenuEntry(url="https://code.example/", label={"en": "Code", "de": "Quelltext"}))
    guide.menu("foot", MenuEntry(url="/feed.xml", label={"en": "Feed"}))
    assert shown(guide, "about/", "{{ menu('foot')[0].url }}") == "/docs/feed.xml"
    ask = "{% for p in pages() %}{{ p.id }} {% endfor %}"
    assert shown(guide, "guide/start/", ask) == "about guide guide/start guide/finish "
    assert shown(guide, "de/guide/start/", ask) == "guide/start "
    assert shown(guide, "about/", "{% for p in pages('guide', order='date', limit=1) %}{{ p.id }}{% endfor %}") == "guide/finish"
    assert shown(guide, "about/", "{% for p in pages(order='title', lang='de') %}{{ p.title }}{% endfor %}") == "Los"
    menu = "{% for m in menu('main') %}{{ m.label }} {{ m.url }} {{ m.current }} {{ m.within }} {{ m.external }};{% endfor %}"
    in_guide = "Guide /docs/guide/ False True False;"
    assert shown(guide, "guide/start/", menu) == in_guide + "Code https://code.example/ False False True;"
    assert shown(guide, "de/guide/start/", menu).endswith("Quelltext https://code.example/ False False True;")
    assert shown(guide, "about/", "{{ menu('none')|length }}{{ url('guide/start') }}") == "0/docs/guide/start/"
    names = "{{ url('about') }} {{ site.home }} {{ site.name }}"
    assert shown(guide, "de/guide/start/", names) == "/docs/about/ /docs/de/ Papier"
    versions = "{% for v in translations(page) %}{{ v.lang }} {{ v.url }} {{ v.current }};{% endfor %}"
    assert shown(guide, "de/guide/start/", versions) == "en /docs/guide/start/ False;de /docs/de/guide/start/ True;"
    crumbs = "{% for c in breadcrumbs(page) %}{{ c.title }}>{% endfor %}"
    assert shown(guide, "guide/start/", crumbs) == "Home>Guide>Start>"
    words = "{{ t('skip_to_content') }} {{ day('2026-11-23') }}"
    assert shown(guide, "de/guide/start/", words) == "Zum Inhalt springen 23. November 2026"


def test_pictures_of_a_slot_come_from_the_slot_that_feeds_it(guide: Project) -> None:
    ask = "{% for p in pages('guide') %}{% set c = picture('card', of=p) %}{{ p.id }}={{ c.id if c else '-' }};{% endfor %}"
    assert shown(guide, "about/", ask) == "guide/start=sea;guide/finish=-;"
    assert shown(guide, "about/", "{{ picture('card', of='guide/start').slot }} {{ picture('hero') is none }}") == "card True"


def test_slots_css_and_picture_makers_are_there(guide: Project) -> None:
    makers = "{{ slots_css() }}{{ picture_html(picture('hero'), css_class='x') }}{{ figure_html(picture('hero')) }}"
    html = shown(guide, "guide/start/", makers)
    assert "--slot-hero-width" in html and '<picture class="x">' in html and "<figcaption>" in html
    ai = shown(guide, "guide/start/", "{{ figure_html(picture('hero')) }}", Pictures({"sea": {"ai": True, "label": True}}))
    assert "This picture was made with AI." in ai


def test_everything_is_escaped_unless_it_is_markup(guide: Project) -> None:
    guide.page("site/about.md", "<b> & co")
    html = shown(guide, "about/", "{{ page.title }}{{ head() }}")
    assert html.startswith("&lt;b&gt; &amp; co<title>&lt;b&gt; &amp; co · Paper</title>")


@pytest.mark.parametrize(
    ("template", "line", "message", "hint"),
    [
        ("a\n{{ pge.title }}", 2, "'pge' is undefined", "did you mean `page`?"),
        ("a\n\n{% if %}", 3, "Expected an expression", ""),
        ("a\n{{ url('guide/strat') }}", 2, "there is no page `guide/strat`; did you mean `guide/start`?", ""),
        ("{{ picture('hreo') }}", 1, "there is no slot `hreo` in aibild.toml; did you mean `hero`?", ""),
        ("\n{{ pages(order='size') }}", 2, "expected order as one of", ""),
        ("\n{{ 1 / 0 }}", 2, "ZeroDivisionError: division by zero", ""),
        ("\n{{ picture_html(picture('hero')) }}", 2, "expected a picture, got none", ""),
        ("\n{% include 'hom.html' %}", 2, "there is no template `hom.html`", "did you mean `home.html`?"),
        ("{{ t('languges') }}", 1, "there is no text `languges`; did you mean `languages`?", ""),
        ("{{ t('made_with') }}", 1, "the text `made_with` needs a value for 'name'", ""),
        ("{{ [1, 2]|random }}", 1, "No filter named 'random'", ""),
    ],
)
def test_template_errors_say_where(guide: Project, template: str, line: int, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as caught:
        shown(guide, "about/", template)
    assert (caught.value.path, caught.value.line, caught.value.page) == ("templates/article.html", line, "site/about.md")
    assert message in caught.value.message and hint in caught.value.hint


def test_errors_deep_in_an_included_template_name_that_template(guide: Project) -> None:
    guide.write("templates/part.html", "\n\n{{ gone }}")
    with pytest.raises(TemplateError) as caught:
        shown(guide, "about/", "{% include 'part.html' %}")
    assert (caught.value.path, caught.value.line) == ("templates/part.html", 3)


def test_a_page_that_names_no_template_that_exists(guide: Project) -> None:
    guide.page("site/about.md", "About", template="aricle.html")
    with pytest.raises(TemplateError) as caught:
        guide.renderer().render(guide.pages()["about/"])
    assert (caught.value.path, caught.value.hint) == ("site/about.md", "did you mean `article.html`?")


def test_a_picture_that_is_not_there_stops_the_page(guide: Project) -> None:
    guide.page("site/about.md", "About", "![](brief:unmade)\n")
    with pytest.raises(TemplateError, match="no picture of `unmade`") as caught:
        guide.renderer().render(guide.pages()["about/"])
    assert (caught.value.path, caught.value.line) == ("site/about.md", 4)


def test_imported_macros_see_their_own_page(guide: Project) -> None:
    name = "{% macro name() %}{{ page.title }} {{ t('home') }} {{ count }}{% endmacro %}"
    guide.write("templates/parts.html", "{% set count = pages('guide')|length %}" + name)
    guide.write("templates/article.html", "{% from 'parts.html' import name %}{{ name() }}")
    renderer, pages = guide.renderer(), guide.pages()
    rendered = [renderer.render(pages[url]) for url in ("about/", "de/guide/start/", "guide/finish/")]
    assert [each.html for each in rendered] == ["About Home 2\n", "Los Startseite 1\n", "Finish Home 2\n"]
    asked = [json.loads(json.dumps(each.trace))["reads"][0][:2] for each in rendered]
    assert asked == [["pages", ["guide", None, lang, "order", None]] for lang in ("en", "de", "en")]


def test_the_built_in_theme_renders_every_kind_of_page(guide: Project) -> None:
    for name in ("article", "section", "home", "frame"):
        (guide.root / f"templates/{name}.html").unlink()
    guide.page("site/404.md", "Lost")
    renderer = guide.renderer()
    for page in guide.pages().values():
        rendered = renderer.render(page)
        html = rendered.html
        assert html.startswith("<!doctype html>") and "\x00" not in html and "<script>" not in html
        assert html.count("<h1") == 1 and f'<html lang="{page.lang}"' in html
        assert renderer.holds(page, rendered.trace) is None


def test_a_trace_survives_json_and_pictures_come_back_from_it(guide: Project) -> None:
    cards = "{% for p in pages('guide') %}{{ picture('card', of=p) }}{% endfor %}"
    guide.write("templates/article.html", "{{ head() }}{{ content }}" + cards)
    renderer, page = guide.renderer(), guide.pages()["guide/start/"]
    rendered = renderer.render(page)
    trace = json.loads(json.dumps(rendered.trace))
    assert trace == json.loads(json.dumps(renderer.render(page).trace))
    assert guide.renderer().holds(page, trace) is None
    assert [(each.slot, each.id) for each in rendered.pictures] == [("card", "sea"), ("hero", "sea"), ("prose", "fold")]
    assert guide.renderer().pictures_of(trace) == rendered.pictures


def trace_of(project: Project, url: str) -> Rendered:
    return project.renderer().render(project.pages()[url])


@pytest.mark.parametrize(
    ("url", "change", "expected"),
    [
        ("guide/", "none", None),
        ("guide/", "other page's title", (PageReason.READ_CHANGED, "pages(guide, -, en, order, -)")),
        ("guide/", "other page's body", None),
        ("about/", "other page's title", None),
        ("guide/start/", "other page's title", None),
        ("", "linked page's slug", (PageReason.READ_CHANGED, "link(site/index.md, en, guide/start.md#first)")),
        ("about/", "linked page's slug", None),
        ("about/", "own source", (PageReason.SOURCE_CHANGED, "site/about.md")),
        ("guide/", "own source", None),
        ("guide/start/", "picture", (PageReason.READ_CHANGED, "image(fold, prose, en)")),
        ("guide/finish/", "picture", None),
        ("", "parent template", (PageReason.TEMPLATE_CHANGED, "frame.html")),
        ("about/", "parent template", None),
        ("about/", "settings", (PageReason.SITE_CHANGED, "aibild.toml")),
        ("guide/", "new page in section", (PageReason.READ_CHANGED, "pages(guide, -, en, order, -)")),
        ("about/", "new page in section", None),
    ],
)
def test_a_page_holds_until_something_it_showed_changes(
    guide: Project, url: str, change: str, expected: tuple[PageReason, str] | None
) -> None:
    trace = json.loads(json.dumps(trace_of(guide, url).trace))
    pictures = Pictures()
    match change:
        case "other page's title":
            guide.page("site/guide/finish.md", "The end", "Text\n", order=2, date="2026-01-02")
        case "other page's body":
            guide.page("site/guide/finish.md", "Finish", "Other text\n", order=2, date="2026-01-02")
        case "linked page's slug":
            guide.page("site/guide/start.md", "Start", "## First\n\nText ![](brief:fold)\n", order=1, hero="sea", slug="begin")
            if url == "guide/start/":
                url = "guide/begin/"
        case "own source":
            guide.page("site/about.md", "About us")
        case "picture":
            pictures = Pictures({"fold": {"alt": "Another word"}})
        case "parent template":
            guide.write("templates/frame.html", "<main class='new'>{% block main %}{% endblock %}</main>")
        case "settings":
            guide.settings["digest"] = "other"
        case "new page in section":
            guide.page("site/guide/more.md", "More", order=3)
    assert guide.renderer(pictures).holds(guide.pages()[url], trace) == expected


def test_a_template_that_appears_where_none_was_is_noticed(guide: Project) -> None:
    guide.write("templates/article.html", "{% include 'maybe.html' ignore missing %}{% include ['first.html', 'frame.html'] %}")
    trace = trace_of(guide, "about/").trace
    page = guide.pages()["about/"]
    assert guide.renderer().holds(page, trace) is None
    guide.write("templates/first.html", "first")
    assert guide.renderer().holds(page, trace) == (PageReason.TEMPLATE_CHANGED, "first.html")
    (guide.root / "templates/first.html").unlink()
    guide.write("templates/maybe.html", "maybe")
    assert guide.renderer().holds(page, trace) == (PageReason.TEMPLATE_CHANGED, "maybe.html")


def test_a_users_template_that_hides_a_built_in_one_is_noticed(guide: Project) -> None:
    (guide.root / "templates/article.html").unlink()
    trace = trace_of(guide, "about/").trace
    guide.write("templates/base.html", "mine")
    assert guide.renderer().holds(guide.pages()["about/"], trace) == (PageReason.TEMPLATE_CHANGED, "base.html")


def test_a_damaged_trace_is_no_trace(guide: Project) -> None:
    page = guide.pages()["about/"]
    assert guide.renderer().holds(page, {}) == (PageReason.SOURCE_CHANGED, "site/about.md")
    trace = dict(trace_of(guide, "about/").trace)
    damaged: list[list[Json]] = [[["nonsense", [], "x"]], [["pages", [[]], "x"]], ["pages"], [1], [["pages", None, "x"]]]
    for rows in damaged:
        changed = guide.renderer().holds(page, {**trace, "reads": rows})
        assert changed is not None and changed[0] is PageReason.READ_CHANGED


def test_judging_traces_needs_no_heavy_library(checkout: Path) -> None:
    code = (
        "import sys, aibild_build.pages.render, aibild_build.pages.content, aibild_build.pages.sitemap\n"
        "print(sorted({'jinja2', 'lxml', 'pygments', 'PIL', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
