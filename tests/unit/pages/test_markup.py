"""`<picture>`, preload, figure and slot CSS, read back as a browser would."""

from __future__ import annotations

from dataclasses import replace

from aibild_build.model import Breakpoint, Slot
from aibild_build.pages.markup import figure_html, picture_html, preload_html, slots_css
from tests.unit.pages.project import SLOTS, elements, picture, source


def test_sources_come_by_media_then_format_and_the_fallback_last() -> None:
    html = picture_html(picture("sea", "hero", "en"), css_class="wide")
    assert html.startswith('<picture class="wide"><source media="(max-width: 639.98px)" type="image/avif"')
    assert [(row.get("media", ""), row["type"]) for row in elements(html, "source")] == [
        ("(max-width: 639.98px)", "image/avif"),
        ("(max-width: 639.98px)", "image/webp"),
        ("(max-width: 639.98px)", "image/jpeg"),
        ("", "image/avif"),
        ("", "image/webp"),
    ]
    assert {(row["width"], row["height"]) for row in elements(html, "source")} == {("800", "1000"), ("1600", "900")}
    (img,) = elements(html, "img")
    assert img["src"] == "/docs/pictures/hero-sea-1600.jpg"
    assert img["srcset"] == "/docs/pictures/hero-sea-800.jpg 800w, /docs/pictures/hero-sea-1600.jpg 1600w"
    assert (img["width"], img["height"], img["sizes"]) == ("1600", "900", "min(100vw - 64px, 1200px)")
    assert (img["alt"], img["data-asset"]) == ("sea in en", "a1b2c3d4")
    assert img["style"] == "background:linear-gradient(#aab,#bba)"


def test_only_priority_pictures_load_at_once() -> None:
    hero, card = picture("sea", "hero", "en"), picture("sea", "card", "en")
    for html in (picture_html(hero), picture_html(card, eager=True)):
        (img,) = elements(html, "img")
        assert "loading" not in img and "decoding" not in img and img["fetchpriority"] == "high"
    (img,) = elements(picture_html(card), "img")
    assert "fetchpriority" not in img and (img["loading"], img["decoding"]) == ("lazy", "async")
    assert "auto" not in picture_html(card).replace("async", "")


def test_alt_is_always_written_and_everything_is_escaped() -> None:
    (img,) = elements(picture_html(picture("sea", "card", "en", alt="")), "img")
    assert img["alt"] == ""
    nasty = picture("sea", "card", "en", alt='"><script>', placeholder='"><b>', asset='"')
    assert "<script>" not in picture_html(nasty) and "<b>" not in picture_html(nasty)
    (img,) = elements(picture_html(nasty), "img")
    assert img["alt"] == '"><script>'


def test_preload_says_word_for_word_what_the_best_source_says() -> None:
    hero = picture("sea", "hero", "en")
    links = elements(preload_html(hero), "link")
    sources = {row.get("media", ""): row for row in reversed(elements(picture_html(hero), "source"))}
    assert [(row["media"], row["type"]) for row in links] == [
        ("(max-width: 639.98px)", "image/avif"),
        ("(min-width: 640px)", "image/avif"),
    ]
    for row, source_row in zip(links, (sources["(max-width: 639.98px)"], sources[""]), strict=True):
        assert (row["imagesrcset"], row["imagesizes"]) == (source_row["srcset"], source_row["sizes"])
        assert (row["rel"], row["as"], row["fetchpriority"]) == ("preload", "image", "high")
        assert "href" not in row


def test_preloads_never_overlap() -> None:
    hero = picture("sea", "hero", "en")
    one = replace(hero, sources=tuple(each for each in hero.sources if not each.media))
    assert [row.get("media") for row in elements(preload_html(one), "link")] == [None]
    three = replace(
        hero,
        sources=(
            source("s", "avif", "(max-width: 639.98px)", "100vw", 8, 10),
            source("s", "avif", "(min-width: 640px) and (max-width: 1023.98px)", "100vw", 8, 10),
            *one.sources,
        ),
    )
    assert elements(preload_html(three), "link")[-1]["media"] == "(min-width: 1024px)"
    odd = replace(hero, sources=(source("s", "avif", "(orientation: portrait)", "100vw", 8, 10), *one.sources))
    assert elements(preload_html(odd), "link")[-1]["media"] == "(not (orientation: portrait))"


def test_a_crop_without_modern_formats_is_preloaded_from_the_fallback() -> None:
    plain = replace(picture("sea", "hero", "en"), sources=())
    (row,) = elements(preload_html(plain), "link")
    assert (row["type"], row["imagesrcset"]) == ("image/jpeg", elements(picture_html(plain), "img")[0]["srcset"])


def test_figures_say_caption_credit_and_note() -> None:
    sea = picture("sea", "prose", "en", caption="At <dawn>")
    assert figure_html(sea, note="By AI").endswith(
        '<figcaption><span class="caption">At &lt;dawn&gt;</span>'
        ' <span class="credit"><a rel="license" href="/licence/">Studio</a></span>'
        ' <span class="note ai-label">By AI</span></figcaption></figure>'
    )
    assert "figcaption" not in figure_html(sea, caption="", credit="")
    assert 'class="caption">Other<' in figure_html(sea, caption="Other")
    assert "<a" not in figure_html(replace(sea, license=""))
    assert figure_html(sea, css_class="wide").startswith('<figure class="wide"><picture>')


def test_slot_css_follows_the_breakpoints() -> None:
    css = slots_css(SLOTS)
    assert ":root{--slot-hero-width:100vw;--slot-hero-ratio:4/5}" in css
    assert "@media (min-width:640px){:root{--slot-hero-width:min(100vw - 64px,1200px);--slot-hero-ratio:16/9}}" in css
    assert ":root{--slot-card-width:calc(50vw - 16px);--slot-card-ratio:3/2}" in css
    assert ".slot-hero{width:var(--slot-hero-width);max-width:100%;aspect-ratio:var(--slot-hero-ratio)}" in css
    fixed = Slot(name="logo", breakpoints=(Breakpoint(min_width=0, ratio="1:1", vw=0, offset=48),))
    assert "--slot-logo-width:48px" in slots_css({"logo": fixed})
