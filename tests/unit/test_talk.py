"""What a log hears of long work."""

from __future__ import annotations

import pytest

from aibild_build.cli.talk import Lines
from aibild_build.model import RenditionReason, Work

FILE = Work(kind="rendition", key="k", subject="quay-640.avif", reason=RenditionReason.NEW)


def test_a_log_hears_every_ten_seconds_how_far_the_work_is(capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    lines = Lines(False, lambda: clock[0])
    lines.begin("rendition", 100, None)
    for second in range(1, 26):
        clock[0] = float(second)
        lines.did(FILE, 1.0, 4)
    lines.end()
    assert capsys.readouterr().err.splitlines() == [
        "files: 100 to make",
        "files: 40/100, about 15 s left",
        "files: 80/100, about 5.0 s left",
    ]


def test_work_of_a_moment_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(False, lambda: 0.0)
    lines.begin("rendition", 2, None)
    lines.did(FILE, 0.0, 1)
    lines.did(FILE, 0.0, 1)
    lines.end()
    assert capsys.readouterr().err == "files: 2 to make\n"


def test_what_was_left_undone_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(False, lambda: 0.0)
    lines.begin("rendition", 2, None)
    lines.did(FILE, 0.0, 1)
    lines.end()
    assert capsys.readouterr().err.splitlines()[-1] == "files: 1 of 2 done"
