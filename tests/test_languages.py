"""One site in fourteen languages: every page leads to all its translations, all of them show the same files, none speaks English.

Twenty pages a language, painted by the engine of tests. What is looked at is the finished output alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter

import pytest
from lxml import etree

from aibild_build.model import Report
from aibild_build.pages.strings import phrases
from tests.support.project import run_build
from tests.support.references import broken, read_html

LANGUAGES = ["en", "ar", "cs", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "sv", "tr", "zh"]
PAGES = 20
BASE = "https://harbour.example/docs/"
PICTURES = {"quay": "#2a6478", "boat": "#b03a2e", "buoy": "#e0a030"}

_CONFIG = f"""\
[site]
name = "Harbour"
base_url = "{BASE}"
languages = {json.dumps(LANGUAGES)}

[menus]
main = [{{page = ""}}, {{page = "boats"}}, {{page = "tags"}}]

[slots.hero]
priority = true
also = ["card", "thumb"]
breakpoints = [{{min = 0, ratio = "16:9", width = "100vw", max = "320px"}}]

[slots.card]
breakpoints = [{{min = 0, ratio = "16:9", width = "160px"}}]

[slots.thumb]
breakpoints = [{{min = 0, ratio = "16:9", width = "80px"}}]

[images]
formats = ["webp", "jpeg"]

[briefs]
engine = "flat"

[gates.blank]
level = "off"

[gates.duplicate]
level = "off"
"""
# Words of the site itself that carry a Latin script's own letters, so that a page in another language has none of English.
_OWN = "xq"


def write_site(root: Path) -> None:
    """Home, a section with pagination, sixteen pages in it with tag and date, a gallery, the page of tags: twenty a language."""
    words = {lang: f"{_OWN}-{lang}" for lang in LANGUAGES}
    labels = ", ".join(f'{lang} = "{word}"' for lang, word in words.items())
    files = {"aibild.toml": f"{_CONFIG}\n[taxonomy.tags]\nsail = {{{labels}}}\n"}
    for name, colour in PICTURES.items():
        alts = "".join(f"  {lang}: {word} {name}\n" for lang, word in words.items())
        files[f"briefs/{name}.yaml"] = f"subject: a\nsize: [960, 540]\nparameters:\n  colour: '{colour}'\nalt:\n{alts}"
    for lang, word in words.items():
        folder = "site" if lang == "en" else f"site/{lang}"
        head = f"---\ntitle: {word}\ndescription: {word} %s.\nhero: %s\n"
        files[f"{folder}/index.md"] = head % ("home", "quay") + "paginate: 12\n---\n"
        files[f"{folder}/boats/index.md"] = head % ("boats", "boat") + "paginate: 10\nsort_by: date\n---\n"
        files[f"{folder}/pictures.md"] = head % ("pictures", "buoy") + "template: gallery.html\n---\n"
        for number in range(1, PAGES - 3):
            date = f"date: 2026-11-{number:02d}\ntags: [sail]\nschema: Article\n"
            brief = list(PICTURES)[number % len(PICTURES)]
            files[f"{folder}/boats/b{number}.md"] = head % (f"b{number}", brief) + f"{date}---\n\n## {word}\n\n{word}\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


class Built:
    """The finished site: its HTML by URL below the base, and how long it took."""

    def __init__(self, root: Path) -> None:
        write_site(root)
        started = perf_counter()
        self.report: Report = run_build(root)
        self.seconds = perf_counter() - started
        self.output = root / "dist"
        self.pages = {
            path.relative_to(self.output).as_posix().removesuffix("index.html"): path.read_text("utf-8")
            for path in sorted(self.output.rglob("*.html"))
        }

    def of(self, lang: str) -> Mapping[str, str]:
        """The pages of a language by their address within it."""
        if lang == "en":
            return {url: html for url, html in self.pages.items() if url.partition("/")[0] not in LANGUAGES}
        return {url.removeprefix(f"{lang}/"): html for url, html in self.pages.items() if url.startswith(f"{lang}/")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("languages"))


def test_it_is_built_in_time_and_without_findings(built: Built) -> None:
    # Unsigned on purpose, and flat colours have no brightness to span.
    told = {finding.rule for finding in built.report.findings}
    assert told <= {"credential-missing", "gate-thumbnail"}
    assert built.seconds < 20
    written = len(LANGUAGES) * PAGES
    assert built.report.made.page == len(built.pages) > written


def test_every_language_has_the_same_pages(built: Built) -> None:
    english = set(built.of("en"))
    assert {"", "page/2/", "boats/", "boats/page/2/", "boats/b1/", "pictures/", "tags/", "tags/sail/"} <= english
    for lang in LANGUAGES:
        assert set(built.of(lang)) == english, lang


def test_every_page_leads_to_all_its_translations_and_they_lead_back(built: Built) -> None:
    matrix: dict[str, dict[str, str]] = {}
    for url, html in built.pages.items():
        links = read_html(html).all("link", rel="alternate")
        matrix[BASE + url] = {link["hreflang"]: link["href"] for link in links if "hreflang" in link}
    for url, alternates in matrix.items():
        assert set(alternates) == {*LANGUAGES, "x-default"}, url
        assert alternates["x-default"] == alternates["en"]
        assert url in alternates.values()
        for other in alternates.values():
            assert matrix[other] == alternates, (url, other)


def test_all_languages_show_the_same_files(built: Built) -> None:
    def shown(html: str) -> set[str]:
        document = read_html(html)
        sets = [tag["srcset"] for name in ("img", "source") for tag in document.all(name)]
        return {entry.strip().split()[0] for one in sets for entry in one.split(",")}

    english = built.of("en")
    assert any(shown(html) for html in english.values())
    for lang in LANGUAGES:
        for url, html in built.of(lang).items():
            assert shown(html) == shown(english[url]), (lang, url)
    assert built.report.made.picture == len(PICTURES)


def test_each_page_says_its_language_and_direction(built: Built) -> None:
    for lang in LANGUAGES:
        for url, html in built.of(lang).items():
            (root,) = read_html(html).all("html")
            assert (root["lang"], root["dir"]) == (lang, "rtl" if lang == "ar" else "ltr"), url


def texts(html: str) -> Iterator[str]:
    """What a reader sees or hears: text, labels, alternative texts; neither style nor structured data."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.S)
    yield from (value for _, value in re.findall(r'\b(aria-label|title|alt|content)="([^"]*)"', bare))
    yield re.sub(r"<[^>]+>", "\n", bare)


