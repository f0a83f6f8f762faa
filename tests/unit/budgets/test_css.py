"""Style sheets at a glance."""

from __future__ import annotations

import time

from aibild_build.budgets.reading import Effect, FontFace, Painted, read_css


def test_addresses_and_where_they_stand() -> None:
    css = read_css(
        "/* url(no.png) */ .hero { background: url('a.jpg') center, url(\"b.jpg\") }"
        " @media print { p { background-image: url(c.jpg) } }"
        " i { background: url(data:image/png;base64,A{;}A==) } b { color: red }"
    )
    assert css.urls == (
        Painted(".hero", "background", "a.jpg"),
        Painted(".hero", "background", "b.jpg"),
        Painted("p", "background-image", "c.jpg"),
    )


def test_fonts() -> None:
    css = read_css(
        "@font-face { font-family: 'Deck'; src: url(a.woff2) format('woff2'), url(a.woff); font-display: swap }"
        "@font-face { font-family: Fit; src: local(Arial); size-adjust: 104% }"
    )
    assert css.fonts == (
        FontFace("Deck", ("a.woff2", "a.woff"), "swap", False),
        FontFace("Fit", (), "auto", True),
    )
    assert css.urls == ()


def test_imports_and_effects() -> None:
    css = read_css(
        '@import url("a.css"); @import "b.css" print; img { filter: blur(2px); -webkit-filter: none } i{mix-blend-mode:normal}'
    )
    assert css.imports == ("a.css", "b.css")
    assert css.effects == (
        Effect("img", "filter", "blur(2px)", ()),
        Effect("img", "filter", "none", ()),
        Effect("i", "mix-blend-mode", "normal", ()),
    )


def test_what_is_no_css_ends() -> None:
    start = time.process_time()
    for text in (
        "{" * 500_000,
        "}" * 500_000,
        "/*" * 500_000,
        "url(" * 300_000,
        "a" * 2_000_000,
        "@font-face{" * 50_000,
        "'" * 9,
    ):
        read_css(text)
    assert time.process_time() - start < 8
