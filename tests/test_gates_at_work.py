"""The gates that read and recognise, in whole builds: when they are asked, what is left out, and what a missing library means."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from shutil import which

import pytest

from aibild_build.errors import FrozenError, RefusedError
from aibild_build.model import Level
from tests.support.pictures import JPEG
from tests.support.project import CONFIG, run_build, write_project

needs_clip = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("open_clip") is None,
    reason="torch and open_clip are not installed",
)
HILLS = "engine: sketch\nsubject: hills\nsize: [640, 360]\nseed: 11\ncandidates: 3\nalt: {en: Hills, de: Berge}\n"


def idle(root: Path, settings: str) -> list[str]:
    write_project(root, {"aibild.toml": CONFIG + settings})
    return sorted(one.message for one in run_build(root).findings if one.rule == "gate-not-run")


def test_plates_drawn_by_rule_need_no_library(tmp_path: Path) -> None:
    assert idle(tmp_path, "\n[gates.text]\nreader = 'nobody'\n") == []


def test_what_could_not_look_is_told_and_frozen_builds_refuse_it(tmp_path: Path) -> None:
    settings = "\n[gates.text]\nreader = 'nobody'\nalways = true\n"
    message = "gate `text` did not run, 2 times: expected reader as one of rapidocr, tesseract, got `nobody`"
    assert idle(tmp_path, settings) == [message]
    (tmp_path / "aibild.toml").write_text(
        CONFIG.replace("[gates.blank]", "[gates]\nrequired = ['text']\n\n[gates.blank]") + settings
    )
    with pytest.raises(FrozenError) as caught:
        run_build(tmp_path, frozen=True)
    assert caught.value.missing[0].startswith("boat: gate `text` did not run")


def test_motifs_of_the_guards_are_looked_for_in_pixels(tmp_path: Path) -> None:
    message = "gate `motif` did not run, 2 times: no weights: `weights` names a local .safetensors file of a CLIP model"
    assert idle(tmp_path / "a", "\n[guards]\nmotifs = ['swastika']\n") == [message]
    assert idle(tmp_path / "b", "\n[guards]\nterms = ['swastika']\n") == [], "a term is a word, not a motif"
    assert idle(tmp_path / "c", "\n[guards]\nmotifs = ['swastika']\n\n[gates.motif]\nlevel = 'off'\n") == []


def test_weights_may_lie_elsewhere_and_clip_sleeps_without(tmp_path: Path) -> None:
    assert idle(tmp_path / "a", "") == []
    assert idle(tmp_path / "b", "\n[gates.clip]\nweights = 'models/clip.safetensors'\n") == [
        "gate `clip` did not run, 2 times: the weights clip.safetensors are not on this machine"
    ]


@needs_clip
def test_clip_ranks_candidates(tmp_path: Path) -> None:
    """Whatever the tiny model thinks of hills: the candidate that it likes best is picked, and the scores stand in the lock."""
    from tests.support.tiny_clip import write_tiny_clip

    write_tiny_clip(tmp_path)
    gate = "\n[gates.clip]\nweights = 'tiny.safetensors'\narchitecture = 'tiny.json'\n"
    root = write_project(tmp_path, {"aibild.toml": CONFIG + gate, "briefs/boat.yaml": HILLS})
    run_build(root)
    asset = json.loads((root / "aibild.lock").read_text())["briefs"]["boat"]["assets"]["master"]
    scores = [candidate["scores"]["clip"] for candidate in asset["candidates"]]
    assert len(set(scores)) == 3 and asset["pick"] == scores.index(max(scores))
    (root / "tiny.safetensors").unlink()
    assert not [one for one in run_build(root, frozen=True).findings if one.rule == "gate-not-run"], "measured is measured"
    (root / "aibild.toml").write_text(CONFIG + f"{gate}block = 2.4\n")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert any("gate `clip`: expected CLIPScore of at least 2.4" in line for line in caught.value.missing)


@pytest.mark.skipif(which("tesseract") is None, reason="tesseract is not installed")
def test_words_that_cannot_be_read_in_the_smallest_file_stop_the_build(tmp_path: Path) -> None:
    """A plate of one colour shows no word at all."""
    boat = "subject: a sign\ntext: Ride the city\nsize: [640, 360]\nparameters:\n  colour: '#b03a2e'\nalt: {en: A, de: B}\n"
    settings = CONFIG + "\n[gates.legible]\nlevel = 'error'\nalways = true\nreader = 'tesseract'\n"
    root = write_project(tmp_path, {"aibild.toml": settings, "briefs/boat.yaml": boat})
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert all("boat: gate `legible`" in line and "expected `ride the city` readable at" in line for line in caught.value.missing)


def test_files_are_judged_by_their_damage_and_only_advised(tmp_path: Path) -> None:
    page = "---\ntitle: T\ndescription: D.\nhero: quay\n---\n\n![A boat](photo.jpg)\n"
    root = write_project(
        tmp_path, {"aibild.toml": CONFIG + "\n[gates.brisque]\nreview = -1\nblock = -0.5\n", "site/tides.md": page}
    )
    (root / "site/photo.jpg").write_bytes(JPEG)
    found = [one for one in run_build(root).findings if one.rule == "gate-brisque"]
    assert found and {one.level for one in found} == {Level.WARNING}
