"""What sites of other generators do that is no fault, as `scripts/slow/corpus.py` found it."""

from __future__ import annotations

from pathlib import Path

from aibild_build.budgets.estimate import estimate_lcp
from aibild_build.budgets.reading import OnePage, Seen, read_page, read_site
from aibild_build.check import check_site
from aibild_build.config import no_config
from aibild_build.lab.expected import PHONE

BASE = "https://quay.example/"
PAGE = f'<!doctype html><html lang="en"><title>Quay</title><link rel="canonical" href="{BASE}">{{}}<p>Boats.'


def told(root: Path, *rules: str) -> list[str]:
    return [found.rule for found in check_site(root, None, today="2026-11-23", base_url=BASE, only=rules).findings]


def test_a_feed_in_a_language_is_no_other_version(tmp_path: Path) -> None:
    rules = ("hreflang-self", "hreflang-matrix", "hreflang-relative", "hreflang-default")
    feeds = "".join(
        f'<link rel="alternate" type="application/{kind}+xml" hreflang="en" href="{kind}.xml">' for kind in ("rss", "atom")
    )
    (tmp_path / "index.html").write_text(PAGE.format(feeds))
    assert told(tmp_path, *rules) == []
    (tmp_path / "index.html").write_text(PAGE.format(feeds.replace("application/", "")))
    assert told(tmp_path, *rules) == []
    (tmp_path / "index.html").write_text(PAGE.format('<link rel="alternate" type="text/html" hreflang="en" href="other.html">'))
    assert told(tmp_path, *rules) == ["hreflang-relative", "hreflang-self"]


def first_paint_ms(root: Path, head: str) -> int:
    (root / "index.html").write_text(PAGE.format(head))
    built = read_site(root, BASE, no_config(root), "2026-11-23")
    seen = read_page(built.read("index.html"), "index.html", BASE)
    assert isinstance(seen, Seen)
    return estimate_lcp(OnePage(seen, built), PHONE).ms


def test_a_sheet_that_imports_another_costs_a_round_trip(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p{color:#111}")
    (tmp_path / "b.css").write_text("@import url(a.css);")
    sheet = '<link rel="stylesheet" href="{}.css">'
    assert first_paint_ms(tmp_path, sheet.format("b")) - first_paint_ms(tmp_path, sheet.format("a")) in range(149, 160)


def test_text_waits_for_a_preloaded_font(tmp_path: Path) -> None:
    (tmp_path / "a.woff2").write_bytes(bytes(120_000))
    face = "<style>@font-face{font-family:A;src:url(a.woff2)}</style>"
    preload = '<link rel="preload" as="font" href="a.woff2" crossorigin>'
    assert first_paint_ms(tmp_path, face + preload) - first_paint_ms(tmp_path, face) > 500


def test_a_feed_may_be_a_sitemap(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE.format(""))
    part = "<sitemap><loc>{}</loc></sitemap>"
    (tmp_path / "sitemap.xml").write_text(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + "".join(part.format(BASE + name) for name in ("rss.xml", "atom.xml", "pages.xml"))
        + "</sitemapindex>"
    )
    (tmp_path / "rss.xml").write_text("<rss version='2.0'><channel><title>Quay</title></channel></rss>")
    (tmp_path / "atom.xml").write_text("<feed xmlns='http://www.w3.org/2005/Atom'><title>Quay</title></feed>")
    (tmp_path / "pages.xml").write_text("<urls/>")
    assert told(tmp_path, "sitemap-invalid") == ["sitemap-invalid"]
