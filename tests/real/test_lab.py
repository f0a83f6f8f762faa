"""`aibild check --lab`, `--lighthouse` and `--har` from the command line, with Debian's Chromium: what they see is what is there.

A small site with a sound page and faulty ones is looked at; for each fault the note that tells of it is named.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from aibild_build.cli import aibild
from aibild_build.lab.serving import serve
from tests.support.judges import NODE, command, node_file

BASE = "https://quay.example/docs/"
WIDTHS = (400, 800, 1600, 2400)
SRCSET = ", ".join(f"quay-{width}.jpg {width}w" for width in WIDTHS)
HERO = f'<img src="quay-1600.jpg" srcset="{SRCSET}" sizes="100vw" width="1600" height="800" fetchpriority="high" alt="The quay">'
FULL = "<style>body{margin:0}img{display:block;width:100%;height:auto}</style>"
PAGES = {
    "index.html": FULL + HERO,
    # a preload that names one file, where the picture has a choice; and something that comes late
    "double.html": f'<link rel="preload" as="image" href="quay-400.jpg" fetchpriority="high">{FULL}{HERO}'
    "<script>setTimeout(() => document.body.prepend(Object.assign(document.createElement('div'), {style: 'height:300px'})), 300)"
    "</script>",
    # a script after the picture says otherwise
    "script.html": FULL + HERO + "<script>document.querySelector('img').sizes = '40vw'</script>",
    "late.html": FULL + HERO.replace('fetchpriority="high"', 'loading="lazy"'),
    # a script makes the picture small before anything is painted
    "text.html": "<style>p{font-size:2em}</style>"
    + HERO
    + "<script>Object.assign(document.querySelector('img'), {width: 40, height: 20})"
    "</script><p>" + "Boats and cranes. " * 40,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lab") / "site"
    root.mkdir()
    noise = Image.effect_noise((2400, 1200), 40).convert("RGB")
    for width in WIDTHS:
        noise.resize((width, width // 2)).save(root / f"quay-{width}.jpg", quality=25)
    for name, body in PAGES.items():
        (root / name).write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quay</title>'
            f'<meta name="viewport" content="width=device-width"></head><body>{body}</body></html>'
        )
    return root


def confirmed(site: Path, *options: object) -> dict[str, Any]:
    """The part `lab` of what `aibild check --json` prints."""
    command = ["check", str(site), "--base", BASE, "--today", "2026-11-23", "--json", *map(str, options)]
    result = CliRunner().invoke(aibild, command)
    assert result.exit_code in (0, 1), result.output
    found: dict[str, Any] = json.loads(result.stdout)["lab"]
    return found


@pytest.fixture(scope="module")
def lab(site: Path) -> dict[str, Any]:
    pytest.importorskip("playwright", reason="needs Playwright: pip install 'aibild[lab]'")
    command("chromium")
    return confirmed(site, "--lab", "--lab-pages", len(PAGES), "--lab-runs", 1)


def seen(lab: dict[str, Any], page: str) -> list[dict[str, Any]]:
    found = [one for one in lab["seen"] if one["path"] == page]
    assert len(found) == 5
    return found


def notes(lab: dict[str, Any], page: str) -> set[str]:
    return {one["rule"] for one in lab["findings"] if one["path"] == page}


def test_a_sound_page_is_as_the_files_say(lab: dict[str, Any]) -> None:
    """Largest paint, the file of each device, and its priority."""
    for one in seen(lab, "index.html"):
        assert one["lcp_element"] == "img" and one["lcp_file"] == one["hero_shown"] == one["hero_told"]
        assert one["priority"] in ("High", "VeryHigh") and one["runs"] == 1 and one["cls"]["median"] < 0.01
        assert one["lcp_ms"]["median"] >= one["ttfb_ms"]["median"] > 0
    assert {one["hero_told"] for one in seen(lab, "index.html")} >= {"quay-800.jpg", "quay-1600.jpg"}
    assert notes(lab, "index.html") <= {"lab-lcp-differs"}


def test_a_second_download_is_seen(lab: dict[str, Any]) -> None:
    assert "lab-double-download" in notes(lab, "double.html")


def test_another_file_than_told_is_seen(lab: dict[str, Any]) -> None:
    assert "lab-candidate-differs" in notes(lab, "script.html")
    assert any(one["hero_shown"] != one["hero_told"] for one in seen(lab, "script.html"))


def test_a_low_priority_is_seen(lab: dict[str, Any]) -> None:
    assert "lab-low-priority" in notes(lab, "late.html")
    assert {one["priority"] for one in seen(lab, "late.html")} <= {"Low", "VeryLow", "Medium"}


def test_another_largest_paint_is_seen(lab: dict[str, Any]) -> None:
    assert "lab-lcp-element-differs" in notes(lab, "text.html")
    assert all(one["lcp_element"] == "p" and one["lcp_file"] == "" for one in seen(lab, "text.html"))


def test_a_shift_is_seen(lab: dict[str, Any]) -> None:
    assert "lab-shift" in notes(lab, "double.html")


def test_a_recording_of_chromium(site: Path, tmp_path: Path) -> None:
    """A HAR as the browser writes it: one page is fine but for what the host does, one takes a picture twice."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install 'aibild[lab]'")
    found: dict[str, set[str]] = {}
    with serve(site, "/docs/") as base, playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=command("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for name in ("index.html", "double.html"):
            file = tmp_path / f"{name}.har"
            context = browser.new_context(record_har_path=file, viewport={"width": 1440, "height": 900})
            context.new_page().goto(base + name.removesuffix("index.html"), wait_until="networkidle")
            context.close()
            found[name] = {one["rule"] for one in confirmed(site, "--har", file)["findings"]}
        browser.close()
    assert "lab-double-download" in found["double.html"]
    assert found["index.html"] <= {"lab-request-failed"}  # browsers ask for /favicon.ico


def test_lighthouse_from_the_command_line(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page with a fault that both see: they agree on it, and the rest is told."""
    node_file("lighthouse/cli/index.js")
    command("node")
    command("chromium")
    small = tmp_path / "site"
    small.mkdir()
    shutil.copy(site / "quay-800.jpg", small)
    (small / "index.html").write_text(
        '<!doctype html><html lang="en"><head><title>Quay</title><link rel="icon" href="data:,"></head>'
        '<body><img src="quay-800.jpg"></body></html>'
    )
    monkeypatch.chdir(NODE)
    found = confirmed(small, "--lighthouse", "--lab-pages", 1)["lighthouse"]
    assert {one["device"] for one in found} == {"mobile", "desktop"}
    verdicts = {one["audit"]: (one["verdict"], one["rules"]) for one in found if one["device"] == "mobile"}
    assert verdicts["image-alt"] == ("agree", ["image-alt-missing"])
    assert verdicts["unsized-images"] == ("agree", ["img-size-missing"])
    assert verdicts["document-title"] == ("agree", [])
    assert not [audit for audit, (verdict, _) in verdicts.items() if verdict == "they only"]


def test_without_lighthouse_a_sentence(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("lighthouse"):
        pytest.skip("Lighthouse is installed for everybody here")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(aibild, ["check", str(site), "--base", BASE, "--lighthouse"])
    assert result.exit_code == 3 and "npm install lighthouse" in result.stderr
