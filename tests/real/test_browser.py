"""Chromium looks at every page at three widths: nothing sticks out, is stretched, too small or fetched twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Built
from tests.support.browser import measure, photograph, visit
from tests.support.references import candidates, read_html
from tests.support.server import Served, serve

WIDTHS = (360, 768, 1440)


@pytest.fixture(scope="module")
def served(built: Built) -> Iterator[Served]:
    with serve(built.output) as server:
        yield server


@pytest.fixture(scope="module")
def measured(built: Built, served: Served) -> list[dict[str, Any]]:
    return measure(served, [(_address(page, built), width) for page in built.pages() for width in WIDTHS])


def test_nothing_sticks_out(measured: list[dict[str, Any]]) -> None:
    assert {entry["viewport"] for entry in measured} == set(WIDTHS)
    assert [entry for entry in measured if entry["scroll"] > entry["width"] or entry["wide"]] == []


def test_pictures_keep_their_shape(built: Built, measured: list[dict[str, Any]]) -> None:
    """The box on the page has the ratio of the file that fills it, within 2 %."""
    from PIL import Image

    stretched = []
    for entry in measured:
        for image in entry["images"]:
            if not image["current"].endswith((".avif", ".webp", ".jpg")) or not image["box"] or not image["complete"]:
                continue
            with Image.open(built.output / image["current"].split("/", 3)[3]) as file:
                if abs(file.width / file.height / image["ratio"] - 1) > 0.02:
                    stretched.append((entry["path"], entry["width"], image))
    assert stretched == []


@pytest.mark.parametrize(("width", "density"), [(500, 2), (768, 2), (1440, 1)])
def test_the_hero_is_fetched_once(built: Built, served: Served, width: int, density: float) -> None:
    """One candidate and one format of the hero: preload and picture agree."""
    heroes = _hero_paths(built.output / "index.html")
    assert heroes
    asked = [path for path in visit(served, "/", width=width, density=density) if path in heroes]
    assert len(asked) == 1, asked
    assert asked[0].endswith(".avif")


@pytest.mark.parametrize(("width", "density"), [(360, 3), (768, 2), (1350, 1), (1920, 1)])
def test_the_hero_is_sharp_enough(built: Built, served: Served, width: int, density: float) -> None:
    """The chosen file has at least three quarters of the device pixels of its box."""
    from PIL import Image

    (entry,) = measure(served, [("/", width)], density=density)
    hero = next(image for image in entry["images"] if image["lazy"] != "lazy" and image["box"])
    with Image.open(built.output / hero["current"].split("/", 3)[3]) as file:
        assert file.width >= 0.75 * hero["box"] * density


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_first_screen_is_not_blank(served: Served, tmp_path: Path, width: int, dark: bool) -> None:
    shot = tmp_path / "shot.png"
    photograph(served, "/", width, shot, dark=dark)
    assert _colours(shot, width) > 1000


def test_the_judge_sees_faults(tmp_path: Path) -> None:
    """A page too wide, a blank one, and a hero whose preload disagrees with its picture."""
    from PIL import Image

    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (400, 200)).save(tmp_path / name)
    (tmp_path / "wide.html").write_text('<!doctype html><body><div class="w" style="width:700px">x</div>')
    (tmp_path / "blank.html").write_text("<!doctype html><body>")
    (tmp_path / "index.html").write_text(
        '<!doctype html><link rel="preload" as="image" href="/a.jpg"><body><img src="/b.jpg" alt="">'
    )
    with serve(tmp_path) as server:
        (wide,) = measure(server, [("/wide.html", 360)])
        photograph(server, "/blank.html", 360, tmp_path / "blank.png")
        asked = visit(server, "/", width=768)
    assert (wide["viewport"], wide["wide"]) == (360, ["div.w"])
    assert wide["scroll"] > 360
    assert _colours(tmp_path / "blank.png", 360) == 1
    assert {"/a.jpg", "/b.jpg"} <= set(asked)


def _address(page: Path, built: Built) -> str:
    return "/" + page.relative_to(built.output).as_posix().removesuffix("index.html")


def _hero_paths(page: Path) -> set[str]:
    """Every file that the page's first picture may be shown from."""
    elements = read_html(page.read_text("utf-8")).elements
    first = next(index for index, (tag, _) in enumerate(elements) if tag == "img")
    start = max((index for index in range(first) if elements[index][0] == "picture"), default=first)
    paths = {url for _, attrs in elements[start : first + 1] for url, _ in candidates(attrs.get("srcset", ""))}
    return paths | {elements[first][1]["src"]}


def _colours(shot: Path, width: int) -> int:
    from PIL import Image

    with Image.open(shot) as image:
        part = image.convert("RGB").crop((0, 0, width, image.height))
        return len(part.getcolors(part.width * part.height) or ())
