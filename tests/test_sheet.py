"""`aibild brief sheet`: one page for a profile, made like every picture, pinned nowhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from aibild_build import colour, engines
from aibild_build.build import Options
from aibild_build.build.sheet import RATIOS, sheet
from aibild_build.cli import aibild
from aibild_build.errors import OutputError, SourceError
from tests.support.project import TODAY, tree, write_project

SCHEMA = Path(__file__).parents[1] / "aibild_build/reports/schemas/sheet.json"
PROFILE = (
    "parameters:\n  colour: '#2a6478'\npalette:\n  - '#2a6478'\n"
    "safe_areas:\n  '16:9':\n    - {x: 0.1, y: 0.5, width: 0.4, height: 0.4, colour: '#ffffff'}\n"
    "  '1:1':\n    - {x: 0.1, y: 0.6, width: 0.8, height: 0.3, colour: '#2a6478'}\n"
)


def project(tmp_path: Path, profile: str = PROFILE) -> Path:
    return write_project(tmp_path / "site", {"briefs/profiles/calm.yaml": profile})


def run(root: Path, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(aibild, ["brief", "sheet", *arguments, "--root", str(root), "--workers", "1"])
    return done.exit_code, done.stdout, done.stderr


def options(root: Path) -> Options:
    return Options(root=root, crew="inline")


def test_a_sheet_is_a_page_with_its_pictures_beside_it(tmp_path: Path) -> None:
    root = project(tmp_path)
    done = sheet(options(root), "calm", today=TODAY)
    written = tree(root / "sheets" / "calm")
    page = written.pop("index.html").decode()
    assert len(done.probes) == 18 and {probe.ratio for probe in done.probes} == set(RATIOS)
    assert sorted(written) == sorted(probe.file for probe in done.probes) == sorted(re.findall(r'<img src="([^"]+)"', page))
    assert all(data[:2] == b"\xff\xd8" and b"algorithmicMedia" in data for data in written.values())
    assert "http" not in re.sub(r"<img[^>]+>", "", page) and "<script" not in page


def test_nothing_is_pinned_and_nothing_is_made_twice(tmp_path: Path) -> None:
    root = project(tmp_path)
    first = sheet(options(root), "calm", today=TODAY)
    before = tree(root / "sheets")
    second = sheet(options(root), "calm", today=TODAY)
    assert (first.made, second.made, second.reused) == (18, 0, 18)
    assert tree(root / "sheets") == before
    assert not (root / "aibild.lock").exists() and not (root / "dist").exists()


def test_contrast_is_that_of_the_pixels_under_each_area(tmp_path: Path) -> None:
    done = sheet(options(project(tmp_path)), "calm", today=TODAY)
    by_ratio = {probe.ratio: probe for probe in done.probes}
    wide, square = by_ratio["21:9"], by_ratio["1:1"]
    exact = colour.contrast(colour.parse("#2a6478"), (255, 255, 255))
    assert wide.contrast[0].first_percentile == pytest.approx(exact, abs=0.01) and wide.contrast[0].readable
    assert square.contrast[0].worst == 1 and not square.contrast[0].readable
    assert (wide.borrowed, square.borrowed) == ("16:9", "")
    assert by_ratio["4:5"].borrowed == "1:1"


def test_a_profile_without_safe_areas_has_none_on_its_sheet(tmp_path: Path) -> None:
    root = project(tmp_path, "parameters:\n  colour: '#2a6478'\n")
    done = sheet(options(root), "calm", today=TODAY)
    assert all(probe.contrast == () and probe.borrowed == "" for probe in done.probes)
    assert "no safe area" in (root / "sheets/calm/index.html").read_text()


def test_one_file_holds_its_pictures(tmp_path: Path) -> None:
    file = tmp_path / "mail" / "calm.html"
    code, out, _ = run(project(tmp_path), "calm", "--output", str(file), "--json")
    found = json.loads(out)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert code == 0 and found["file"] == str(file) and [entry.name for entry in file.parent.iterdir()] == ["calm.html"]
    assert file.read_text().count('src="data:image/jpeg;base64,') == 18


def test_the_probes_of_sketch_are_its_motifs(tmp_path: Path) -> None:
    sketch = engines.load("sketch")
    assert isinstance(sketch, engines.Probing) and len(sketch.probes) >= 6
    area = "safe_areas:\n  '*':\n    - {x: 0.05, y: 0.6, width: 0.5, height: 0.35, colour: '#111111'}\n"
    root = project(tmp_path, "engine: sketch\nparameters:\n  motif: landscape\n  trees: 0\n  grain: 0.2\n" + area)
    done = sheet(options(root), "calm", today=TODAY)
    assert tuple(dict.fromkeys(probe.name for probe in done.probes)) == sketch.probes
    assert all(contrast.readable for probe in done.probes for contrast in probe.contrast)


@pytest.mark.parametrize(
    ("profile", "name", "message"),
    [
        (PROFILE, "clam", "there is no style profile `clam`"),
        ("engine: sktech\n", "calm", "got `sktech`"),
        ("engine: sketch\nparameters:\n  grain: 7\n", "calm", "expected grain as number 0–1, got 7"),
        ("engine: imported\n", "calm", "for engine imported"),
        ("engine: flat\npalette: 3\n", "calm", "palette"),
    ],
)
def test_a_profile_that_cannot_be_used_ends_with_2(tmp_path: Path, profile: str, name: str, message: str) -> None:
    root = project(tmp_path, profile)
    code, _, err = run(root, name)
    assert code == 2 and err.count(message) == 1 and "has 1 fault" in err
    assert not (root / "sheets").exists()


def test_a_place_that_cannot_be_written_ends_with_3(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "sheets").write_text("in the way")
    with pytest.raises(OutputError):
        sheet(options(root), "calm", today=TODAY)
    with pytest.raises(SourceError):
        sheet(options(root), "", today=TODAY)
