"""Refining and time boxes: what is swapped and what is not, no fast file in a frozen build, and whole stores after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.build.refine import refine
from aibild_build.cli.build import build as build_command
from tests.support.project import CONFIG, TODAY, edit, run_build, tree, write_project
from tests.test_quality_build import BRIEF, records

CHECKOUT = Path(__file__).parents[1]
TAKING = CONFIG.replace("[images]\n", '[images]\nrefine = "idle"\n')


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_project(tmp_path, {"aibild.toml": TAKING, "briefs/quay.yaml": BRIEF})


def efforts(site: Path) -> dict[str, int]:
    """How many files of each effort the output shows, by what the store knows of their bytes; equal bytes tell of no effort."""
    encodes, of_bytes = records(site, "encode"), dict[str, set[str]]()
    for record in records(site, "delivery").values():
        rendition = record["rendition"]
        effort = encodes[rendition["encode"]]["variant"]["effort"]  # type: ignore[index]
        of_bytes.setdefault(rendition["facts"]["unsigned"], set()).add(effort)  # type: ignore[index]
    shown: dict[str, int] = {}
    for output in json.loads((site / "dist/.aibild/build.json").read_text("utf-8"))["outputs"]:
        told = of_bytes.get((output.get("facts") or {}).get("unsigned", ""), set())
        if len(told) == 1:
            shown[min(told)] = shown.get(min(told), 0) + 1
    return shown


def test_what_is_worth_it_is_swapped_and_nothing_else(site: Path) -> None:
    run_build(site)
    usual = tree(site / "dist")
    done = refine(Options(root=site, crew="inline"))
    said = records(site, "refined")
    assert done.tried == len(said) > 3 and done.left == 0
    assert done.swaps == sum(bool(one["worth"]) for one in said.values())
    for one in said.values():
        if one["worth"]:
            assert float(str(one["saved_ratio"])) >= 0.08 and float(str(one["score"])) >= float(str(one["score_before"])) - 0.12
    assert tree(site / "dist") == usual
    again = refine(Options(root=site, crew="inline"))
    assert (again.tried, again.left) == (0, 0)
    built = run_build(site)
    assert built.made.rendition == 0 and efforts(site).get("slow", 0) == done.swaps


def test_off_takes_no_refined_file(site: Path) -> None:
    run_build(site)
    usual = tree(site / "dist")
    edit(site, "aibild.toml", 'refine = "idle"\n', "")
    refine(Options(root=site, crew="inline"))
    run_build(site, force=False)
    assert {path for path in tree(site / "dist") if path.startswith("pictures/")} == {
        path for path in usual if path.startswith("pictures/")
    }


def test_ci_refines_before_it_publishes(site: Path) -> None:
    edit(site, "aibild.toml", '"idle"', '"ci"')
    run_build(site)
    said = records(site, "refined")
    assert said and efforts(site).get("slow", 0) == sum(bool(one["worth"]) for one in said.values())


def test_a_time_box_publishes_fast_files_and_a_later_build_better_ones(site: Path) -> None:
    boxed = run_build(site, time_box_s=0.0)
    assert boxed.improvable > 10 and set(efforts(site)) == {"fast"} and records(site, "quality") == {}
    assert run_build(site, time_box_s=0.0).made.rendition == 0
    later = run_build(site)
    assert later.fast == 0 and later.made.rendition == boxed.fast == boxed.improvable and set(efforts(site)) == {"final"}
    assert 3 < later.improvable < boxed.improvable, "some formats have slow settings, which were not tried yet"
    assert run_build(site, time_box_s=0.0).fast == 0, "what is at hand is not made worse again"


def test_the_time_left_of_a_box_makes_the_usual_files(site: Path) -> None:
    boxed = run_build(site, time_box_s=600.0)
    usual = tree(site / "dist")
    assert boxed.fast == 0 and set(efforts(site)) == {"final"} and records(site, "refined") == {}
    assert run_build(site).made.rendition == 0 and tree(site / "dist") == usual


def test_refining_begins_with_what_is_there_in_fast_files_only(site: Path, tmp_path: Path) -> None:
    """Publish in no time, make better, publish: what comes is what a build without a box gives, and the pages differ in names
    of files alone."""
    usual = write_project(tmp_path / "usual", {"aibild.toml": TAKING, "briefs/quay.yaml": BRIEF})
    run_build(usual)
    boxed = run_build(site, time_box_s=0.0)
    shown = tree(site / "dist")
    nothing = refine(Options(root=site, crew="inline", time_box_s=0.0))
    assert (nothing.usual, nothing.tried, nothing.left) == (0, 0, boxed.fast)
    done = refine(Options(root=site, crew="inline"))
    assert done.usual == boxed.fast and done.tried == len(records(site, "refined")) > 3 and done.left == 0
    assert tree(site / "dist") == shown, "nothing is published"
    last = run_build(site)
    assert (last.made.rendition, last.fast, last.improvable) == (0, 0, 0)
    assert efforts(site).get("slow", 0) == done.swaps and "fast" not in efforts(site)
    refine(Options(root=usual, crew="inline"))
    run_build(usual)
    assert tree(site / "dist") == tree(usual / "dist")


def test_refining_makes_no_file_that_nobody_shows_yet(site: Path) -> None:
    generate(Options(root=site, crew="inline"), ("quay", "boat"), today=TODAY)
    done = refine(Options(root=site, crew="inline"))
    assert (done.usual, done.tried, done.left) == (0, 0, 0) and records(site, "encode") == {}


def test_a_box_of_refining_ends_between_files(site: Path) -> None:
    boxed = run_build(site, time_box_s=0.0)
    done = refine(Options(root=site, workers=1, time_box_s=2.0))
    assert done.usual + done.left >= boxed.fast
    assert refine(Options(root=site, crew="inline")).usual == boxed.fast - done.usual


def test_a_frozen_build_shows_no_fast_file(site: Path) -> None:
    run_build(site, time_box_s=0.0)
    frozen = run_build(site, frozen=True, time_box_s=0.0)
    assert frozen.fast == 0 and set(efforts(site)) == {"final"}


def test_frozen_and_a_time_box_exclude_each_other(site: Path) -> None:
    done = CliRunner().invoke(build_command, ["--root", str(site), "--frozen", "--time-box", "60s"])
    assert done.exit_code == 2 and "--frozen and --time-box exclude each other" in done.output


@pytest.mark.parametrize("text", ["soon", "-1s", "60 apples", ""])
def test_a_time_box_is_a_time(site: Path, text: str) -> None:
    done = CliRunner().invoke(build_command, ["--root", str(site), f"--time-box={text}"])
    assert done.exit_code == 2 and "expected --time-box as a time like 60s or 5m" in done.output


def test_a_box_that_is_over_refines_nothing(site: Path) -> None:
    run_build(site)
    done = refine(Options(root=site, crew="inline", time_box_s=0.0))
    assert (done.tried, done.swaps) == (0, 0) and done.left > 3


def test_after_a_kill_the_store_is_whole_and_the_rest_is_done(site: Path) -> None:
    run_build(site)
    command = [sys.executable, "-m", "aibild_build", "refine", "--root", str(site), "-q"]
    run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, start_new_session=True)
    deadline = time.monotonic() + 30
    while not records(site, "refined") and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = records(site, "refined")
    refine(Options(root=site, crew="inline"))
    after = records(site, "refined")
    assert before and {key: after[key] for key in before} == before
    assert run_build(site).made.rendition == 0
    assert efforts(site).get("slow", 0) == sum(bool(one["worth"]) for one in after.values())