def test_built_in_words_are_the_languages_own_and_never_english(built: Built) -> None:
    english = phrases("en")
    assert english is not None
    for lang in LANGUAGES[1:]:
        known = phrases(lang)
        assert known is not None
        foreign = {text for key, text in english.words.items() if known.words[key] != text and "{" not in text}
        seen: set[str] = set()
        for url, html in built.of(lang).items():
            lines = {line.strip() for text in texts(html) for line in text.split("\n")}
            assert not lines & foreign, (lang, url, lines & foreign)
            seen |= lines
        for key in ("skip_to_content", "main_menu", "languages", "breadcrumbs", "shown_on", "tags", "next", "previous"):
            assert known.words[key] in seen, (lang, key)


def test_days_are_written_as_each_language_writes_them(built: Built) -> None:
    wanted = {
        "en": "6 November 2026",
        "de": "6. November 2026",
        "cs": "6. listopadu 2026",
        "zh": "2026年11月6日",
        "ar": "6 نوفمبر 2026",
    }
    for lang, day in wanted.items():
        assert f'<time datetime="2026-11-06">{day}</time>' in built.of(lang)["boats/b6/"]


def test_labels_alt_texts_and_structured_data_are_in_the_pages_language(built: Built) -> None:
    for lang in LANGUAGES:
        html = built.of(lang)["tags/sail/"]
        document = read_html(html)
        assert f"{_OWN}-{lang}" in html
        assert all(tag["alt"].startswith(f"{_OWN}-{lang} ") for tag in document.all("img"))
        nodes = json.loads(document.jsonld[0])["@graph"]
        assert {node["inLanguage"] for node in nodes if isinstance(node.get("inLanguage"), str)} == {lang}
        assert next(node["@type"] for node in nodes if node["@id"].endswith("#webpage")) == "CollectionPage"


def test_every_language_has_its_feed(built: Built) -> None:
    space = {"a": "http://www.w3.org/2005/Atom"}
    for lang in LANGUAGES:
        path = "feed.xml" if lang == "en" else f"{lang}/feed.xml"
        feed = etree.parse(str(built.output / path)).getroot()
        assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == lang
        entries = feed.xpath("a:entry/a:id/text()", namespaces=space)
        assert len(entries) == PAGES - 4 and all(str(url).removeprefix(BASE) in built.pages for url in entries)
        assert feed.xpath("string(a:updated)", namespaces=space) == "2026-11-16T00:00:00+00:00"
        (link,) = (row for row in read_html(built.of(lang)[""]).all("link", type="application/atom+xml"))
        assert link["href"] == f"/docs/{path}"


def test_no_address_leads_nowhere(built: Built) -> None:
    assert broken(built.output, BASE) == []


def test_the_second_build_makes_nothing(built: Built) -> None:
    again = run_build(built.output.parent)
    assert (again.made.page, again.made.picture, again.made.rendition, again.written, again.removed) == (0, 0, 0, 0, 0)
