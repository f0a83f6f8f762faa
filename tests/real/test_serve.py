"""`aibild serve` in Chromium: what is saved is seen where the reader stands, and what is wrong is said and can be put away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aibild_build.build import Options
from aibild_build.build.generate import generate
from tests.support.judges import command, node_file
from tests.support.project import FILES, TODAY, edit, write_project
from tests.support.serving import Serving, serving

pytestmark = pytest.mark.real

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
_AXE = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})"
_PROBE = "value => getComputedStyle(document.documentElement).getPropertyValue('--probe') === value"
_LONG = "".join(f"\n\nParagraph {number} of a long page about the water.\n" for number in range(80))
_WAIT_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install 'aibild[lab]'")
    path = command("chromium")
    with playwright.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    files = {"site/tides.md": FILES["site/tides.md"] + _LONG, "site/static/favicon.ico": "asked for by every browser"}
    root = write_project(tmp_path_factory.mktemp("serve"), files)
    with serving(root) as served:
        yield served


@pytest.fixture
def page(browser: Any, at: Serving) -> Iterator[Any]:
    """The page on tides, heard by the server; nothing may have gone wrong on it in the end."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1000, "height": 700})
    opened, wrong = context.new_page(), list[str]()
    opened.set_default_timeout(_WAIT_MS)

    # A picture that gives way may be asked for once more while the page still names it.
    def told(said: Any) -> bool:
        return said.type == "error" and "/pictures/" not in said.location["url"]

    opened.on("console", lambda said: wrong.append(said.text) if told(said) else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(f"{at.url}/tides/")
    opened.wait_for_selector("aibild-overlay", state="attached")
    yield opened
    context.close()
    assert wrong == []


def test_a_save_is_seen_where_the_reader_stands(at: Serving, page: Any) -> None:
    page.evaluate("window.mine = 1; document.querySelector('main').dataset.kept = '1'")
    page.evaluate("scrollTo(0, 1500)")
    place = page.evaluate("scrollY")
    assert place == 1500
    edit(at.root, "site/tides.md", "Twice a day.", "Thrice a day, as they say.")
    page.wait_for_function("document.body.innerText.includes('Thrice a day')")
    assert abs(page.evaluate("scrollY") - place) < 60 and page.evaluate("window.mine") == 1, "changed in place, not loaded anew"
    edit(at.root, "site/tides.md", "title: Tides", "title: High water")
    page.wait_for_function("document.title.includes('High water')")
    edit(at.root, "site/tides.md", "title: High water", "title: Tides")
    page.wait_for_function("document.title.includes('Tides')")
    assert page.evaluate("window.mine") == 1


def test_a_fault_is_shown_and_goes(at: Serving, page: Any) -> None:
    good = (at.root / "site/tides.md").read_text()
    (at.root / "site/tides.md").write_text(good.replace("hero: quay", "hero: key"))
    alarm = page.locator("aibild-overlay [role=alert]")
    alarm.get_by_text("Not built").wait_for()
    said = alarm.inner_text()
    assert "site/tides.md:4" in said and "there is no brief key" in said and "hero: key" in said
    assert "Tides" in page.locator("h1").inner_text(), "the last good page is under it"
    page.keyboard.press("Escape")
    alarm.get_by_text("Not built").wait_for(state="detached")
    (at.root / "site/tides.md").write_text(good.replace("hero: quay", "hero: kay"))
    alarm.get_by_text("there is no brief kay").wait_for()
    (at.root / "site/tides.md").write_text(good)
    alarm.get_by_text("Not built").wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_findings_lead_to_the_element(at: Serving, page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    button = page.locator("aibild-overlay button", has_text="finding")
    button.click()
    panel = page.get_by_role("dialog", name="Findings on this page")
    assert "measured 288, limit" in panel.inner_text()
    assert panel.get_by_role("link", name="Rule image-density").first.get_attribute("href").endswith("/rules/#image-density")
    panel.get_by_role("button", name="Show").first.click()
    page.locator("aibild-overlay .frame").wait_for(state="visible")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert page.locator("aibild-overlay .frame").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_lies_over_the_page_is_accessible(at: Serving, page: Any, scheme: str) -> None:
    axe = node_file("axe-core/axe.min.js")
    page.emulate_media(color_scheme=scheme)
    page.locator("aibild-overlay button", has_text="finding").click()
    assert _violations(page, axe) == []
    page.keyboard.press("Escape")
    good = (at.root / "site/tides.md").read_text()
    (at.root / "site/tides.md").write_text(good.replace("hero: quay", "hero: key"))
    page.locator("aibild-overlay [role=alert]").get_by_text("Not built").wait_for()
    assert _violations(page, axe) == []
    (at.root / "site/tides.md").write_text(good)
    page.locator("aibild-overlay [role=alert]").get_by_text("Not built").wait_for(state="detached")


def test_a_picture_takes_the_place_of_its_sketch(at: Serving, page: Any) -> None:
    page.locator("aibild-overlay a.pill", has_text="draft").wait_for()
    page.evaluate("window.mine = 1; scrollTo(0, 900)")
    before = page.evaluate("document.querySelector('main picture img').src")
    generate(Options(root=at.root, crew="inline"), ("quay", "boat"), today=TODAY)
    page.wait_for_function("before => document.querySelector('main picture img').src !== before", arg=before)
    page.locator("aibild-overlay a.pill", has_text="draft").wait_for(state="detached")
    assert page.evaluate("window.mine") == 1 and abs(page.evaluate("scrollY") - 900) < 60
    page.wait_for_function("document.querySelector('main picture img').complete")
    assert page.evaluate("document.querySelector('main picture img').naturalWidth") > 0


def test_a_style_sheet_of_the_site_is_exchanged(browser: Any, tmp_path: Path) -> None:
    link = '<link rel="stylesheet" href="/look.css"></head>'
    base = (Path(__file__).parents[2] / "aibild_build/pages/builtin/base.html").read_text().replace("</head>", link)
    root = write_project(tmp_path, {"templates/base.html": base, "site/static/look.css": ":root{--probe:one}"})
    with serving(root) as at:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        page.goto(f"{at.url}/tides/")
        page.wait_for_function(_PROBE, arg="one")
        page.wait_for_selector("aibild-overlay", state="attached")
        page.evaluate("window.mine = 1")
        (root / "site/static/look.css").write_text(":root{--probe:two}")
        page.wait_for_function(_PROBE, arg="two")
        assert page.evaluate("window.mine") == 1, "the page itself was not loaded again"
        context.close()


def _violations(page: Any, axe: Path) -> list[tuple[str, Any]]:
    """What axe-core has against what we lay over a page; the page itself is judged elsewhere."""
    page.evaluate(axe.read_text("utf-8"))
    nodes = ((one["id"], node["target"]) for one in page.evaluate(_AXE)["violations"] for node in one["nodes"])
    return [(rule, target) for rule, target in nodes if "aibild-overlay" in str(target)]
