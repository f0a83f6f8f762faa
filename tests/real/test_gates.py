"""The documentation site passes every gate; a twin of it with damaged heroes fails each at the gate that it was damaged for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from yaml12 import parse_yaml

from tests.real.conftest import Built, signing

ADVICE = {("brisque", "file:site/images/pipeline.png")}  # a diagram: plain ground and sharp lines
NEED_WEIGHTS = {"clip", "motif"}
SHOWN = ("alt", "caption", "title", "safe_areas", "focal", "tags")
PICTURES = ("first-light", "sealed-ridge", "pressed-leaves", "side-by-side", "cut-glass", "still-water")
GATES = ("blank", "brisque", "duplicate", "palette", "sharpness", "text")


def _rows(root: Path, store: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "aibild_build", "gates", "--json", "-q", "--root", str(root), "--store", str(store)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.stdout, run.stderr
    rows: list[dict[str, Any]] = json.loads(run.stdout)["rows"]
    return rows


def test_our_own_site_passes_every_gate(built: Built) -> None:
    rows = _rows(built.project, built.project / ".aibild" / "store", dict(os.environ))
    assert len({row["gate"] for row in rows}) >= 12 and len({row["subject"] for row in rows}) >= 70
    failing = [row for row in rows if row["outcome"] in ("review", "block") and (row["gate"], row["subject"]) not in ADVICE]
    assert failing == []
    assert {row["gate"] for row in rows if row["outcome"] == "not-run"} <= NEED_WEIGHTS


def _damaged(master: Image.Image) -> dict[str, Image.Image]:
    """A picture for each of GATES but `blank`, which holds a file that somebody chose for as plain as was meant."""
    coded, lettered = BytesIO(), master.copy()
    master.save(coded, "JPEG", quality=4)
    font = ImageFont.load_default(size=master.height // 9)
    draw = ImageDraw.Draw(lettered)
    for line, words in enumerate(("SUMMER SALE", "EVERYTHING MUST GO", "OPEN ON SUNDAY")):
        draw.text((master.width // 12, master.height // 8 + line * master.height // 4), words, fill="#ffffff", font=font)
    hue, saturation, value = master.convert("HSV").split()
    turned = Image.merge("HSV", (hue.point(lambda level: (level + 110) % 256), saturation, value)).convert("RGB")
    return {
        "brisque": Image.open(coded).convert("RGB"),
        "duplicate": turned.resize((master.width * 9 // 10, master.height * 9 // 10)),
        "palette": turned,
        "sharpness": master.filter(ImageFilter.GaussianBlur(master.width // 200)),
        "text": lettered,
    }


def _linked(source: str, target: str) -> str:
    """Blobs never change, so that a copy of a store need not be one."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


@pytest.fixture(scope="module")
def twin(built: Built, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The verdicts on a copy of the project in which PICTURES are damaged, one for each of GATES."""
    root = tmp_path_factory.mktemp("twin")
    for name in ("briefs", "site", "templates"):
        shutil.copytree(built.project / name, root / name)
    levels = "".join(f'\n[gates.{name}]\nlevel = "warning"\n' for name in GATES if name != "brisque")
    quiet = "".join(
        f'\n[gates.{name}]\nlevel = "note"\n' for name in ("clutter", "contrast", "fidelity", "thumbnail", "artefacts")
    )
    (root / "aibild.toml").write_text((built.project / "aibild.toml").read_text("utf-8") + levels + quiet, "utf-8")
    shutil.copy(built.project / "aibild.lock", root / "aibild.lock")
    shutil.copytree(built.project / ".aibild" / "store", root / "store", copy_function=_linked)
    heroes = [path for path in built.renditions() if path.suffix == ".jpg"]
    hero = max((path for path in heroes if path.name.startswith("night-watch")), key=lambda path: path.stat().st_size)
    (root / "damaged").mkdir()
    with Image.open(hero) as master:
        pictures = _damaged(master.convert("RGB"))
    for gate, brief in zip(GATES, PICTURES, strict=True):
        told: Any = parse_yaml((root / f"briefs/{brief}.yaml").read_text("utf-8"))
        kept = {key: told[key] for key in SHOWN if key in told}
        source: dict[str, object] = {"engine": "flat", "size": [1600, 900]}
        if gate in pictures:
            pictures[gate].save(root / f"damaged/{gate}.png")
            source = {"engine": "imported", "file": f"damaged/{gate}.png", "max_text_share": 0.001}
        text = json.dumps({**kept, "profile": told.get("profile", "house"), **source})
        (root / f"briefs/{brief}.yaml").write_text(text, "utf-8")
    environment = signing(tmp_path_factory.mktemp("data"))
    command = [
        sys.executable,
        "-m",
        "aibild_build",
        "build",
        "--no-check",
        "-q",
        "--root",
        str(root),
        "--store",
        str(root / "store"),
    ]
    places = ["--root", str(root), "--store", str(root / "store")]
    run = subprocess.run([*command, *places], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    return _rows(root, root / "store", environment)


@pytest.mark.parametrize(("gate", "brief"), list(zip(GATES, PICTURES, strict=True)))
def test_a_damaged_hero_fails_its_gate(twin: list[dict[str, Any]], gate: str, brief: str) -> None:
    found = {row["outcome"] for row in twin if row["gate"] == gate and row["subject"].startswith(brief)}
    assert found & {"review", "block"}, [row for row in twin if row["subject"].startswith(brief) and row["gate"] == gate]
