"""What starts fast stays fast: which heavy libraries a command loads is counted in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
HEAVY = (
    "PIL",
    "numpy",
    "lxml",
    "jinja2",
    "torch",
    "imagehash",
    "pytesseract",
    "c2pa",
    "pygments",
    "scipy",
    "werkzeug",
    "watchdog",
)
_PROBE = """
import json, runpy, sys
sys.argv = ["aibild", *json.loads(sys.argv[1])]
try:
    runpy.run_module("aibild_build", run_name="__main__", alter_sys=False)
except SystemExit as end:
    code = end.code
print("\\n" + json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules}), "aibild_build.plan" in sys.modules]))
"""


def loaded(arguments: Sequence[str], folder: Path) -> set[str]:
    """The heavy libraries that a command has loaded when it ends well, and whether our own plan was among it."""
    run = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps(arguments)], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert run.returncode == 0, run.stderr
    code, modules, planned = json.loads(run.stdout.splitlines()[-1])
    assert code in (None, 0), run.stderr
    return {*(set(HEAVY) & set(modules)), *(["plan"] if planned else [])}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, built once."""
    root = tmp_path_factory.mktemp("starter") / "site"
    for arguments in (["init", str(root)], ["build", "--root", str(root), "-q"]):
        run = subprocess.run(
            [sys.executable, "-m", "aibild_build", *arguments], cwd=root.parent, capture_output=True, text=True, env=ENVIRONMENT
        )
        assert run.returncode == 0, run.stderr
    return root


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["build", "--help"]], ids=" ".join)
def test_talking_loads_nothing(arguments: list[str], tmp_path: Path) -> None:
    assert loaded(arguments, tmp_path) == set()


@pytest.mark.parametrize("command", ["build", "plan"])
def test_nothing_to_make_loads_nothing(project: Path, command: str) -> None:
    assert loaded([command], project) <= {"plan"}


def test_an_edited_text_loads_no_plan(project: Path) -> None:
    loaded(["build", "--no-check"], project)
    text = project / "site/index.md"
    text.write_text(text.read_text("utf-8") + "\nAnd a sentence more.\n", "utf-8")
    assert loaded(["build", "--no-check"], project) == {"jinja2", "pygments"}


def test_the_probe_sees_a_library(tmp_path: Path) -> None:
    probe = _PROBE.replace(
        'runpy.run_module("aibild_build", run_name="__main__", alter_sys=False)', "import lxml.etree; sys.exit(0)"
    )
    run = subprocess.run([sys.executable, "-c", probe, "[]"], cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    assert "lxml" in json.loads(run.stdout.splitlines()[-1])[1]
