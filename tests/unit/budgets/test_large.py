"""Which pictures are large enough to be a hero: from attributes, styles and files; what nothing tells stays unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from aibild_build.budgets.reading import OnePage, Seen, read_page, read_site
from aibild_build.config import no_config

BASE = "https://quay.example/"
FOREIGN = "https://faces.example/1.jpg"


def page_of(root: Path, image: str, styles: str = "") -> OnePage:
    Image.new("RGB", (900, 600)).save(root / "own.jpg")
    (root / "index.html").write_text(
        f"<!doctype html><title>Quay</title><style>{styles}</style><p>Boats<div class=b>{image}</div>"
    )
    built = read_site(root, BASE, no_config(root), "2026-11-23")
    seen = read_page(built.read("index.html"), "index.html", BASE)
    assert isinstance(seen, Seen)
    return OnePage(seen, built)


@pytest.mark.parametrize(
    ("image", "styles", "is_hero", "is_unknown"),
    [
        (f"<img src={FOREIGN}>", "", False, True),
        (f"<img src={FOREIGN}>", "img{max-width:100%;height:auto}", False, True),
        (f"<img src={FOREIGN}>", "img{width:100%}", False, True),
        (f"<img src={FOREIGN}>", "img{width:48px}", False, False),
        (f"<img src={FOREIGN}>", "img{height:40px}", False, False),
        (f"<img src={FOREIGN}>", "img{width:600px;height:400px}", True, False),
        (f"<img src={FOREIGN} width=48 height=48>", "img{width:100%}", False, False),
        (f"<img src={FOREIGN} width=900 height=600>", "", True, False),
        (f"<img src={FOREIGN} srcset='{FOREIGN} 900w'>", "", True, False),
        (f"<img src={FOREIGN} fetchpriority=high>", "", True, False),
        ("<img src=/own.jpg>", "", True, False),
        ("<img src=/own.jpg>", ".b img{width:3rem}", False, False),
        ("<img src=/own.jpg>", "@supports (x:y){img{width:3rem}}", True, False),
        ("<img src=/none.jpg>", "", True, False),
    ],
)
def test_what_is_large(tmp_path: Path, image: str, styles: str, is_hero: bool, is_unknown: bool) -> None:
    page = page_of(tmp_path, image, styles)
    assert (page.hero is not None, page.size_is_unknown(page.pictures[0])) == (is_hero, is_unknown)
