"""What a page's own CSS surely says: which elements a selector meets, how large a picture is made, which background is large."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from aibild_build.budgets.estimate import estimate_lcp
from aibild_build.budgets.reading import OnePage, Seen, read_page, read_site
from aibild_build.budgets.reading.boxes import Box
from aibild_build.budgets.reading.selectors import Node, read_selectors
from aibild_build.check import check_site
from aibild_build.config import no_config
from aibild_build.devices import DEVICES

PHONE, LAPTOP = DEVICES[1], DEVICES[3]
BASE = "https://quay.example/"
TODAY = "2026-11-23"
LINE = tuple(
    Node(name, number, frozenset(classes.split()))
    for name, number, classes in (("html", "", ""), ("body", "", "dark"), ("main", "top", ""), ("img", "", "wide sm:w-4"))
)


@pytest.mark.parametrize(
    ("selector", "met"),
    [
        ("img", True),
        ("IMG.wide", True),
        ("main > img", True),
        (".dark img", True),
        ("body > img", False),
        ("html body #top > .wide", True),
        (".dark .dark img", False),
        (r".sm\:w-4", True),
        ("*", True),
        ("video, .wide", True),
        ("img:hover", None),
        ("img[alt]", None),
        ("a:hover", False),
        ("p + img", None),
        ("main:is(.a, .b) img", None),
        ("p ~ video", False),
        ("main > p + img", None),
        (".light p + img", False),
        (".light > :first-child", False),
        ("main > :first-child", None),
        ("img::before", False),
        ("", False),
        ("}{", False),
        ("> img", False),
    ],
)
def test_what_a_selector_meets(selector: str, met: bool | None) -> None:
    found = [one.meets(LINE) for one in read_selectors(selector)]
    assert (True if True in found else None if None in found else False) is met


def test_hostile_selectors_end_soon() -> None:
    start = time.process_time()
    deep = tuple(Node("i", "", frozenset()) for _ in range(500))
    for text in ("i " * 400 + "b", "(" * 20_000, ":" * 20_000, ".a" * 20_000 + "{", "i > " * 5_000, "\\" * 20_000):
        for one in read_selectors(text):
            one.meets(deep)
    assert time.process_time() - start < 5


def page(tmp_path: Path, body: str, style: str = "") -> OnePage:
    Image.new("RGB", (1200, 600), "teal").save(tmp_path / "quay.png")
    Image.effect_noise((1200, 600), 90).save(tmp_path / "noise.png")
    head = f"<!doctype html><html lang=en><head><title>Quay</title><style>{style}</style></head>"
    text = f"{head}<body><main>{body}</main></body></html>"
    (tmp_path / "index.html").write_text(text)
    seen = read_page(text.encode(), "index.html", BASE)
    assert isinstance(seen, Seen)
    return OnePage(seen, read_site(tmp_path, BASE, no_config(tmp_path), TODAY))


IMG = '<img class=wide src=quay.png width=1200 height=600 alt="A quay">'


@pytest.mark.parametrize(
    ("style", "box"),
    [
        ("", None),
        ("img{max-width:100%;height:auto}", None),
        ("img{max-width:100%}", Box(412, 600, True)),
        ("img{width:300px;height:300px}", Box(300, 300, False)),
        ("img{width:300px;height:300px;object-fit:cover}", None),
        ("img{width:300px;height:300px} .wide{height:auto}", None),
        (".wide{height:auto} img{width:300px;height:300px !important}", Box(300, 300, False)),
        ("img{width:100vw;height:50vh}", Box(412, 411.5, False)),
        ("img{width:20rem;aspect-ratio:4/3;height:auto}", Box(320, 240, False)),
        ("img{width:20rem;height:auto;aspect-ratio:auto 4/3}", None),
        ("img{width:calc(100% - 2em);height:300px}", None),
        ("img:first-child{height:300px}", None),
        ("@media (min-width:800px){img{width:300px;height:300px}}", None),
        ("@media (max-width:800px){img{width:300px;height:300px}}", Box(300, 300, False)),
        ("@media print{img{width:300px;height:300px}}", None),
        ("@container (width > 1px){img{width:300px;height:300px}}", None),
        ("main{img{width:300px;height:300px}}", None),
        (".narrow img{width:300px;height:300px}", None),
    ],
)
def test_the_box_that_styles_make(tmp_path: Path, style: str, box: Box | None) -> None:
    one = page(tmp_path, IMG, style)
    assert one.box(one.pictures[0], PHONE) == box


@pytest.mark.parametrize(
    ("inline", "told"),
    [
        ("width:100%;height:700px", True),
        ("width:100%;height:100px", False),  # the screen may show it 200 px wide
        ("width:300px;height:100px", True),
        ("width:300px;height:151px", False),
        ("height:100%;width:100%", False),
        ("width:300px;height:100px;object-fit:contain", False),
    ],
)
def test_a_stretched_picture_is_told_where_it_is_sure(tmp_path: Path, inline: str, told: bool) -> None:
    page(tmp_path, IMG.replace("class=wide", f'style="{inline}"'), "img{height:auto}")
    found = check_site(tmp_path, None, today=TODAY, base_url=BASE, only=["img-stretched"]).findings
    assert bool(found) is told


@pytest.mark.parametrize(
    ("style", "told"),
    [
        (".dark{content-visibility:auto}", True),
        ("#top > .dark{content-visibility:auto}", True),
        (".light{content-visibility:auto}", False),
        (".dark:hover{content-visibility:auto}", False),
        (".dark p{content-visibility:auto}", False),
    ],
)
def test_what_is_skipped_around_the_hero_is_found_by_class_and_id(tmp_path: Path, style: str, told: bool) -> None:
    page(tmp_path, f"<div id=top><div class='dark wide'>{IMG}<p>Text</p></div></div>", style)
    found = check_site(tmp_path, None, today=TODAY, base_url=BASE, only=["content-visibility-hero"]).findings
    assert bool(found) is told


@pytest.mark.parametrize(
    ("body", "style", "is_background"),
    [
        ('<div style="height:420px;background:url(noise.png) center/cover"></div>', "", True),
        ("<section class=top><h1>Quay</h1></section>", ".top{min-height:60vh;background-image:url(noise.png)}", True),
        ("<h1>Quay</h1>", ".top{min-height:60vh;background-image:url(noise.png)}", False),
        ("<h1>Quay</h1>", "body{background:url(noise.png)}", False),
        ("<footer class=end>End</footer>", "footer.end{background:url(noise.png)}", False),
        ("<div class=top></div>", "@media (min-width:900px){.top{background:url(noise.png)}}", False),
        ('<div style="height:20px;background:url(noise.png)"></div>' + IMG, "", False),
    ],
)
def test_the_largest_paint_may_be_a_background(tmp_path: Path, body: str, style: str, is_background: bool) -> None:
    found = estimate_lcp(page(tmp_path, body, style), PHONE)
    assert ("in a style" in found.element) is is_background
    if is_background:
        assert found.is_picture and found.ms > 2_500 and found.bytes > 400_000


def test_a_preloaded_background_comes_earlier(tmp_path: Path) -> None:
    body = '<div style="height:420px;background:url(noise.png)"></div>'
    late = estimate_lcp(page(tmp_path, body), PHONE).ms
    early = estimate_lcp(page(tmp_path, '<link rel=preload as=image href="noise.png">' + body), PHONE).ms
    assert early < late


def test_a_larger_picture_above_the_urgent_one_is_the_largest_paint(tmp_path: Path) -> None:
    urgent = IMG.replace("<img", "<img fetchpriority=high")
    large = IMG.replace("class=wide", 'style="width:100vw;height:100vw"').replace("quay", "noise")
    assert estimate_lcp(page(tmp_path, urgent + large), PHONE).element == "picture quay.png"
    assert estimate_lcp(page(tmp_path, large + urgent), PHONE).element == "picture noise.png"
    small = IMG.replace("class=wide", 'style="width:100vw;height:80px"').replace("quay", "noise")
    assert estimate_lcp(page(tmp_path, small + urgent), PHONE).element == "picture quay.png"
