"""Rules of the second half beyond their two sites each: devices, budgets, sitemap indexes, languages, hostile input."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from aibild_build.budgets.estimate import LINES, estimate_lcp
from aibild_build.budgets.hreflang import is_language
from aibild_build.budgets.reading import OnePage, Seen, read_page, read_site
from aibild_build.budgets.text.languages import FUNCTION_WORDS, PHRASES, PROMPT
from aibild_build.check import check_site
from aibild_build.config import no_config, read_check_config
from aibild_build.devices import DEVICES
from aibild_build.model import Finding
from tests.support.rule_sites import picture

BASE = "https://harbour.example/"
HEAD = f'<!doctype html>\n<html lang="en"><head><title>Harbour</title><link rel="canonical" href="{BASE}"></head><body>'

Write = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path) -> Write:
    def write(**files: str | bytes | tuple[int, int, int]) -> Path:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, tuple):
                width, height, size = content
                path.write_bytes(picture(path.name, {"size": [width, height], "bytes": size}))
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def told(root: Path, *rules: str) -> list[Finding]:
    settings = root / "check.toml"
    config = read_check_config(settings)[0] if settings.exists() else None
    return list(check_site(root, config, today="2026-11-23", base_url=BASE, only=rules).findings)


def page_of(root: Path) -> OnePage:
    built = read_site(root, BASE, no_config(root), "2026-11-23")
    seen = read_page(built.read("index.html"), "index.html", BASE)
    assert isinstance(seen, Seen)
    return OnePage(seen, built)


def test_each_device_loads_its_own_candidate(site: Write) -> None:
    image = '<img src="/b.jpg" srcset="/a.jpg 400w, /b.jpg 1600w" sizes="100vw" width="1600" height="900" alt="">'
    page = page_of(site(index_dot_html=HEAD + image, a_dot_jpg=(400, 225, 5_000), b_dot_jpg=(1600, 900, 90_000)))
    narrow = DEVICES[0]._replace(width=200, density=1)
    assert {load.path for load in page.loads(narrow)} == {"index.html", "a.jpg"}
    assert {load.path for load in page.loads(DEVICES[4])} == {"index.html", "b.jpg"}


def test_each_address_counts_once_and_text_travels_compressed(site: Write) -> None:
    links = '<link rel="stylesheet" href="/a.css"><script src="/s.js"></script><script src="https://cdn.example/x.js"></script>'
    head = HEAD.replace("</head>", links * 2 + "</head>")
    page = page_of(site(index_dot_html=head, a_dot_css="p{color:red}" * 1000, s_dot_js="x" * 5000, s_dot_js_dot_gz=b"12345"))
    loads = {load.path or load.url: load for load in page.loads(DEVICES[1])}
    assert set(loads) == {"index.html", "a.css", "s.js", "https://cdn.example/x.js"}
    assert loads["a.css"].bytes < 1000 and loads["s.js"].bytes == 5
    assert loads["https://cdn.example/x.js"].third_party and loads["https://cdn.example/x.js"].bytes == 0


def test_budget_json_is_read_and_the_last_fitting_budget_counts(site: Write) -> None:
    budget = '[{"path": "/*", "resourceSizes": [{"resourceType": "image", "budget": 1}], "resourceCounts": []}]'
    image = '<img src="/a.jpg" width="400" height="225" alt="">'
    root = site(index_dot_html=HEAD + image, a_dot_jpg=(400, 225, 5_000), budget_dot_json=budget)
    (root / "check.toml").write_text('[budgets]\nfile = "budget.json"\n')
    assert [(one.rule, one.limit) for one in told(root, "page-bytes-over")] == [("page-bytes-over", 1024)]
    (root / "check.toml").write_text('[budgets]\nfile = "budget.json"\n[[budgets.paths]]\npath = "/"\nimage_bytes = "9 kB"\n')
    assert told(root, "page-bytes-over") == []


def test_sitemaps_by_index_and_gzip(site: Write) -> None:
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = f"<sitemapindex {ns}><sitemap><loc>{BASE}part.xml.gz</loc></sitemap></sitemapindex>"
    part = gzip.compress(f"<urlset {ns}><url><loc>{BASE}gone/</loc></url></urlset>".encode())
    found = told(
        site(index_dot_html=HEAD, sitemap_dot_xml=index, part_dot_xml_dot_gz=part), "sitemap-dead", "sitemap-page-missing"
    )
    assert {(one.rule, one.subject) for one in found} == {("sitemap-dead", "/part.xml.gz"), ("sitemap-page-missing", "/")}


def test_a_sitemap_that_unpacks_to_a_bomb_or_names_itself_ends(site: Write) -> None:
    ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = "".join(f"<sitemap><loc>{BASE}{name}</loc></sitemap>" for name in ("sitemap.xml", "bomb.xml.gz", "rot.xml.gz"))
    bomb = gzip.compress(bytes(80_000_000))
    root = site(
        index_dot_html=HEAD,
        sitemap_dot_xml=f"<sitemapindex {ns}>{index}</sitemapindex>",
        bomb_dot_xml_dot_gz=bomb,
        rot_dot_xml_dot_gz=b"no gzip",
    )
    assert {one.rule for one in told(root, "sitemap-limits", "sitemap-invalid")} == {"sitemap-limits", "sitemap-invalid"}


def test_entities_in_a_sitemap_are_not_expanded(site: Write) -> None:
    text = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    assert [one.rule for one in told(site(index_dot_html=HEAD, sitemap_dot_xml=text), "sitemap-invalid")] == ["sitemap-invalid"]


@pytest.mark.parametrize("code", ["en", "en-GB", "zh-Hant", "zh-Hant-TW", "es-419", "pt-br", "fil"])
def test_languages_that_there_are(code: str) -> None:
    assert is_language(code)


@pytest.mark.parametrize("code", ["", "en-UK", "xx", "english", "en_GB", "de-", "zh-TW-Hant"])
def test_languages_that_there_are_not(code: str) -> None:
    assert not is_language(code)


def test_fourteen_languages_have_phrases() -> None:
    assert set(PHRASES) == {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "tr", "ar", "ja", "zh"}
    assert set(FUNCTION_WORDS) == set(PHRASES) - {"ar", "ja", "zh"}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "A picture frame of oak on a white wall"),
        ("en", "Photographer with a tripod on the quay"),
        ("de", "Bildhauer bei der Arbeit"),
        ("fr", "Photographe au bord du quai"),
        ("pl", "Obrazy na ścianie"),
        ("zh", "照片墙前的女孩"),
    ],
)
def test_innocent_words_are_no_phrases(code: str, text: str) -> None:
    assert PHRASES[code].search(text) is None


@pytest.mark.parametrize(
    "text", ["a boat, masterpiece, best quality", "quay --ar 16:9", "(boat:1.3) at sea", "<lora:harbour:0.8>"]
)
def test_words_for_models_are_seen(text: str) -> None:
    assert PROMPT.search(text)


def test_numbers_in_plain_text_are_none() -> None:
    assert PROMPT.search("Kick-off (Berlin, 8 May) with 400 guests, at 10:30") is None


def lcp(site: Write, body: str, files: dict[str, tuple[int, int, int]], device: int = 1) -> int:
    return estimate_lcp(page_of(site(index_dot_html=HEAD + body, **files)), DEVICES[device]).ms


def test_more_bytes_more_time_and_a_laptop_is_faster(site: Write) -> None:
    image = '<img src="/a.jpg" width="1200" height="675" alt="" fetchpriority="high">'
    light = lcp(site, image, {"a_dot_jpg": (1200, 675, 60_000)})
    heavy = lcp(site, image, {"a_dot_jpg": (1200, 675, 600_000)})
    assert 700 < light < 1_600 and heavy > 2_500
    assert lcp(site, image, {"a_dot_jpg": (1200, 675, 60_000)}, device=3) < light / 2


def test_lazy_and_plain_pictures_come_later(site: Write) -> None:
    files = {"a_dot_jpg": (1200, 675, 90_000), **{f"e{at}_dot_jpg": (400, 225, 60_000) for at in range(4)}}
    others = "".join(f'<img src="/e{at}.jpg" width="120" height="67" alt="">' for at in range(4))
    image = '<img src="/a.jpg" width="1200" height="675" alt=""{}>'
    high = lcp(site, image.format(' fetchpriority="high"') + others, files)
    plain = lcp(site, image.format("") + others, files)
    lazy = lcp(site, image.format(' loading="lazy"') + others, files)
    assert high < plain < lazy


def test_large_early_pictures_arrive_before_an_urgent_one_is_painted(site: Write) -> None:
    files = {"a_dot_jpg": (1200, 675, 90_000), **{f"e{at}_dot_jpg": (400, 225, 60_000) for at in range(4)}}
    hero = '<img src="/a.jpg" width="1200" height="675" alt="" fetchpriority="high">'
    small, large, late = (
        lcp(site, hero + "".join(f'<img src="/e{at}.jpg" {box} alt="">' for at in range(4)), files)
        for box in ('width="120" height="67"', 'width="400" height="225"', 'width="400" height="225" loading="lazy"')
    )
    assert late < small < large


def test_text_is_named_where_no_picture_is(site: Write) -> None:
    found = estimate_lcp(
        page_of(site(index_dot_html=HEAD + "<h1>Harbour</h1><p>" + "The quay is old. " * 20 + "</p>")), DEVICES[1]
    )
    assert not found.is_picture and found.element.startswith("text “The quay")
    assert found.ms < LINES[DEVICES[1]].good_ms


def test_a_page_of_nothing_is_no_trouble(site: Write) -> None:
    root = site(index_dot_html="<html>", de__index_dot_html='<a href="//[bad">x</a><img src="http://[bad" srcset=",,">')
    found = check_site(root, None, today="2026-11-23").findings
    assert not any(one.rule == "rule-failed" for one in found)
