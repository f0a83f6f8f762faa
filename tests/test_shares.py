"""Shares of a build on machines that know nothing of each other, and the last run that only collects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from aibild_build.build import Options, build
from aibild_build.build.share import build_share
from aibild_build.cli import aibild
from aibild_build.errors import FrozenError
from aibild_build.model import Report
from tests.support.project import TODAY, run_build, tree, write_project


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("alone"))
    run_build(root)
    return root


def share(root: Path, shard: str, store: Path, **options: object) -> Report:
    return build_share(Options(root=root, store=store, crew="inline", **options), shard, today=TODAY)  # type: ignore[arg-type]


def test_shares_make_all_and_the_last_run_nothing(alone: Path, tmp_path: Path) -> None:
    """Each share in a checkout of its own; they meet in the store alone."""
    store = tmp_path / "store"
    reports = []
    for shard in ("2/2", "1/2"):
        root = write_project(tmp_path / shard[0])
        reports.append(share(root, shard, store))
        assert not (root / "dist").exists()
    assert [report.made.picture for report in reports] == [1, 1]
    assert all(report.made.rendition > 5 and report.outputs == 0 for report in reports)
    last = write_project(tmp_path / "last")
    done = build(Options(root=last, store=store, crew="inline"), today=TODAY)
    assert (done.made.picture, done.made.rendition) == (0, 0), "the last run collects"
    assert done.made.page > 0
    assert tree(last / "dist") == tree(alone / "dist")
    assert (last / "aibild.lock").read_bytes() == (alone / "aibild.lock").read_bytes()


def test_a_share_again_makes_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    first = share(root, "1/2", tmp_path / "store")
    again = share(root, "1/2", tmp_path / "store")
    assert first.made.picture == 1 and (again.made.picture, again.made.rendition) == (0, 0)
    assert again.reused.rendition == first.made.rendition


def test_more_shares_than_briefs_leave_some_without_work(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    assert [share(root, f"{number}/3", tmp_path / "store").made.picture for number in (1, 2, 3)] == [1, 1, 0]


def test_frozen_shares_cut_what_the_lock_pins(alone: Path, tmp_path: Path) -> None:
    """The lock is committed and the masters are in the store: shares encode, and change no lock."""
    root = write_project(tmp_path / "site", {"aibild.lock": (alone / "aibild.lock").read_text("utf-8")})
    with pytest.raises(FrozenError):
        share(write_project(tmp_path / "bare"), "1/1", tmp_path / "store", frozen=True)
    before = (root / "aibild.lock").read_bytes()
    made = [share(root, f"{number}/2", tmp_path / "store", frozen=True).made.rendition for number in (1, 2)]
    assert min(made) > 5
    assert (root / "aibild.lock").read_bytes() == before


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    run = CliRunner().invoke(aibild, ["build", "--root", str(root), "--shard", "1/2", "--crew", "inline", "--json"])
    assert run.exit_code == 0, run.output
    done = json.loads(run.stdout)
    assert done["made"]["picture"] == 1 and done["outputs"] == 0 and done["folder"] == ""
    assert "a share of the site" in run.stderr
    wrong = CliRunner().invoke(aibild, ["build", "--root", str(root), "--shard", "3/2"])
    assert wrong.exit_code == 3 and "expected a shard as `i/n`" in wrong.stderr
    drafts = CliRunner().invoke(aibild, ["build", "--root", str(root), "--shard", "1/2", "--draft"])
    assert drafts.exit_code == 2 and "no drafts" in drafts.stderr
