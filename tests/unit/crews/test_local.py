"""The processes of the local crew: their number, their death, and what becomes of their jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aibild_build.crews.local import TRIES, Local, ProcessLane, processors
from aibild_build.errors import AibildError
from tests.unit.crews import jobs

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def lane() -> Iterator[ProcessLane]:
    with ProcessLane(2, threads=1) as lane:
        yield lane


def test_jobs_run_in_other_processes(lane: ProcessLane) -> None:
    numbers = {lane.submit(jobs.process_number).result() for _ in range(6)}
    assert os.getpid() not in numbers
    assert len(numbers) <= 2


def test_numeric_libraries_get_one_thread_in_the_cpu_lane(lane: ProcessLane) -> None:
    assert lane.submit(jobs.environment, "OMP_NUM_THREADS").result() == "1"


def test_a_job_is_run_again_when_its_worker_is_killed(lane: ProcessLane, tmp_path: Path) -> None:
    assert lane.submit(jobs.die_until, tmp_path, TRIES - 1).result() == TRIES


def test_a_job_that_kills_every_worker_is_given_up_and_harms_no_other(lane: ProcessLane, tmp_path: Path) -> None:
    guilty = lane.submit(jobs.die_until, tmp_path, 99)
    others = [lane.submit(jobs.double, number) for number in range(30)]
    with pytest.raises(AibildError, match=f"died {TRIES} times") as caught:
        guilty.result()
    assert "fewer workers" in caught.value.hint
    assert [other.result() for other in others] == list(range(0, 60, 2))
    assert len(list(tmp_path.iterdir())) == TRIES


def test_a_worker_killed_while_idle_is_replaced(lane: ProcessLane) -> None:
    os.kill(lane.submit(jobs.process_number).result(), signal.SIGKILL)
    assert list(lane.map(jobs.double, range(4))) == [0, 2, 4, 6]


def test_an_interrupt_is_left_to_the_parent(lane: ProcessLane) -> None:
    assert lane.submit(jobs.survive_interrupt).result() == "alive"


def test_a_jobs_exception_tells_where_it_came_from(lane: ProcessLane) -> None:
    error = lane.submit(jobs.fail, "no such file").exception()
    assert isinstance(error, ValueError)
    assert "in fail" in error.__notes__[0]


def test_what_cannot_be_pickled_becomes_a_plain_failure(lane: ProcessLane) -> None:
    with pytest.raises(AibildError, match="TemplateError: no such filter"):
        lane.submit(jobs.fail_oddly).result()
    assert lane.submit(jobs.unpicklable).exception() is not None
    assert lane.submit(lambda: None).exception() is not None
    assert isinstance(lane.submit(jobs.leave).exception(), SystemExit)
    assert lane.submit(jobs.double, 1).result() == 2


def test_what_a_job_prints_never_reach_stdout(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "from aibild_build.crews.local import Local\n"
        "from tests.unit.crews import jobs\n"
        "if __name__ == '__main__':\n"
        "    crew = Local(1)\n"
        "    crew.cpu.submit(jobs.write_lines).result()\n"
        "    print('data')\n"
        "    crew.close()\n"
    )
    ran = subprocess.run([sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, b"data\n")
    assert ran.stderr.splitlines() == [b"not data", b"not data either"]


def test_nothing_starts_before_the_first_job() -> None:
    before = threading.active_count()
    crew = Local(2)
    assert threading.active_count() == before
    crew.close()
    assert processors() >= 1


def test_close_drops_what_did_not_begin(tmp_path: Path) -> None:
    crew = Local(1)
    first = crew.cpu.submit(jobs.die_until, tmp_path, 0)
    later = [crew.cpu.submit(jobs.double, number) for number in range(5)]
    crew.close()
    assert first.cancelled() or first.result() == 1
    assert later[-1].cancelled()


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    mark = tmp_path / "worker"
    script = tmp_path / "main.py"
    script.write_text(
        "import pathlib\n"
        "from aibild_build.crews.local import Local\n"
        "from tests.unit.crews import jobs\n"
        "if __name__ == '__main__':\n"
        f"    Local(1).cpu.submit(jobs.report_and_sleep, pathlib.Path({str(mark)!r})).result()\n"
    )
    parent = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        assert _soon(mark.exists, 30)
    finally:
        parent.kill()
        parent.wait()
    worker = int(mark.read_text())
    assert _soon(lambda: not _alive(worker), 10)


def _soon(question: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.02)
    return False


def _alive(number: int) -> bool:
    """Whether the process runs; one that ended and that nobody has waited for yet does not."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
