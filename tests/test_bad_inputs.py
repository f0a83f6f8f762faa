"""Bad inputs, one by one: exit code and the first line that the user sees. The table is in `tests/support/bad_inputs.py`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aibild_build import plan
from aibild_build.build import Options, build
from aibild_build.build.pages import PAGE_LIMIT_S, render_pages
from aibild_build.build.talk import Silent
from aibild_build.cli.shared import errors, print_findings
from aibild_build.model import Level, PageReason, Work
from aibild_build.plan.pages import WantedPage
from aibild_build.plan.reading import open_project
from aibild_build.reports.text import worst
from tests.support import bad_inputs
from tests.support.bad_inputs import KINDS, Bad, prepare, rows
from tests.support.bad_keys_make import put_key
from tests.support.project import TODAY, run_build, write_project
from tests.test_docs import keys

CHECKOUT = Path(__file__).parents[1]
LIMIT_S = 60
MEMORY_BYTES = 3 * 1024**3
_ROWS = {bad.put: bad for bad in rows()}
_KEYS = {f"{kind}: {written}": (kind, written, line) for kind, (_, table) in KINDS.items() for written, line in table.items()}
Seen = tuple[int, str]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is built: its store has all pictures, so that a row makes only what it adds."""
    root = write_project(tmp_path_factory.mktemp("warm"))
    run_build(root)
    return root


@pytest.fixture(scope="module")
def processes(warm: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Seen]]:
    """Every row that wants a process of its own, two at a time."""
    pool = ThreadPoolExecutor(2)
    folder = tmp_path_factory.mktemp("processes")
    work = {bad.put: (bad, folder / str(index) / "site") for index, bad in enumerate(_ROWS.values()) if bad.process}
    running = {put: pool.submit(_in_process, bad, root, warm) for put, (bad, root) in work.items()}
    pool.shutdown(wait=False)
    return running


def _fresh(root: Path, warm: Path) -> Path:
    write_project(root)
    shutil.copy(warm / "aibild.lock", root)
    return root


def _in_process(bad: Bad, root: Path, warm: Path) -> Seen:
    prepare(_fresh(root, warm), bad)
    arguments = [argument.format(root=root) for argument in bad.arguments]
    store = [] if "--store" in arguments else ["--store", str(warm / ".aibild/store")]
    env = {name: value for name, value in os.environ.items() if name not in ("GITHUB_ACTIONS", "CI")}
    run = subprocess.run(
        [sys.executable, "-m", "aibild_build", *bad.command.split(), "-q", *store, *arguments],
        cwd=root,
        env={**env, "PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=LIMIT_S,
        preexec_fn=_little_memory,
    )
    return run.returncode, _seen(run.stderr.decode(), root)


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _seen(stderr: str, root: Path) -> str:
    """The first line, free of the folder in which the test runs."""
    assert "Traceback" not in stderr, stderr
    return stderr.partition("\n")[0].replace(str(root), "{root}")


def _here(root: Path, run: Callable[[], None]) -> Seen:
    """What a command that does `run` would end with and say."""
    done = CliRunner().invoke(click.Command("build", callback=run), catch_exceptions=False)
    return done.exit_code, _seen(done.stderr, root)


def _build(root: Path, warm: Path) -> None:
    with errors(False):
        report = build(Options(root=root, store=warm / ".aibild/store", crew="inline"), today=TODAY)
        print_findings(report.findings, quiet=True)
        sys.exit(1 if worst(report.findings) is Level.ERROR else 0)


def _render(root: Path, limit_s: float) -> None:
    """One page without pictures, in less time than a page has."""
    with errors(False):
        project = open_project(root)
        page = next(page for page in project.site.pages if page.id == "tides" and page.lang == "en")
        want = WantedPage(page=page, work=Work(kind="page", key="", subject="", reason=PageReason.NEW), record=None)
        render_pages((want,), plan.renderer_for(project, {}), root / "staging", Silent(), limit_s=limit_s)


@pytest.mark.parametrize("put", _ROWS)
def test_bad_input(put: str, tmp_path: Path, warm: Path, processes: dict[str, Future[Seen]]) -> None:
    bad = _ROWS[put]
    if bad.process:
        seen = processes[put].result(2 * LIMIT_S)
    else:
        assert not bad.arguments
        root = _fresh(tmp_path / "site", warm)
        prepare(root, bad)
        if bad.limit_s:
            seen = _here(root, partial(_render, root, bad.limit_s))
            seen = (seen[0], seen[1].replace(f"{bad.limit_s:g} s", f"{PAGE_LIMIT_S:g} s"))
        else:
            seen = _here(root, partial(_build, root, warm))
        if bad.look is not None:
            bad.look(root)
    assert seen == (bad.exit, bad.line)


@pytest.mark.parametrize("name", _KEYS)
def test_value_of_a_wrong_type(name: str, tmp_path: Path, warm: Path) -> None:
    kind, written, line = _KEYS[name]
    root = _fresh(tmp_path / "site", warm)
    put_key(root, kind, written)
    assert _here(root, partial(_build, root, warm)) == (2, line)


def test_every_key_was_tried() -> None:
    written = " ".join(key for _, table in KINDS.values() for key in table)
    untried = {
        key
        for key in keys("config", "brief", "pages")
        if not any(f"{before}{key}" in f" {written}" for before in (" ", "{", ".", "["))
    }
    assert untried == set()


def test_there_are_many_rows_and_many_run_as_processes() -> None:
    assert len(_ROWS) >= 70 and sum(bad.process for bad in _ROWS.values()) >= 50
    assert len(_ROWS) == sum(1 for _ in rows()), "each row has words of its own"


def test_the_document_shows_the_table() -> None:
    text = (CHECKOUT / "docs/bad-inputs.md").read_text("utf-8")
    assert text == bad_inputs.document(), "python -m tests.support.bad_inputs > docs/bad-inputs.md"


def test_an_unreadable_file_is_told(tmp_path: Path, warm: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is unreadable for root")
    root = _fresh(tmp_path / "site", warm)
    (root / "site/tides.md").chmod(0)
    line = "site/tides.md: error: expected a readable file, got: Permission denied [source-missing]"
    assert _here(root, partial(_build, root, warm)) == (2, line)


def test_a_name_that_is_no_text_is_valid_json(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    Path(os.fsdecode(os.fsencode(root) + b"/site/\xff.md")).write_text("x")
    run = subprocess.run(
        [sys.executable, "-m", "aibild_build", "build", "-q", "--json"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
        capture_output=True,
        timeout=LIMIT_S,
    )
    assert run.returncode == 2
    assert [one["path"] for one in json.loads(run.stdout)["findings"]] == ["site/\udcff.md"]
