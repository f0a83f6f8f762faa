"""Every crew answers the same questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from importlib.util import find_spec
from typing import Any

import pytest

from aibild_build import crews
from aibild_build.errors import AibildError
from tests.unit.crews import jobs


@pytest.fixture(params=["inline", "local", "ray", "tests.unit.crews.jobs:threads"], scope="module")
def crew(request: pytest.FixtureRequest) -> Iterator[crews.Crew]:
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    crew = crews.load(request.param, workers=2)
    yield crew
    crew.close()
    crew.close()


def test_runs_jobs_on_both_lanes(crew: crews.Crew) -> None:
    assert crew.cpu.submit(jobs.double, 4, plus=1).result() == 9
    assert crew.gpu.submit(jobs.double, 4).result() == 8


def test_map_keeps_the_order(crew: crews.Crew) -> None:
    assert list(crew.cpu.map(jobs.double, range(20))) == list(range(0, 40, 2))


def test_a_failing_job_fails_alone(crew: crews.Crew) -> None:
    asked: list[tuple[Callable[..., Any], object]] = [(jobs.double, 1), (jobs.fail, "no such file"), (jobs.double, 2)]
    futures = [crew.cpu.submit(job, argument) for job, argument in asked]
    wait(futures)
    assert [future.exception() is None for future in futures] == [True, False, True]
    with pytest.raises(ValueError, match="no such file"):
        futures[1].result()


def test_news_of_a_job_reach_who_listens(crew: crews.Crew) -> None:
    heard: list[object] = []
    if not isinstance(crew, crews.Telling):
        pytest.skip("carries no news")
    crew.listen(heard.append)
    assert [crew.cpu.submit(jobs.tell_and_double, number).result() for number in (1, 2)] == [2, 4]
    assert heard == [{"number": 1}, {"number": 2}]
    assert jobs.tell_and_double(3) == 6, "outside of a crew nobody listens"
    assert len(heard) == 2


def test_a_closed_lane_takes_no_job() -> None:
    for name in (*crews.names(), "tests.unit.crews.jobs:threads"):
        if name == "ray" and find_spec("ray") is None:
            continue
        crew = crews.load(name)
        crew.close()
        with pytest.raises(RuntimeError):
            crew.cpu.submit(jobs.double, 1)


def test_an_unknown_crew_is_named() -> None:
    with pytest.raises(AibildError, match="there is no crew `slurm`") as caught:
        crews.load("slurm")
    assert caught.value.hint == "known crews: inline, local, ray, or `module:factory`"


def test_a_negative_number_of_workers_is_refused() -> None:
    with pytest.raises(AibildError, match="got -1"):
        crews.load("local", workers=-1)


def test_a_foreign_crew_may_have_an_executor_for_each_lane() -> None:
    crew = crews.load("tests.unit.crews.jobs:two_executors")
    assert crew.gpu.submit(jobs.thread_name).result().startswith("gpu")
    assert crew.cpu.submit(jobs.thread_name).result().startswith("cpu")
    crew.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no.such.module:factory", "No module named 'no'"),
        ("tests.unit.crews.jobs:nothing", "has no attribute 'nothing'"),
        (":factory", "Empty module name"),
        ("tests.unit.crews.jobs:no_executor", "got int"),
    ],
)
def test_a_foreign_crew_that_is_none_is_refused(name: str, message: str) -> None:
    with pytest.raises(AibildError, match=message) as caught:
        crews.load(name)
    assert caught.value.message.startswith(f"crew `{name}`") and caught.value.hint
