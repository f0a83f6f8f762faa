"""The evidence bundle and the visible label, over the small project with one picture that a trained model made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aibild_build.build.credentials import init_test
from aibild_build.build.transparency import transparency
from aibild_build.errors import AibildError
from aibild_build.imagefile import encode_png
from aibild_build.reports.transparency import transparency_html, transparency_object
from tests.support.project import FILES, TODAY, run_build, write_project

ROOT = Path(__file__).parents[1]
WAVE = (
    "file: site/wave.png\nalt: {en: A wave, de: Eine Welle}\nsidecar: {source_type: trainedAlgorithmicMedia, tool: SomeModel}\n"
)
NOTES = {"en": "This picture was made with AI.", "de": "Dieses Bild wurde mit KI erzeugt."}


def project(root: Path, brief: str = "", settings: str = "") -> Path:
    write_project(
        root,
        {
            "aibild.toml": FILES["aibild.toml"] + settings,
            "briefs/wave.yaml": WAVE + brief,
            "site/tides.md": "---\ntitle: Tides\nhero: wave\n---\n\n![A wave](brief:wave)\n",
            "site/de/tides.md": "---\ntitle: Gezeiten\nhero: wave\n---\n\nZweimal am Tag.\n",
        },
    )
    (root / "site/wave.png").write_bytes(encode_png(b"\x20\x60\x90" * (640 * 360), (640, 360), "RGB"))
    run_build(root)
    return root


def test_a_picture_by_a_model_is_labelled_in_the_page_s_language(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert (root / "dist/tides/index.html").read_text().count(NOTES["en"]) == 2
    assert (root / "dist/de/tides/index.html").read_text().count(NOTES["de"]) == 1
    assert NOTES["en"] not in (root / "dist/index.html").read_text()


@pytest.mark.parametrize(("said", "shown"), [("false", False), ("true", True)])
def test_a_brief_or_its_profile_decides(said: str, shown: bool, tmp_path: Path) -> None:
    one = project(tmp_path / "brief", f"transparency: {{label: {said}}}\n")
    assert (NOTES["en"] in (one / "dist/tides/index.html").read_text()) is shown
    other = write_project(tmp_path / "profile", {"briefs/profiles/plain.yaml": f"transparency: {{label: {said}}}\n"})
    project(other, "profile: plain\n")
    assert (NOTES["en"] in (other / "dist/tides/index.html").read_text()) is shown


def test_a_drawn_picture_cannot_be_labelled_as_ai(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"briefs/quay.yaml": FILES["briefs/quay.yaml"] + "transparency: {label: true}\n"})
    run_build(root)
    assert NOTES["en"] not in (root / "dist/index.html").read_text()


def test_the_bundle_says_what_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    init_test(os.environ, datetime(2026, 11, 23, tzinfo=UTC))
    said = "transparency: {people: real, risk: limited}\n"
    root = project(tmp_path / "site", said, '\n[credentials]\ncertificate = "test"\n')
    found = {one.picture: one for one in transparency(root).pictures}
    wave, quay = found["wave"], found["quay"]
    assert (wave.ai, wave.people, wave.risk, wave.source_type) == (True, "real", "limited", "trainedAlgorithmicMedia")
    assert wave.layers == ("metadata", "signature", "visible label") and wave.machine_readable == 2
    assert wave.credentials == {"trusted": wave.files} and wave.files > 10
    assert set(wave.pages) >= {"/tides/", "/de/tides/"}
    assert wave.lacking == (
        "the model has no note on its training data (`training` in [models.NAME])",
        "it shows real people, and nobody approved it",
    )
    assert not quay.ai and quay.lacking == ()
    victim = next((root / "dist/pictures").glob("wave-*.jpg"))
    victim.write_bytes(victim.read_bytes()[:-400])
    damaged = {one.picture: one for one in transparency(root).pictures}["wave"]
    assert "signature" not in damaged.layers and any(victim.name in line for line in damaged.lacking)


def test_unsigned_pictures_lack_a_second_layer(tmp_path: Path) -> None:
    wave = {one.picture: one for one in transparency(project(tmp_path)).pictures}["wave"]
    assert "fewer than two machine-readable layers of marking" in wave.lacking


def test_both_files_are_written_and_say_the_same(tmp_path: Path) -> None:
    root = project(tmp_path / "site")
    command = [sys.executable, "-m", "aibild_build", "report", "transparency", "--root", str(root), "--to", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": "1795435200"}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    found = json.loads((tmp_path / "out/transparency.json").read_text("utf-8"))
    bundle = transparency(root)
    assert found == json.loads(json.dumps(transparency_object(bundle, TODAY)))
    html = (tmp_path / "out/transparency.html").read_text("utf-8")
    assert html == transparency_html(bundle, TODAY)
    assert "<script" not in html and all(one["pixels"] in html for one in found["pictures"])


def test_a_site_that_is_not_built_has_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(AibildError, match="expected a built site"):
        transparency(write_project(tmp_path))
