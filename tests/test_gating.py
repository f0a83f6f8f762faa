"""Gates in the pipeline: what is refused never reaches a page, is measured once, and another candidate is picked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aibild_build.build.deciding import approve_pictures
from aibild_build.errors import FrozenError, RefusedError, SourceError
from aibild_build.gates import Measured
from aibild_build.lock import read_lock
from aibild_build.model import Actor, Level
from aibild_build.store import Store
from aibild_build.wire import from_json
from tests.support.project import CONFIG, edit, run_build, write_project

OFF = '\n[gates.blank]\nlevel = "off"\n'
ON = CONFIG.replace(OFF, "")


def measured(root: Path) -> int:
    return sum(1 for _ in Store(root / ".aibild/store", read_only=True).records("measure"))


def test_a_refused_picture_stops_the_build_before_any_page(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": ON})
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert caught.value.exit_code == 1
    assert caught.value.missing[0].startswith("boat: gate `blank`: expected a picture, got almost one colour")
    assert not (root / "dist").exists() and not (root / "aibild.lock").exists()
    before = measured(root)
    with pytest.raises(RefusedError):
        run_build(root)
    assert measured(root) == before, "the same refusal is not measured twice"


def test_a_level_can_be_lowered(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": ON + '\n[gates.blank]\nlevel = "warning"\n'})
    report = run_build(root)
    found = [finding for finding in report.findings if finding.rule == "gate-blank"]
    assert {finding.level for finding in found} == {Level.WARNING} and len(found) == 2
    assert report.refused == 0


def test_a_threshold_measures_nothing_again(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": ON + "\n[gates.blank]\nblock = 0\n"})
    run_build(root)
    before = measured(root)
    (root / "aibild.toml").write_text(ON + "\n[gates.blank]\nblock = 1\n")
    with pytest.raises(RefusedError):
        run_build(root, frozen=True)
    assert measured(root) == before


def test_the_first_candidate_that_passes_is_picked(tmp_path: Path) -> None:
    """A landscape is judged by how much varies in it, so a limit between two candidates refuses one of them."""
    brief = "engine: sketch\nsubject: hills\nsize: [640, 360]\nseed: 11\ncandidates: 3\nalt: {en: Hills, de: Berge}\n"
    root = write_project(tmp_path, {"briefs/boat.yaml": brief})
    run_build(root)
    lock = json.loads((root / "aibild.lock").read_text())
    rows = lock["briefs"]["boat"]["assets"]["master"]["candidates"]
    store = Store(root / ".aibild/store", read_only=True)
    (root / "aibild.toml").write_text(ON + "\n[gates.blank]\nblock = 0\n")
    run_build(root)
    (root / "aibild.lock").unlink()
    run_build(root)
    spread = {row["pixels"]: scores_of(store)[row["pixels"]] for row in rows}
    order = [spread[row["pixels"]] for row in rows]
    limit = sorted(order)[1]
    expected = next(index for index, score in enumerate(order) if score >= limit)
    for page in ("site/index.md", "site/tides.md", "site/de/index.md", "site/de/tides.md"):
        edit(root, page, "hero: quay", "hero: boat")
    (root / "aibild.toml").write_text(ON + f"\n[gates.blank]\nblock = {limit}\n")
    (root / "aibild.lock").unlink()
    report = run_build(root)
    after = json.loads((root / "aibild.lock").read_text())["briefs"]["boat"]["assets"]["master"]
    assert after["pick"] == expected
    assert len(after["candidates"]) == 3, "refused ones are recorded, too"
    assert report.refused == sum(1 for score in order if score < limit) and report.made.picture == 0


def scores_of(store: Store) -> dict[str, float]:
    """What gate `blank` measured, by pixels."""
    records = [record for record in store.records("measure") if record["gate"] == "blank"]
    return {str(record["pixels"]): from_json(Measured, record["measured"]).score for record in records}


def test_duplicates_name_both_briefs_and_pages(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#2b6579")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert caught.value.missing == ("boat: gate `duplicate`: `boat` is the same picture as `quay` (pages /boats/ and /)",)
    (root / "aibild.toml").write_text(CONFIG + '\n[gates.duplicate]\nlevel = "warning"\n')
    (finding,) = [finding for finding in run_build(root).findings if finding.rule == "picture-duplicate"]
    assert finding.level is Level.WARNING and finding.subject == "boat"
    assert str(finding.origin).startswith("briefs/boat.yaml")
    (root / "aibild.toml").write_text(CONFIG + '\n[gates.duplicate]\nlevel = "off"\n')
    assert not [finding for finding in run_build(root).findings if finding.rule == "picture-duplicate"]


REVIEW = ON + "\n[gates.blank]\nblock = 0\nreview = 1\n"


def approve(root: Path) -> None:
    """Say yes to every picture that the lock pins."""
    for brief in read_lock((root / "aibild.lock").read_text())[0].briefs:
        approve_pictures(root, brief, Actor(who="Ada", source="git", when="2026-11-23T10:00:00Z"), role="art lead")


def test_what_wants_review_is_pinned_and_shown_once_it_is_approved(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"aibild.toml": REVIEW})
    for frozen in (False, True):
        with pytest.raises((FrozenError, RefusedError)) as caught:
            run_build(root, frozen=frozen)
        assert isinstance(caught.value, FrozenError | RefusedError)
        assert caught.value.exit_code == 1 and "aibild review" in caught.value.hint
        assert {line.partition(":")[0] for line in caught.value.missing} == {"boat", "quay"}
        assert sum("gate `" in line for line in caught.value.missing) == 2, "with what the gates saw"
    assert not (root / "dist").exists() and (root / "aibild.lock").exists(), "pinned, so that it can be looked at"
    run_build(root, draft=True)
    approve(root)
    assert run_build(root, frozen=True).outputs > 0
    brief = root / "briefs/boat.yaml"
    brief.write_text(brief.read_text().replace("#b03a2e", "#b03a50"))
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert [line.partition(":")[0] for line in caught.value.missing] == ["boat"], "other pixels void the approval"


def test_scores_stand_in_the_lock(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    pin = json.loads((root / "aibild.lock").read_text())["briefs"]["boat"]["assets"]["master"]["candidates"][0]
    assert pin["scores"]["size"] == 1 and "blank" not in pin["scores"], "a gate that is off gives no score"


def test_a_profile_has_limits_of_its_own(tmp_path: Path) -> None:
    profile = {"briefs/profiles/plain.yaml": "thresholds: {blank: {block: 0}}\n"}
    root = write_project(tmp_path, {"aibild.toml": ON, **profile})
    edit(root, "briefs/quay.yaml", "subject:", "profile: plain\nsubject:")
    with pytest.raises(RefusedError) as caught:
        run_build(root)
    assert [line.partition(":")[0] for line in caught.value.missing] == ["boat"]


def test_a_required_gate_that_is_off_stops_a_frozen_build_only(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "subject:", "required_gates: [blank]\nsubject:")
    run_build(root)
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert caught.value.missing == ("boat: gate `blank` is required and switched off",)
    (root / "aibild.toml").write_text("[gates]\nrequired = ['size']\n" + CONFIG)
    edit(root, "briefs/boat.yaml", "required_gates: [blank]\n", "")
    run_build(root, frozen=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds: {blnak: {block: 1}}", "expected a gate in thresholds, got `blnak`"),
        ("thresholds: {blank: 1}", "expected thresholds.blank as table, got 1"),
        ("thresholds: {blank: {blokc: 1}}", "expected a known key, got `thresholds.blank.blokc`"),
        ("thresholds: {blank: {block: low}}", 'expected thresholds.blank.block as number, got "low"'),
        ("thresholds: {blank: {level: loud}}", 'expected thresholds.blank.level as one of error, warning, note, off, got "loud"'),
        ("required_gates: [blnak]", "expected required_gates as names of gates, got `blnak`"),
    ],
)
def test_thresholds_are_held_against_the_gates(tmp_path: Path, text: str, message: str) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "subject:", f"{text}\nsubject:")
    with pytest.raises(SourceError) as caught:
        run_build(root)
    (finding,) = caught.value.findings
    assert finding.message == message and str(finding.origin).startswith("briefs/boat.yaml")
