"""Quality as a target, through a build: one probe a picture and format, none when warm, and the keys that settings change."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from aibild_build.build.upkeep import cache_gc
from tests.support.project import CONFIG, edit, run_build, tree, write_project

SKETCHED = CONFIG.replace("[images.quality]\navif = 40\n", "")
BRIEF = "engine: sketch\nsubject: a quay at dawn\nlight: low sun\nsize: [640, 360]\nalt:\n  en: A quay\n  de: Ein Kai\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_project(tmp_path, {"aibild.toml": SKETCHED, "briefs/quay.yaml": BRIEF})


def records(site: Path, kind: str) -> dict[str, dict[str, object]]:
    """Records of one kind in the project's store, by key."""
    lines = (
        json.loads(path.read_text("utf-8").splitlines()[0]) for path in (site / ".aibild/store/rec").rglob("*") if path.is_file()
    )
    return {line["key"]: line for line in lines if line["kind"] == kind}


def settings(site: Path) -> dict[str, set[object]]:
    """The qualities of the encodes in the store, by format."""
    found: dict[str, set[object]] = {}
    for record in records(site, "encode").values():
        variant = record["variant"]
        found.setdefault(variant["format"], set()).add(variant["settings"]["quality"])  # type: ignore[index]
    return found


def test_each_picture_is_probed_once_a_format_and_never_again(site: Path) -> None:
    first = run_build(site)
    probed = records(site, "quality")
    assert sorted(one["probe"]["format"] for one in probed.values()) == ["avif", "avif", "jpeg", "jpeg", "webp", "webp"]  # type: ignore[index]
    sketched = [one for one in probed.values() if one["trials"]]
    assert len(sketched) == 3 and all(float(str(one["score"])) > 69 for one in sketched)
    by_format = {one["probe"]["format"]: {one["quality"]} for one in sketched}  # type: ignore[index]
    assert {format: qualities & by_format[format] for format, qualities in settings(site).items()} == by_format
    before = tree(site / "dist")
    edit(site, "site/tides.md", "Twice a day.", "Three times a day.")
    again = run_build(site)
    assert (again.made.rendition, again.made.page) == (0, 1) and first.made.rendition > 20
    assert records(site, "quality") == probed
    assert {path for path in before if path.startswith("pictures/")} == {
        path for path in tree(site / "dist") if path.startswith("pictures/")
    }


def test_two_empty_stores_find_the_same(site: Path, tmp_path: Path) -> None:
    run_build(site)
    other = write_project(tmp_path / "other", {"aibild.toml": SKETCHED, "briefs/quay.yaml": BRIEF})
    run_build(other)
    assert tree(site / "dist") == tree(other / "dist")


def test_a_slot_of_its_own_target_is_probed_beside_the_site(site: Path) -> None:
    edit(site, "aibild.toml", "[slots.card]\n", "[slots.card]\nquality = {target = 50, jpeg = 30}\n")
    run_build(site)
    assert sorted(one["probe"]["target"] for one in records(site, "quality").values()) == [50.0] * 4 + [70.0] * 6  # type: ignore[index]
    assert 30 in settings(site)["jpeg"]


def test_fixed_settings_need_no_probe(site: Path) -> None:
    edit(site, "aibild.toml", "[briefs]\n", "[images.quality]\navif = 40\nwebp = 60\njpeg = 70\n\n[briefs]\n")
    run_build(site)
    assert records(site, "quality") == {}
    assert settings(site) == {"avif": {40}, "webp": {60}, "jpeg": {70}}


def test_gc_keeps_what_was_found(site: Path) -> None:
    run_build(site)
    probed = records(site, "quality")
    cache_gc(site, grace_s=0.0, max_bytes=None, now=time.time() + 60)
    assert records(site, "quality") == probed and len(probed) == 6
