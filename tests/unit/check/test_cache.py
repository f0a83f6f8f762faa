"""Kept verdicts: the same findings as a cold check, whatever changed, and only what changed judged anew."""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from aibild_build.check import CheckReport, check_site
from aibild_build.check.cache import Verdicts, differing
from aibild_build.check.notes import Spoilt, unpickled
from aibild_build.check.pages import asked_families
from aibild_build.check.recorded import RecordedSite
from aibild_build.config import no_config
from aibild_build.errors import AibildError

TODAY = "2026-11-23"
BASE = "https://quay.example/"
NOTING = [family.name for family in asked_families(frozenset()) if family.note is not None]
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/style.css"><link rel="canonical" href="{base}{url}"></head><body><main><h1>{title}</h1>
<img src="/{image}" width="1200" height="800" fetchpriority="high" alt="A quay">
<p><a href="/">Home</a> <a href="/boats/">Boats</a> <a href="/boats/#red">The red one</a></p>{more}</main></body></html>"""


def page(title: str, url: str, *, image: str = "quay.jpg", more: str = "") -> str:
    return PAGE.format(title=title, url=url, base=BASE, image=image, more=more)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "boats").mkdir(parents=True)
    (root / "tides").mkdir()
    Image.new("RGB", (1200, 800), "teal").save(root / "quay.jpg")
    (root / "style.css").write_text("h1{color:teal}")
    (root / "index.html").write_text(page("Harbour", ""))
    (root / "boats" / "index.html").write_text(page("Boats", "boats/", more='<p id="red">Red.</p>'))
    (root / "tides" / "index.html").write_text(page("Tides", "tides/"))
    return root


def check(site: Path, cache: Path | None, *, today: str = TODAY) -> CheckReport:
    return check_site(site, None, today=today, base_url=BASE, cache=cache, workers=1)


def _redirect(site: Path) -> None:
    shutil.rmtree(site / "boats")
    (site / "_redirects").write_text("/boats/ / 301\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda site: None,
    "a page": lambda site: (site / "index.html").write_text(page("Harbour", "", more="<img src=none.jpg alt=none>")),
    "a title that is there already": lambda site: (site / "tides" / "index.html").write_text(page("Boats", "tides/")),
    "an image": lambda site: Image.new("RGB", (600, 500), "red").save(site / "quay.jpg"),
    "an image that is no image": lambda site: (site / "quay.jpg").write_bytes(b"no image"),
    "a missing image": lambda site: (site / "quay.jpg").unlink(),
    "a style sheet": lambda site: (site / "style.css").write_text("img{filter:blur(2px)}h1{background:url(none.png)}"),
    "a target of links": lambda site: shutil.rmtree(site / "boats"),
    "a fragment": lambda site: (site / "boats" / "index.html").write_text(page("Boats", "boats/")),
    "a new page": lambda site: (site / "new.html").write_text(page("Harbour", "new.html")),
    "a redirect": lambda site: (
        (site / "boats").rename(site.parent / "away"),
        (site / "_redirects").write_text("/boats/ / 301\n"),
    ),
    "robots": lambda site: (site / "robots.txt").write_text("User-agent: *\nDisallow: /\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_warm_check_says_what_a_cold_one_says(site: Path, tmp_path: Path, change: str) -> None:
    cache = tmp_path / "verdicts"
    check(site, cache)
    CHANGES[change](site)
    warm = check(site, cache)
    assert warm == check(site, None)
    assert check(site, cache) == warm


def test_a_change_that_is_taken_back(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "verdicts"
    first = check(site, cache)
    (site / "style.css").rename(tmp_path / "away")
    assert check(site, cache) != first
    (tmp_path / "away").rename(site / "style.css")
    assert check(site, cache) == first


def still_true(site: Path, file: Path) -> set[str]:
    """The pages that would not be judged again."""
    cache = opened(file)
    found, _ = cache.still_true(RecordedSite(site, BASE, no_config(site), TODAY))
    cache.close()
    return found


def opened(file: Path) -> Verdicts:
    """The cache as a check of the same site would open it."""
    base = sqlite3.connect(file)
    key = base.execute("SELECT value FROM told WHERE name = 'key'").fetchone()[0].decode()
    base.close()
    return Verdicts(file, key.split(" ", 2)[2], NOTING)


def test_only_what_asked_for_a_changed_file_is_judged_again(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "verdicts"
    Image.new("RGB", (1200, 800), "red").save(site / "boat.jpg")
    (site / "boats" / "index.html").write_text(page("Boats", "boats/", image="boat.jpg", more='<p id="red">Red.</p>'))
    check(site, cache)
    every = {"index.html", "boats/index.html", "tides/index.html"}
    assert still_true(site, cache) == every
    (site / "tides" / "index.html").write_text(page("Tides", "tides/", more="<p>Twice a day.</p>"))
    assert still_true(site, cache) == every - {"tides/index.html"}
    Image.new("RGB", (1200, 800), "blue").save(site / "boat.jpg")
    assert still_true(site, cache) == {"index.html"}
    (site / "style.css").unlink()
    assert still_true(site, cache) == set()


def test_new_times_alone_change_nothing(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "verdicts"
    check(site, cache)
    for file in site.rglob("*.*"):
        os.utime(file, (1, 1))
    assert still_true(site, cache) == {"index.html", "boats/index.html", "tides/index.html"}


def test_several_processes_say_the_same(site: Path, tmp_path: Path) -> None:
    for number in range(320):
        (site / f"page-{number}.html").write_text(
            page(f"Page {number}", f"page-{number}.html", image="quay.jpg" if number % 3 else "no.jpg")
        )
    cache = tmp_path / "verdicts"
    one = check(site, None)
    two = check_site(site, None, today=TODAY, base_url=BASE, workers=2, cache=cache)
    assert two == one
    assert check(site, cache) == one


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0" + b"rot" * 400])
def test_a_damaged_cache_costs_time_only(site: Path, tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "verdicts"
    whole = check(site, cache)
    cache.write_bytes(damage)
    assert check(site, cache) == whole
    assert check(site, cache) == whole


def test_a_cache_of_an_older_aibild_is_made_anew(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "verdicts"
    base = sqlite3.connect(cache)
    base.execute("CREATE TABLE told (name TEXT PRIMARY KEY, value TEXT)")
    base.execute("INSERT INTO told VALUES ('key', '1 of another schema')")
    base.commit()
    base.close()
    assert check(site, cache) == check(site, None)
    assert still_true(site, cache) == {"index.html", "boats/index.html", "tides/index.html"}


def test_another_file_is_not_overwritten(site: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear reader")
    with pytest.raises(AibildError, match="as a cache of verdicts"):
        check(site, letter)
    assert letter.read_text() == "Dear reader"


def test_where_two_long_lists_differ() -> None:
    before = array("q", range(2_500))
    now = array("q", before)
    assert list(differing(before, now)) == []
    for at in (0, 999, 1_000, 2_499):
        now[at] = -7
    assert list(differing(before, now)) == [0, 999, 1_000, 2_499]


def test_nothing_that_runs_comes_out_of_a_cache() -> None:
    assert unpickled(pickle.dumps((frozenset({"a"}), 1))) == (frozenset({"a"}), 1)
    with pytest.raises(pickle.UnpicklingError):
        unpickled(b"cos\nsystem\n(S'true'\ntR.")


def test_spoilt_notes_are_told(site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "verdicts"
    check(site, cache)
    damaged = opened(cache)
    damaged.still_true(RecordedSite(site, BASE, no_config(site), TODAY))
    damaged._base.execute(
        "UPDATE kept.page SET " + ", ".join(f"note{at} = ?" for at in range(len(NOTING))), (b"rot",) * len(NOTING)
    )
    with pytest.raises(Spoilt):
        list(damaged.notes("links").items())
    damaged.close()
    (site / "index.html").unlink()
    assert check(site, cache) == check(site, None)
