"""axe-core looks at every page in Chromium: no rule of WCAG 2.2 AA is violated, light or dark, on a desk or a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Built
from tests.support.browser import axe
from tests.support.judges import node_file
from tests.support.server import Served, serve

Job = tuple[str, int]


@pytest.fixture(scope="module")
def served(built: Built) -> Iterator[Served]:
    with serve(built.output) as server:
        yield server


@pytest.fixture(scope="module")
def script() -> str:
    return node_file("axe-core/axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)], ids=["desk-light", "phone-dark"])
def test_every_page_is_accessible(built: Built, served: Served, script: str, width: int, dark: bool) -> None:
    jobs = [(_address(page, built), width) for page in built.pages()]
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda half: axe(served, half, script, dark=dark), (jobs[::2], jobs[1::2])))
    looked = [entry for half in halves for entry in half]
    assert sorted(entry["path"] for entry in looked) == sorted(path for path, _ in jobs)
    assert _faults(looked) == []


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)], ids=["desk-dark", "phone-light"])
def test_five_pages_are_accessible(served: Served, script: str, width: int, dark: bool) -> None:
    """The front pages, a page of prose, a page of tables, and the one for addresses that lead nowhere."""
    five = ("/", "/de/", "/guide/start/", "/reference/configuration/", "/404.html")
    assert _faults(axe(served, [(path, width) for path in five], script, dark=dark)) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_judge_sees_faults(tmp_path: Path, script: str, dark: bool) -> None:
    """No language, no alt, a link without words, and grey words that are faint in one of the two schemes."""
    scheme, ground, faint = ("dark", "#111", "#333") if dark else ("light", "#fff", "#bbb")
    (tmp_path / "index.html").write_text(
        '<!doctype html><title>t</title><meta name="color-scheme" content="light dark"><style>body{background:#fff;color:#000}'
        f"@media (prefers-color-scheme:{scheme}){{body{{background:{ground};color:{faint}}}}}</style>"
        '<p>faint</p><img src="/a.png"><a href="/"></a>'
    )
    with serve(tmp_path) as server:
        (found,) = axe(server, [("/", 360)], script, dark=dark)
    assert {"html-has-lang", "image-alt", "link-name", "color-contrast"} <= {rule["id"] for rule in found["violations"]}


def _faults(looked: Sequence[dict[str, Any]]) -> list[str]:
    assert all(entry["passes"] > 10 for entry in looked), "axe-core checked next to nothing"
    return [
        f"{entry['path']} at {entry['width']}: {rule['id']}: {node}"
        for entry in looked
        for rule in entry["violations"]
        for node in rule["nodes"]
    ]


def _address(page: Path, built: Built) -> str:
    return "/" + page.relative_to(built.output).as_posix().removesuffix("index.html")
