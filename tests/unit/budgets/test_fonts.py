"""Which font faces a page makes a browser fetch, and which files it names by two addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from aibild_build.budgets.reading import OnePage, Seen, read_page, read_site
from aibild_build.check import check_site
from aibild_build.config import no_config
from aibild_build.devices import DEVICES

BASE = "https://quay.example/"
FACES = """
@font-face{font-family:Deck;src:url(latin.woff2);unicode-range:U+0000-00FF,U+20AC}
@font-face{font-family:Deck;src:url(cyrillic.woff2);unicode-range:U+04??}
@font-face{font-family:Deck;font-weight:700;src:url(bold.woff2);unicode-range:U+0000-00FF}
@font-face{font-family:Deck;font-style:italic;src:url(italic.woff2)}
@font-face{font-family:"Sums";src:url(sums.eot);src:url(sums.eot?#iefix) format("embedded-opentype"),url(sums.woff2)}
"""


def fetched(root: Path, styles: str, body: str, head: str = "") -> set[str]:
    for name in ("latin", "cyrillic", "bold", "italic", "sums"):
        (root / f"{name}.woff2").write_bytes(bytes(1000))
    (root / "sums.eot").write_bytes(bytes(1000))
    text = f'<!doctype html><html lang="en"><title>Ж</title>{head}<style>{FACES}{styles}</style><body>{body}'
    (root / "index.html").write_text(text, "utf-8")
    page = page_of(root)
    return {Path(load.path).stem for load in page.loads(DEVICES[1]) if load.kind == "font"}


def page_of(root: Path) -> OnePage:
    built = read_site(root, BASE, no_config(root), "2026-11-23")
    seen = read_page(built.read("index.html"), "index.html", BASE)
    assert isinstance(seen, Seen)
    return OnePage(seen, built)


@pytest.mark.parametrize(
    ("styles", "body", "expected"),
    [
        ("", "<p>Boats", set()),
        ("body{font-family:Deck}", "<p>Boats", {"latin"}),
        ("body{font-family:Deck}", "", set()),
        ("body{font-family:deck}", "<p>Boats Лодки", {"latin", "cyrillic"}),
        ("body{font-family:Deck}", "<p>Лодки", {"cyrillic"}),
        (":root{--text:'Deck',serif}body{font-family:var(--text)}", "<p>Boats", {"latin"}),
        ("body{font-family:Deck}", "<h1>Boats</h1>", {"latin", "bold"}),
        ("body{font-family:Deck}.loud{font-weight:600}", "<p>Boats", {"latin"}),
        ("body{font-family:Deck}.loud{font-weight:600}", "<p class=loud>Boats", {"latin", "bold"}),
        ("body{font-family:Deck}p{font-weight:var(--much)}", "<p>Boats", {"latin", "bold", "italic"}),
        ("p{font:italic 16px/1.5 Deck}", "<p>Boats", {"latin", "italic"}),
        ("body{font-family:Deck}", "<p>Boats <em>sail</em>", {"latin", "italic"}),
        (".sum{font-family:Sums}", "<p>Boats", set()),
        (".sum{font-family:Sums}", "<p class=sum>1", {"sums"}),
        ("code{font-family:Sums}", "<p>1", set()),
        ("body{font-family:Deck}.b::before{content:'\\0416'}", "<p class=b>Boats", {"latin", "cyrillic"}),
        ("body{font-family:Deck}.b::before{content:'\\0416'}", "<p>Boats", {"latin"}),
        ("p{font-weight:300}body{font-family:Deck}", "<p>Boats", {"latin"}),
    ],
)
def test_only_what_the_text_asks_for(tmp_path: Path, styles: str, body: str, expected: set[str]) -> None:
    assert fetched(tmp_path, styles, body) == expected


def test_a_sheet_elsewhere_may_use_any_face(tmp_path: Path) -> None:
    foreign = '<link rel="stylesheet" href="https://cdn.example/a.css">'
    assert fetched(tmp_path, "", "<p>Boats", foreign) == {"latin", "bold", "italic", "sums"}


def test_a_face_that_is_not_fetched_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "deck.woff2").write_bytes(bytes(1000))
    page = "<!doctype html><title>Quay</title><style>@font-face{{font-family:Deck;src:url(deck.woff2)}}{}</style><p>Boats"
    for styles, expected in (("", 0), ("p{font-family:Deck}", 1)):
        (tmp_path / "index.html").write_text(page.format(styles))
        report = check_site(tmp_path, None, today="2026-11-23", base_url=BASE, only=("font-shift",))
        assert len(report.findings) == expected


def test_another_query_is_another_request(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("let a = 1" * 100)
    (tmp_path / "index.html").write_text(
        "<!doctype html><title>Quay</title><script src=/a.js></script><script src=/a.js?2></script><script src=/a.js#x></script>"
    )
    page = page_of(tmp_path)
    assert [load.url for load in page.loads(DEVICES[1])] == [BASE, f"{BASE}a.js", f"{BASE}a.js?2"]
    report = check_site(tmp_path, None, today="2026-11-23", base_url=BASE, only=("file-loaded-twice",))
    assert [one.message for one in report.findings] == ["expected one address for /a.js, got /a.js and /a.js?2"]
