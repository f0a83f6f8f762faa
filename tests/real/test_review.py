"""The review board in Chromium, by hand and by key: from opening it to what then stands in lock and trail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aibild_build.web.review import export_board
from tests.support.judges import command, node_file
from tests.support.review import ADA, Reviewed, desk, lock_of, project, reviewing, trail_of

pytestmark = pytest.mark.real

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
_AXE = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install 'aibild[lab]'")
    path = command("chromium")
    with playwright.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("review") / "site")


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "site", symlinks=True)
    return tmp_path / "site"


class Seen:
    """A page, and whatever went wrong on it."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(locale="en-GB", **options)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("response", lambda answer: self.wrong.append(answer.url) if answer.status >= 400 else None)

    def clean(self) -> None:
        """Close it. Nothing may have gone wrong."""
        self.context.close()
        assert self.wrong == []


def arrive(browser: Any, at: Reviewed, **options: Any) -> Seen:
    seen = Seen(browser, **options)
    seen.page.goto(at.url)
    assert "token" not in seen.page.url
    return seen


def told(page: Any, text: str) -> None:
    """Wait for a page that says so, and for its script."""
    page.get_by_text(text).wait_for()
    page.wait_for_load_state("load")


def headed(page: Any, text: str) -> None:
    page.locator("h1", has_text=text).wait_for()
    page.wait_for_load_state("load")


def test_by_hand_from_the_list_to_lock_and_trail(browser: Any, root: Path) -> None:
    with reviewing(root) as at:
        seen = arrive(browser, at)
        page = seen.page
        assert page.locator("h1").inner_text() == "2 not decided"
        page.get_by_role("link", name="quay").click()
        second = page.locator("#candidate-2")
        second.get_by_role("button", name="Use this one").click()
        told(page, "This candidate is in use from the next build on.")
        pixels = second.get_attribute("data-pixels")
        assert at.lock().briefs["quay"]["master"].picked.pixels == pixels
        second.get_by_role("button", name="Approve").click()
        told(page, "Approved. The lock and the audit trail have it.")
        assert "Ada Lovelace" in second.inner_text()
        third = page.locator("#candidate-3")
        third.get_by_role("button", name="Reject…").click()
        page.get_by_role("button", name="Reject", exact=True).click()
        assert page.locator("#reject-3 textarea:invalid").count() == 1, "a reason is wanted"
        page.get_by_role("textbox", name="Reason").fill("The horizon hangs.")
        page.get_by_role("button", name="Reject", exact=True).click()
        told(page, "Rejected. The reason stands in the audit trail.")
        assert "The horizon hangs." in third.inner_text() and "The horizon hangs." in page.locator(".history").inner_text()
        pinned = at.lock().briefs["quay"]["master"]
        assert [(one.who, one.pixels) for one in pinned.approvals] == [(ADA, pixels)]
        assert [(one.reason, one.pixels) for one in pinned.rejections] == [("The horizon hangs.", pinned.candidates[2].pixels)]
        assert [row["event"] for row in trail_of(root)][-3:] == ["picked", "approved", "rejected"]
        second.get_by_role("button", name="Withdraw").click()
        told(page, "Taken back.")
        assert at.lock().briefs["quay"]["master"].approvals == ()
        seen.clean()


def test_by_keys_alone(browser: Any, root: Path) -> None:
    with reviewing(root) as at:
        seen = arrive(browser, at)
        page, press = seen.page, seen.page.keyboard.press
        press("?")
        assert page.locator("#help").is_visible()
        press("Escape")
        press("j")
        press("j")
        press("Enter")
        headed(page, "quay")
        press("2")
        assert "current" in (page.locator("#candidate-2").get_attribute("class") or "")
        press("ArrowRight")
        press("ArrowLeft")
        press("p")
        told(page, "This candidate is in use")
        assert page.url.endswith("#candidate-2")
        press("a")
        told(page, "Approved. The lock")
        press("1")
        press("r")
        page.keyboard.type("Pale, and a jar too many.")  # letters are words here
        assert page.get_by_role("textbox", name="Reason").input_value() == "Pale, and a jar too many."
        press("Tab")
        press("Enter")
        told(page, "Rejected. The reason")
        press("2")
        press("w")
        told(page, "Taken back.")
        press("k")
        headed(page, "boat")
        press("u")
        headed(page, "not decided")
        pinned = at.lock().briefs["quay"]["master"]
        assert pinned.pick == 1 and pinned.approvals == () and pinned.rejections[0].reason == "Pale, and a jar too many."
        seen.clean()


