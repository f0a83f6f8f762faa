"""The address of a site that nobody names: from its pages, else from its sitemap, else from its links."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aibild_build.budgets.reading import read_site
from aibild_build.check import check_site
from aibild_build.check.address import guess_base
from aibild_build.config import no_config

PAGE = '<!doctype html><html lang="en"><title>Quay</title>{}<p>Boats.'
SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def guessed(root: Path, sitemap: list[str] | None, links: Sequence[str] = (), **canonical: str) -> str:
    for name in ("index", "harbour/index", "about"):
        file = root / f"{name}.html"
        file.parent.mkdir(exist_ok=True)
        link = f'<link rel="canonical" href="{canonical[name]}">' if name in canonical else ""
        file.write_text(PAGE.format(link) + "".join(f'<a href="{url}">there</a>' for url in links))
    if sitemap is not None:
        (root / "sitemap.xml").write_text(SITEMAP.format("".join(f"<url><loc>\n{url} </loc></url>" for url in sitemap)))
    return guess_base(read_site(root, "", no_config(root), "2026-11-23"))


@pytest.mark.parametrize("base", ["https://quay.example/", "https://quay.example/notes/"])
def test_a_sitemap_tells_it(tmp_path: Path, base: str) -> None:
    assert guessed(tmp_path, [base, f"{base}harbour/", f"{base}about"]) == base


def test_a_sitemap_with_the_first_page_alone(tmp_path: Path) -> None:
    assert guessed(tmp_path, ["https://quay.example/"]) == "https://quay.example/"


@pytest.mark.parametrize("base", ["https://quay.example/", "https://quay.example/notes/"])
def test_links_tell_it_where_nothing_else_does(tmp_path: Path, base: str) -> None:
    links = (f"{base}harbour/", f"{base}about.html", f"{base}style.css", "https://other.example/", "https://other.example/about")
    (tmp_path / "style.css").touch()
    assert guessed(tmp_path, None, links=links) == base


def test_pages_go_before_the_sitemap(tmp_path: Path) -> None:
    assert guessed(tmp_path, ["https://old.example/harbour/"], about="https://quay.example/about.html") == "https://quay.example/"


@pytest.mark.parametrize("sitemap", [None, [], ["/harbour/"]])
def test_nothing_tells_nothing(tmp_path: Path, sitemap: list[str] | None) -> None:
    assert guessed(tmp_path, sitemap) == ""


def test_a_sitemap_of_a_site_without_canonical_addresses_is_no_fault(tmp_path: Path) -> None:
    guessed(tmp_path, ["https://quay.example/", "https://quay.example/harbour/"])
    assert check_site(tmp_path, None, today="2026-11-23", only=("sitemap-place",)).findings == ()
