"""A hero of our own site passes every gate; its damaged twins fail, each at the gate that it was damaged for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFilter

from aibild_build.build import Options
from aibild_build.build.looking import Row, calibrate, look
from aibild_build.cli import aibild
from aibild_build.errors import SourceError
from aibild_build.imagefile import decode_png
from aibild_build.lock import approve, read_lock, write_lock
from aibild_build.model import Outcome
from aibild_build.plan.pictures import find_pinned
from aibild_build.store import Store
from tests.support.labelled import mark
from tests.support.project import CONFIG, run_build, tree

OURS = Path(__file__).parents[1] / "briefs"
# A gate that sleeps until it knows a mark is shown one; those that need libraries of the extra `gates` have tests of their own.
ELSEWHERE = {"text", "nsfw", "clip", "motif", "brisque"}
SETTINGS = CONFIG.replace('\n[gates.blank]\nlevel = "off"\n', "").replace("avif = 40", "avif = 60") + "".join(
    f'\n[gates.{name}]\nlevel = "warning"\n'
    for name in ("contrast", "clutter", "palette", "sharpness", "blank", "duplicate", "fidelity")
)
WORDS = 'alt: {{en: "{0}", de: "{0}"}}\n'
AREAS = 'safe_areas: {"16:9": [{x: 0.03, y: 0.6, width: 0.45, height: 0.34, colour: "#ffffff"}], "4:5": []}\nratios: []\n'


def build_site(root: Path, briefs: Mapping[str, str]) -> Path:
    """A site with our own house profile and a page for each brief."""
    for folder in ("blocks", "profiles"):
        shutil.copytree(OURS / folder, root / "briefs" / folder)
    for name, text in briefs.items():
        page = "index" if name == "first-light" else name
        (root / f"briefs/{name}.yaml").write_text(f"profile: house\n{text}{AREAS}{WORDS.format(name.title())}")
        for folder in ("site", "site/de"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            head = f"---\ntitle: {name.title()}\ndescription: About {name}.\nhero: {name}\n---\n\nWords.\n"
            (root / f"{folder}/{page}.md").write_text(head)
    menus = CONFIG[CONFIG.index("[menus]") : CONFIG.index("[slots.hero]")]
    theme = '[site.theme]\nscrim = "rgb(6 26 32/.42)"\n\n'
    (root / "aibild.toml").write_text(
        SETTINGS.replace(menus, theme).replace('engine = "flat"', 'engine = "sketch"\nprofile = "house"')
    )
    run_build(root)
    return root


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    brief = (OURS / "first-light.yaml").read_text()
    assert "size:" not in brief
    return build_site(tmp_path_factory.mktemp("ours"), {"first-light": "subject: hills at dawn\nsize: [960, 540]\nseed: 7\n"})


def rows(root: Path) -> tuple[Row, ...]:
    return look(Options(root=root, crew="inline")).rows


def test_our_hero_passes_every_gate(ours: Path) -> None:
    found = rows(ours)
    assert {row.gate for row in found} - ELSEWHERE == {
        *("artefacts", "blank", "clutter", "contrast", "duplicate", "fidelity", "palette", "sharpness", "size", "thumbnail")
    }
    assert [row for row in found if row.outcome is not Outcome.PASS and row.gate not in ELSEWHERE] == []


def damaged(image: Image.Image) -> dict[str, Image.Image]:
    """A twin for each gate, by the gate's name."""
    bright, leaves, paper = image.copy(), image.copy(), image.copy()
    bright.paste("#f4f0e0", (60, 360, 400, 500))
    draw = ImageDraw.Draw(leaves)
    for y in range(330, 500, 10):
        for x in range(40, 440, 10):
            draw.ellipse((x, y, x + 6, y + 6), fill=("#08161c", "#5d7a80")[(x // 10 + y // 10) % 2])
    tile = (
        image.crop((500, 60, 580, 140)).resize((80, 80)).filter(ImageFilter.FIND_EDGES).point(lambda value: min(255, value * 6))
    )
    for x in range(0, 960, 80):
        for y in range(0, 540, 80):
            paper.paste(tile, (x, y))
    hue, saturation, value = image.convert("HSV").split()
    other = Image.merge("HSV", (hue.point(lambda level: (level + 100) % 256), saturation, value)).convert("RGB")
    return {
        "contrast": bright,
        "clutter": leaves,
        "palette": other,
        "sharpness": image.filter(ImageFilter.GaussianBlur(4)),
        "thumbnail": Image.blend(image, Image.new("RGB", image.size, "#c8ccd0"), 0.93),
        "artefacts": paper,
        "duplicate": image.resize((900, 506)),
    }


@pytest.fixture(scope="module")
def twins(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("twins")
    lock, _ = read_lock((ours / "aibild.lock").read_text())
    store = Store(ours / ".aibild/store", read_only=True)
    master = find_pinned(store, lock.briefs["first-light"]["master"].picked)
    assert master is not None
    samples, size, mode = decode_png(store.get(master.digest) or b"")
    image = Image.frombytes(mode, size, samples)
    (root / "photos").mkdir()
    briefs = {"first-light": "subject: hills at dawn\nsize: [960, 540]\nseed: 7\n"}
    for name, picture in damaged(image).items():
        picture.save(root / f"photos/{name}.png")
        briefs[f"twin-{name}"] = f"engine: imported\nfile: photos/{name}.png\n"
    briefs["twin-blank"] = "engine: flat\nsize: [960, 540]\n"
    return build_site(root, briefs)


@pytest.mark.parametrize("gate", ["contrast", "clutter", "palette", "sharpness", "thumbnail", "artefacts", "blank"])
def test_a_damaged_twin_fails_its_gate(twins: Path, gate: str) -> None:
    outcomes = {row.outcome for row in rows(twins) if row.gate == gate and row.subject == f"twin-{gate}"}
    assert outcomes & {Outcome.REVIEW, Outcome.BLOCK}, outcomes


def test_a_twin_that_is_the_same_is_named_with_its_page(twins: Path) -> None:
    pairs = [row for row in rows(twins) if row.gate == "duplicate" and row.outcome is not Outcome.PASS]
    assert {"first-light", "twin-duplicate"} in [{row.subject, row.place} for row in pairs]


def test_files_coded_too_hard_and_a_missing_mark_fail(ours: Path, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(ours, root)
    mark(root)
    settings = (
        (root / "aibild.toml")
        .read_text()
        .replace("avif = 60", "avif = 1\njpeg = 1\nwebp = 1")
        .replace("[gates.fidelity]", "[gates.fidelity]\nreview = 0.9")
    )
    (root / "aibild.toml").write_text(settings + '\n[gates.logo]\nfile = "mark.png"\nlevel = "warning"\n')
    run_build(root)
    failing = {row.gate for row in rows(root) if row.outcome is not Outcome.PASS}
    assert {"logo", "fidelity"} <= failing


def test_the_table_and_its_exit_code(twins: Path) -> None:
    run = CliRunner().invoke(aibild, ["gates", "twin-sharpness", "--root", str(twins), "-q", "--workers", "1"])
    line = next(line for line in run.stdout.splitlines() if "sharpness" in line and "twin" in line and "≥ 0.5" in line)
    assert run.exit_code == 0 and ("(warnings only)" in line), run.output
    text = (twins / "aibild.toml").read_text()
    try:
        (twins / "aibild.toml").write_text(text.replace('[gates.sharpness]\nlevel = "warning"', "[gates.sharpness]\nblock = 0.5"))
        run = CliRunner().invoke(aibild, ["gates", "twin-sharpness", "--root", str(twins), "-q", "--json", "--workers", "1"])
    finally:
        (twins / "aibild.toml").write_text(text)
    found = json.loads(run.stdout)
    assert run.exit_code == 1 and {row["outcome"] for row in found["rows"] if row["gate"] == "sharpness"} == {"block"}
    run = CliRunner().invoke(aibild, ["gates", "twin-sharpnes", "--root", str(twins)])
    assert run.exit_code == 2 and "twin-sharpness" in run.stderr


def test_limits_are_proposed_from_approved_pictures(twins: Path) -> None:
    before = (twins / "aibild.lock").read_text()
    assert calibrate(Options(root=twins, crew="inline"), "house") == ()
    lock, _ = read_lock(before)
    pixels = lock.briefs["first-light"]["master"].picked.pixels
    yes = approve(lock, "first-light", "master", pixels, who="Ada <ada@example.org>", role="", when="2026-11-23")
    try:
        (twins / "aibild.lock").write_text(write_lock(yes))
        proposals = {one.gate: one for one in calibrate(Options(root=twins, crew="inline"), "house")}
    finally:
        (twins / "aibild.lock").write_text(before)
    sharp = proposals["sharpness"]
    assert sharp.approved == 1 and sharp.before == 0 and sharp.block < sharp.review < 1 and sharp.refused >= 1
    assert proposals["palette"].block > proposals["palette"].review > 0
    with pytest.raises(SourceError):
        calibrate(Options(root=twins, crew="inline"), "hose")


def test_a_scrim_is_laid_where_the_words_need_it(twins: Path, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(twins, root)
    text = (root / "aibild.toml").read_text()
    (root / "aibild.toml").write_text(text.replace("[gates.contrast]", "[gates.contrast]\napply = true"))
    run_build(root)
    page = (root / "dist/twin-contrast/index.html").read_text()
    assert 'class="hero" style="--scrim:rgb(6 26 32/0.' in page
    assert rows(root) and all(
        row.outcome is Outcome.PASS for row in rows(root) if row.gate == "contrast" and row.subject == "twin-contrast"
    )
    assert 'class="hero">' in (root / "dist/index.html").read_text(), "where the page's own is enough, nothing is laid"
    first = tree(root / "dist")
    assert run_build(root, force=False).written == 0 and tree(root / "dist") == first
