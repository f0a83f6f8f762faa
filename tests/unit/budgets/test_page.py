"""One parse a page: what a record holds, and what is refused."""

from __future__ import annotations

import os
import time

import pytest

from aibild_build.budgets.reading import MAX_PAGE_BYTES, Seen, Unreadable, read_page

PAGE = """<!doctype html>
<html lang="de">
<head>
<title>Hafen</title>
<base href="/de/">
<meta name="robots" content="noindex, max-image-preview:large">
<meta property="og:title" content="Der Hafen">
<link rel="canonical" href="https://harbour.example/de/">
<link rel="preload stylesheet" href="a.css">
<script type="application/ld+json">{"@type": "WebPage"}</script>
<script>let img = "<img>"</script>
<style>p { color: red }</style>
</head>
<body>
<nav><a href="/">Start &amp; Ziel</a></nav>
<h1 id="top">Hafen</h1>
<figure><a href="/boats/"><picture>
<source srcset="a.avif" type="image/avif">
<source srcset="a.webp">
<img src="a.jpg" alt="Ein Boot" class=" wide  hero ">
</picture></a><figcaption>Am Kai</figcaption></figure>
<p style="color: blue">Zweimal am Tag kommt das Wasser.</p>
<noscript><img src="n.jpg"><iframe src="n.html"></iframe></noscript>
<template><img src="t.jpg"></template>
<div hidden><img src="h.jpg"></div>
<iframe src="/map/"></iframe><svg><image href="s.png"/></svg>
<a name="old"></a>
</body></html>
"""


def read(text: str | bytes) -> Seen:
    seen = read_page(text.encode() if isinstance(text, str) else text, "de/index.html", "https://harbour.example/de/")
    assert isinstance(seen, Seen)
    return seen


def test_the_head() -> None:
    seen = read(PAGE)
    assert (seen.lang, seen.title, seen.canonical) == ("de", "Hafen", "https://harbour.example/de/")
    assert seen.meta("og:title") == "Der Hafen" and seen.meta("robots").startswith("noindex")
    assert seen.noindex and seen.base == "https://harbour.example/de/"
    assert [link.get("href") for link in seen.rel("stylesheet")] == ["a.css"]
    assert [tag.text for tag in seen.jsonld] == ['{"@type": "WebPage"}']
    assert [tag.text for tag in seen.scripts] == ['let img = "<img>"']
    assert [tag.text for tag in seen.styles] == ["p { color: red }"]


def test_pictures_stand_in_their_surroundings() -> None:
    boat, hidden = read(PAGE).images
    assert [source.get("srcset") for source in boat.sources] == ["a.avif", "a.webp"]
    assert (boat.tag.line, boat.tag.path) == (20, "html > body > figure > a > picture > img")
    assert boat.tag.get("class") == "wide  hero"
    assert (boat.link, boat.caption, boat.unseen) == ("/boats/", "Am Kai", False)
    assert hidden.unseen and hidden.tag.get("src") == "h.jpg"
    assert 0 < boat.chars_before < hidden.chars_before


def test_the_body() -> None:
    seen = read(PAGE)
    assert [(anchor.get("href"), anchor.text) for anchor in seen.anchors] == [("/", "Start & Ziel"), ("/boats/", "")]
    assert {"top", "old"} <= seen.ids
    assert [heading.text for heading in seen.headings] == ["Hafen"]
    assert [tag.name for tag in seen.embeds] == ["iframe", "image"]
    assert [tag.name for tag in seen.styled] == ["p"]
    assert "Zweimal am Tag" in seen.text and "let img" not in seen.text


def test_source_is_void() -> None:
    (image,) = read("<picture><source srcset=a><source srcset=b><img src=c></picture>").images
    assert [source.get("srcset") for source in image.sources] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "<", "<!doctype html>", "\ufeff<p>", "</html></html>", "<img", "<picture><source>"])
def test_scraps_are_pages(text: str) -> None:
    assert read(text).images in ((), read(text).images)


def test_an_encoding_is_seen() -> None:
    assert read("<meta charset=iso-8859-1><p>täglich".encode("latin-1")).encoding == "windows-1252"
    assert read("<p>täglich").encoding == "UTF-8"
    assert "täglich" in read("<p>täglich".encode("utf-16")).text


def test_a_redirect_is_seen() -> None:
    assert read('<meta http-equiv="refresh" content="0; url=/new/">').redirect == "https://harbour.example/new/"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"<p>" * (MAX_PAGE_BYTES // 3 + 1), "page-too-large"),
        (b"<i>" * 200_000, "page-too-large"),
        (b"<img src=a>" * 120_000, "page-too-large"),
        (b"<figure><img src=a>" * 40_000, "page-too-large"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "page-not-html"),
    ],
)
def test_what_would_take_too_long_is_refused(data: bytes, rule: str) -> None:
    found = read_page(data, "index.html", "https://harbour.example/")
    assert isinstance(found, Unreadable) and found.rule == rule


@pytest.mark.parametrize(
    "data",
    [
        b"<div>" * 499 + b"<img src=a>" * 40_000,
        b"<b><p>" * 20_000,
        b"<table><tr><td>" * 20_000,
        b"<svg>" + b"<g>" * 90_000,
        b"<img " + b"a=1 " * 300_000 + b">",
        b'<img src="' + b"x" * 4_000_000,
        b"<!--" * 1_000_000,
        b"<" * 4_000_000,
        b"<a href=x>" * 50_000,
        b"<figure><img src=a><figcaption>b</figcaption></figure>" * 20_000,
        os.urandom(1_000_000).replace(b"\0", b""),
    ],
    ids=range(11),
)
def test_bombs_end(data: bytes) -> None:
    start = time.process_time()
    assert read_page(data, "index.html", "https://harbour.example/") is not None
    assert time.process_time() - start < 8
