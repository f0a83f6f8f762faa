"""Draft builds: sketches stand in, are marked in pixels, pages, report and marker, and pin nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from aibild_build.model import Level
from aibild_build.renditions.draft import mark_draft
from tests.support.project import CONFIG, edit, run_build, tree, write_project

NOT_EXACT = CONFIG + "\n[engines.flat]\nexact = false\n"


def test_missing_pictures_are_sketched_and_marked(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": NOT_EXACT})
    report = run_build(root, draft=True)
    drafts = [finding for finding in report.findings if finding.rule == "picture-draft"]
    assert [finding.subject for finding in drafts] == ["boat", "quay"] and drafts[0].level is Level.WARNING
    assert '"boat"' not in (root / "aibild.lock").read_text()
    assert json.loads((root / "dist/.aibild/build.json").read_bytes())["draft"] is True
    page = (root / "dist/boats/index.html").read_text()
    assert 'name="robots" content="noindex' in page
    jpeg = max((root / "dist/pictures").glob("boat-*.jpg"), key=lambda path: path.stat().st_size)
    with Image.open(jpeg) as image:
        red, green, blue = image.convert("RGB").crop((at := int(image.height * 0.34 * 0.8), 2, at + 1, 3)).tobytes()
    assert red > 120 and green < 90 and blue < 90, "the ribbon"
    assert run_build(root, draft=True).written == 0


def test_what_is_pinned_and_there_is_used_as_it_is(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": NOT_EXACT})
    run_build(root)
    lock = (root / "aibild.lock").read_bytes()
    edit(root, "briefs/boat.yaml", "#b03a2e", "#00aa00")
    report = run_build(root, draft=True)
    assert [finding.subject for finding in report.findings if finding.rule == "picture-draft"] == ["boat"]
    assert (root / "aibild.lock").read_bytes() == lock


def test_a_draft_never_leaks_into_a_real_build(tmp_path: Path) -> None:
    root = write_project(tmp_path / "one")
    run_build(root, draft=True)
    run_build(root)
    fresh = write_project(tmp_path / "two")
    run_build(fresh)
    assert tree(root / "dist") == tree(fresh / "dist")


@pytest.mark.parametrize("size", [(20, 20), (48, 48), (1280, 720), (300, 900)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_ribbon_lies_in_the_corner(size: tuple[int, int], mode: str) -> None:
    image = Image.new(mode, size, "white")
    marked = mark_draft(image)
    assert (marked.size, marked.mode) == (size, mode)
    assert marked.getpixel((size[0] - 1, size[1] - 1)) == image.getpixel((size[0] - 1, size[1] - 1))
    box = marked.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert box is not None and box[2] <= min(size) * 0.36 + 13
