"""The lock's table, every cell (docs page "The lock and the store"): lock against brief, the store's state, and the kind of
build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aibild_build.errors import EngineError, FrozenError, StoreError
from aibild_build.lock import LOCK_FILE, read_lock, write_lock
from tests.support.project import CONFIG, edit, run_build, write_project

NOT_EXACT = CONFIG + "\n[engines.flat]\nexact = false\n"


def pinned(tmp_path: Path, config: str = CONFIG) -> Path:
    """A project whose lock and store are complete."""
    root = write_project(tmp_path, {"aibild.toml": config})
    run_build(root)
    return root


def untold(root: Path) -> str:
    """The lock without the names of the trail's lines, which go on with each change."""
    return write_lock(read_lock((root / LOCK_FILE).read_text())[0].untold())


def lose_store(root: Path) -> None:
    shutil.rmtree(root / ".aibild")
    shutil.rmtree(root / "dist")


@pytest.mark.parametrize("frozen", [False, True])
def test_equal_and_there_is_used(tmp_path: Path, frozen: bool) -> None:
    root = pinned(tmp_path)
    lock = (root / LOCK_FILE).read_bytes()
    report = run_build(root, frozen=frozen, today="2030-01-01")
    assert (report.made.picture, report.reused.picture) == (0, 2)
    assert (root / LOCK_FILE).read_bytes() == lock


@pytest.mark.parametrize("frozen", [False, True])
def test_equal_and_missing_is_made_again_when_exact(tmp_path: Path, frozen: bool) -> None:
    root = pinned(tmp_path)
    lock = (root / LOCK_FILE).read_bytes()
    lose_store(root)
    report = run_build(root, frozen=frozen, today="2030-01-01")
    assert report.made.picture == 2
    assert (root / LOCK_FILE).read_bytes() == lock, "a picture that is made again keeps its day"


@pytest.mark.parametrize("frozen", [False, True])
def test_equal_missing_and_exact_but_other_pixels_is_an_error(tmp_path: Path, frozen: bool) -> None:
    root = pinned(tmp_path)
    lock = (root / LOCK_FILE).read_bytes()
    lose_store(root)
    (root / "aibild.toml").write_text(CONFIG + "\n[engines.flat]\ndrift = 3\n")
    with pytest.raises(EngineError, match=r"made other pixels for `\w+` than aibild.lock pins") as caught:
        run_build(root, frozen=frozen)
    assert caught.value.exit_code == 3
    assert (root / LOCK_FILE).read_bytes() == lock
    assert not (root / "dist").exists()


def test_equal_missing_and_not_recreatable_stops_an_ordinary_build(tmp_path: Path) -> None:
    root = pinned(tmp_path, NOT_EXACT)
    lose_store(root)
    with pytest.raises(StoreError, match="boat, quay") as caught:
        run_build(root)
    assert caught.value.exit_code == 3
    assert "aibild generate --repin" in caught.value.hint


def test_equal_missing_and_not_recreatable_stops_a_frozen_build(tmp_path: Path) -> None:
    root = pinned(tmp_path, NOT_EXACT)
    lose_store(root)
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert caught.value.exit_code == 1
    assert [line.partition(":")[0] for line in caught.value.missing] == ["boat", "quay"]


def test_not_recreatable_but_there_is_used(tmp_path: Path) -> None:
    root = pinned(tmp_path, NOT_EXACT)
    assert run_build(root, frozen=True).made.picture == 0
    assert run_build(root, force=True).made.picture == 0, "--force never replaces pinned pixels"


def test_differs_is_made_and_locked_by_an_ordinary_build(tmp_path: Path) -> None:
    root = pinned(tmp_path)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#0000ff")
    lock = (root / LOCK_FILE).read_text()
    report = run_build(root, today="2026-12-01")
    assert report.made.picture == 1
    after = (root / LOCK_FILE).read_text()
    assert after != lock
    changed = [line for line in after.splitlines() if line not in lock.splitlines()]
    trail, candidate = changed
    assert '"audit": "' in trail, "the newest line of the trail is another"
    assert '"made":"2026-12-01"' in candidate, "and one candidate"


def test_differs_stops_a_frozen_build_with_the_list(tmp_path: Path) -> None:
    root = pinned(tmp_path)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#0000ff")
    before = (root / LOCK_FILE).read_bytes()
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert caught.value.missing == ("boat: the lock is for another recipe",)
    assert (root / LOCK_FILE).read_bytes() == before


def test_absent_is_made_and_locked(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    assert run_build(root).made.picture == 2
    assert (root / LOCK_FILE).read_text().count('"pixels"') == 2


def test_absent_stops_a_frozen_build(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with pytest.raises(FrozenError) as caught:
        run_build(root, frozen=True)
    assert len(caught.value.missing) == 2
    assert not (root / LOCK_FILE).exists() and not (root / "dist").exists()


def test_absent_but_in_the_store_is_pinned_without_making(tmp_path: Path) -> None:
    root = pinned(tmp_path)
    lock = untold(root)
    (root / LOCK_FILE).unlink()
    assert run_build(root, today="2030-01-01").made.picture == 0
    assert untold(root) == lock


def test_changed_back_takes_the_old_picture(tmp_path: Path) -> None:
    root = pinned(tmp_path)
    lock = untold(root)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#0000ff")
    run_build(root)
    edit(root, "briefs/boat.yaml", "#0000ff", "#b03a2e")
    report = run_build(root, today="2030-01-01")
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert untold(root) == lock


def test_a_brief_that_is_gone_leaves_the_lock(tmp_path: Path) -> None:
    root = pinned(tmp_path)
    edit(root, "site/tides.md", "hero: quay\n", "")
    edit(root, "site/de/tides.md", "hero: quay\n", "")
    run_build(root)
    assert '"quay"' in (root / LOCK_FILE).read_text(), "still a brief, and shown by the home page"
    for page in ("site/index.md", "site/de/index.md"):
        edit(root, page, "hero: quay", "hero: boat")
    (root / "briefs/quay.yaml").unlink()
    run_build(root)
    assert '"quay"' not in (root / LOCK_FILE).read_text()
