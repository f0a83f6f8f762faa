"""`aibild enhance --measure` with Debian's Chromium: boxes and largest paint as a browser sees them, in what it then writes.

No style sheet of these pages could have told: a script sets the widths.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from aibild_build.cli import aibild
from aibild_build.lab.boxes import measure_boxes
from aibild_build.lab.serving import serve
from tests.support.judges import command

CONFIG = '[site]\nname = "Quay"\nbase_url = "https://quay.example/docs/"\n\n[images]\nformats = ["webp", "jpeg"]\n'
CONFIG += "quality = { webp = 20, jpeg = 50 }\n"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quay</title>
<meta name="viewport" content="width=device-width"></head><body style="margin:0">
<img class="small" src="quay.jpg" alt="Small"><img class="wide" src="sub/boat.png" alt="Wide">
<p style="height:4000px">Boats and cranes.</p><img class="far" src="quay.jpg" alt="Far"><img hidden src="quay.jpg" alt="None">
<script>const set = (name, width) => document.querySelector(name).style.cssText = `display:block;width:${width}`;
set('.small', '60px'); set('.wide', 'min(100vw, 900px)'); set('.far', innerWidth < 700 ? '100vw' : '50vw');
addEventListener('resize', () => set('.far', innerWidth < 700 ? '100vw' : '50vw'));</script></body></html>"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    pytest.importorskip("playwright", reason="needs Playwright: pip install 'aibild[lab]'")
    command("chromium")
    noise = Image.effect_noise((1600, 900), 60).convert("RGB")
    (tmp_path / "public/sub").mkdir(parents=True)
    noise.save(tmp_path / "public/quay.jpg", quality=90)
    noise.resize((1200, 675)).save(tmp_path / "public/sub/boat.png")
    (tmp_path / "public/index.html").write_text(PAGE)
    (tmp_path / "aibild.toml").write_text(CONFIG)
    return tmp_path


def test_boxes_are_what_the_browser_shows(root: Path) -> None:
    with serve(root / "public", "/docs/") as base:
        ((address, boxes),) = measure_boxes(base, ["index.html"])
    assert address == "index.html" and boxes.sources == ("quay.jpg", "sub/boat.png", "quay.jpg", "quay.jpg")
    small, wide, far, hidden = boxes.widths
    assert set(small) == {60.0} and set(hidden) == {0.0}
    assert wide[0] == 320.0 and wide[-1] == 900.0 and far[4] == 640.0 and far[-1] == 960.0
    assert boxes.largest == 1 and boxes.first == (True, True, False, False)


def test_what_is_measured_is_written(root: Path) -> None:
    arguments = ["enhance", str(root / "public"), "--root", str(root), "--measure", "--no-check", "--workers", "1"]
    done = CliRunner().invoke(aibild, arguments)
    assert done.exit_code == 0, done.output
    page = root / "public/index.html"
    text = page.read_text()
    small, wide, far, hidden = re.findall(r"<img[^>]*>", text)
    assert 'sizes="60px"' in small and "fetchpriority" not in small + far
    assert 'fetchpriority="high"' in wide and "100vw" in wide and "900px" in wide
    assert 'loading="lazy"' in far and 'sizes="(min-width: 768px) 50vw, (min-width: 640px) 640px, 100vw"' in far, far
    assert 'alt="None"' in hidden
    preload = re.findall(r'<link rel="preload"[^>]*>', text)
    assert len(preload) == 1 and "boat-" in preload[0]
    again = CliRunner().invoke(aibild, arguments)
    assert again.exit_code == 0 and "changed 0 files" in again.stderr and page.read_text() == text