def test_views_and_marks(browser: Any, root: Path) -> None:
    with reviewing(root) as at:
        seen = arrive(browser, at)
        page, press = seen.page, seen.page.keyboard.press
        page.goto(at.base + "quay.html")
        cut = page.locator("#candidate-1 .cut:visible")
        for ratio in (16 / 9, 3 / 2, 4 / 5):
            box = cut.bounding_box()
            assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.01)
            assert page.evaluate("[...document.images].every(image => !image.checkVisibility() || image.decode())")
            press(".")
        press(",")
        assert (
            page.locator("#candidate-1 .area:visible").count() == 1 and page.locator("#candidate-1 .focal:visible").count() == 1
        )
        press("s")
        press("f")
        assert page.locator(".area:visible").count() == 0 and page.locator(".focal:visible").count() == 0
        press("v")
        frame = page.frame_locator("#candidate-2 iframe:visible")
        picture = frame.locator(".hero img")
        picture.wait_for()
        pixels = page.locator("#candidate-2").get_attribute("data-pixels")
        page.wait_for_function(
            "() => document.querySelector('#candidate-2 iframe:not([hidden])').contentDocument.images[0].complete"
        )
        assert pixels in picture.evaluate("image => image.currentSrc") and picture.evaluate("image => image.naturalWidth") > 0
        assert frame.locator("h1").inner_text() in ("Harbour", "Tides")
        page.get_by_role("radio", name="Phone").check()
        assert picture.evaluate("image => image.ownerDocument.defaultView.innerWidth") == 390
        page.reload()
        assert page.locator("[name=view][value=page]").is_checked(), "a view is kept from picture to picture"
        seen.clean()


def test_what_others_do_shows_up(browser: Any, root: Path) -> None:
    with reviewing(root) as at:
        seen = arrive(browser, at)
        page = seen.page
        page.goto(at.base + "quay.html")
        other = desk(root, "Eve <eve@example.org>")
        entry = other.board().entry("quay")
        assert entry is not None
        page.keyboard.press("r")
        page.get_by_role("textbox", name="Reason").fill("Half a sentence")
        decide(other, "approve")
        page.locator("#changed").wait_for()
        assert page.get_by_role("textbox", name="Reason").input_value() == "Half a sentence", "nothing that was typed is lost"
        page.get_by_role("button", name="Reject", exact=True).click()
        told(page, "Somebody changed this picture in the lock meanwhile")
        assert (
            page.get_by_role("textbox", name="Reason").input_value() == "Half a sentence"
            and "Eve" in page.locator("#candidate-1").inner_text()
        )
        assert lock_of(root).briefs["quay"]["master"].rejections == ()
        page.get_by_role("button", name="Reject", exact=True).click()
        told(page, "Rejected. The reason")
        decide(other, "withdraw")
        page.wait_for_function("() => !document.querySelector('#candidate-1').innerText.includes('approved: Eve')")
        seen.wrong = [one for one in seen.wrong if "409" not in one and not one.endswith("/decide")]
        seen.clean()


def decide(other: Any, kind: str) -> None:
    from aibild_build.build.review import Asked

    entry = other.board().entry("quay")
    assert other.decide(Asked(kind=kind, entry=entry, pixels=entry.choices[0].pixels, seen=entry.seen)).problem == ""


def test_german_and_back(browser: Any, root: Path) -> None:
    with reviewing(root) as at:
        seen = arrive(browser, at)
        page = seen.page
        page.get_by_role("link", name="DE: Deutsch").click()
        assert page.locator("h1").inner_text() == "2 nicht entschieden" and page.locator("html").get_attribute("lang") == "de"
        page.get_by_role("link", name="quay").click()
        page.locator("#candidate-1").get_by_role("button", name="Freigeben").click()
        told(page, "Freigegeben. Es steht im Lock und im Protokoll.")
        seen.clean()


def test_a_copy_in_a_folder_opens_from_the_disk(browser: Any, root: Path, tmp_path: Path) -> None:
    export_board(desk(root), tmp_path / "attached")
    seen = Seen(browser)
    page = seen.page
    page.goto((tmp_path / "attached" / "index.html").as_uri(), wait_until="load")
    page.get_by_role("link", name="quay").click()
    headed(page, "quay")
    page.keyboard.press("v")
    frame = page.frame_locator("#candidate-2 iframe:visible")
    frame.locator(".hero img").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0
    page.keyboard.press("a")
    page.keyboard.press("u")
    headed(page, "2 not decided")
    assert page.locator(".card").count() == 2
    assert page.evaluate("Promise.all([...document.images].map(image => image.decode().then(() => image.naturalWidth)))")
    seen.clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_sticks_out_and_axe_is_content(browser: Any, root: Path, width: int, scheme: str) -> None:
    script = node_file("axe-core/axe.min.js").read_text("utf-8")
    at_desk = desk(root)
    decide(at_desk, "approve")
    with reviewing(root) as at:
        seen = arrive(browser, at, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
        page = seen.page
        for name in ("index.html", "quay.html", "boat.de.html"):
            page.goto(at.base + name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            page.evaluate(script)
            found = page.evaluate(_AXE)
            assert [(rule["id"], rule["nodes"][0]["target"]) for rule in found["violations"]] == [], name
            small = "e => e.checkVisibility() && Math.min(e.offsetWidth, e.offsetHeight) < 24"
            assert page.evaluate(f"[...document.querySelectorAll('button, select, summary')].filter({small}).length") == 0
        seen.context.close()


def test_axe_sees_faults(browser: Any) -> None:
    script = node_file("axe-core/axe.min.js").read_text("utf-8")
    seen = Seen(browser)
    seen.page.set_content('<img src="data:,"><button></button>')
    seen.page.evaluate(script)
    assert {rule["id"] for rule in seen.page.evaluate(_AXE)["violations"]} >= {"image-alt", "button-name"}
    seen.context.close()
