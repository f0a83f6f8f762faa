"""The Ray crew on a real cluster: workers and nodes that die, nodes that come late, doors without a key."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aibild_build.crews.ray import TRIES, Ray
from aibild_build.errors import AibildError
from tests.support.ray_cluster import RayCluster
from tests.unit.crews import jobs


@pytest.fixture(scope="module")
def crew(ray_cluster: RayCluster) -> Iterator[Ray]:
    crew = Ray(0)
    yield crew
    crew.close()


def test_a_job_is_run_again_when_its_worker_is_killed(crew: Ray, tmp_path: Path) -> None:
    assert crew.cpu.submit(jobs.die_until, tmp_path, 2).result() == 3


def test_a_job_that_kills_every_worker_is_given_up_and_harms_no_other(
    crew: Ray, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    guilty = crew.cpu.submit(jobs.die_until, tmp_path, 99)
    others = [crew.cpu.submit(jobs.double, number) for number in range(20)]
    with pytest.raises(AibildError, match=f"{TRIES} workers .* died under the same job"):
        guilty.result()
    assert [other.result() for other in others] == list(range(0, 40, 2))
    assert len(list(tmp_path.iterdir())) == TRIES
    time.sleep(0.5)
    assert capfd.readouterr().out == "", "stdout is data, and what Ray has to say of the dead is none"


def test_a_jobs_own_failure_is_told_and_not_tried_again(crew: Ray) -> None:
    error = crew.cpu.submit(jobs.fail, "no such file").exception()
    assert isinstance(error, ValueError)
    assert "in fail" in error.__notes__[0]
    with pytest.raises(AibildError, match="TemplateError: no such filter"):
        crew.cpu.submit(jobs.fail_oddly).result()
    assert crew.cpu.submit(lambda: None).exception() is not None


def test_a_late_node_is_put_to_work_and_its_death_costs_nothing(crew: Ray, ray_cluster: RayCluster, tmp_path: Path) -> None:
    """One device at first: four jobs wait for a mark, one begins. A second node begins another; then it dies with it in hand."""
    mark = tmp_path / "mark"
    futures = [crew.gpu.submit(jobs.wait_for, mark) for _ in range(4)]
    assert _soon(lambda: len(_begun(mark)) == 1, 60)
    time.sleep(0.5)
    assert len(_begun(mark)) == 1, "one device, one job: the others wait here, and not at a worker"
    node = ray_cluster.join(cpus=0, gpus=1)
    assert _soon(lambda: len(_begun(mark)) == 2, 60), "a node that comes late is put to work"
    begun = set(_begun(mark))
    ray_cluster.kill(node)
    assert _soon(lambda: any(not Path(f"/proc/{name.rpartition('-')[2]}").exists() for name in begun), 60)
    mark.touch()
    numbers = [future.result(timeout=120) for future in futures]
    assert len(numbers) == 4
    assert len(begun & {f"{mark.name}-{number}" for number in numbers}) == 1, "what the dead node had in hand was done elsewhere"


def test_a_driver_without_the_token_is_refused(ray_cluster: RayCluster) -> None:
    script = "from aibild_build.crews.ray import Ray; from tests.unit.crews import jobs; Ray().cpu.submit(jobs.double, 1)"
    env = {**os.environ, "RAY_AUTH_TOKEN": "0" * 32, "RAY_NUM_REDIS_GET_RETRIES": "2"}
    ran = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1 and ran.stdout == ""
    assert f"the Ray cluster at {ray_cluster.environment['RAY_ADDRESS']} cannot be joined" in ran.stderr


def test_a_cluster_open_to_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(AibildError, match="expected RAY_AUTH_MODE=token, got `disabled`"):
        Ray().cpu.submit(jobs.double, 1)


def _begun(mark: Path) -> list[str]:
    return [path.name for path in mark.parent.iterdir() if path != mark]


def _soon(question: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.05)
    return False
