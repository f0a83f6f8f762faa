"""One site, built by every crew: who works changes nothing of what comes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from aibild_build.build import Options, build
from aibild_build.build.share import build_share
from aibild_build.store import new_key
from tests.support.judges import absent
from tests.support.project import CONFIG, TODAY, run_build, tree, write_project
from tests.support.ray_cluster import RayCluster


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in this process."""
    root = write_project(tmp_path_factory.mktemp("alone"))
    run_build(root)
    return root


@pytest.fixture
def dask(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a factory that gives the executor of a Dask cluster of one process."""
    if find_spec("distributed") is None:
        absent("Dask's distributed is not installed (extra dev)")
    import distributed

    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        yield "tests.unit.crews.jobs:dask"
        distributed.default_client().close()


def built_by(root: Path, crew: str) -> tuple[dict[str, bytes], bytes]:
    """What the crew made of a fresh project: the output, and the lock."""
    report = build(Options(root=write_project(root), crew=crew), today=TODAY)
    assert report.made.picture == 2 and report.made.rendition > 20, "nothing was there before"
    return made_in(root)


def made_in(root: Path) -> tuple[dict[str, bytes], bytes]:
    return tree(root / "dist"), (root / "aibild.lock").read_bytes()


def test_a_ray_cluster_builds_the_same_site(alone: Path, ray_cluster: RayCluster, tmp_path: Path) -> None:
    assert built_by(tmp_path, "ray") == made_in(alone)


def test_shares_that_a_ray_cluster_carries_out_make_the_same_site(alone: Path, ray_cluster: RayCluster, tmp_path: Path) -> None:
    """A share says whose work it is, a crew who does it; the last run collects."""
    store = tmp_path / "store"
    for shard in ("1/2", "2/2"):
        root = write_project(tmp_path / shard[0])
        done = build_share(Options(root=root, store=store, crew="ray"), shard, today=TODAY)
        assert done.made.picture == 1 and done.made.rendition > 5
    last = write_project(tmp_path / "last")
    report = build(Options(root=last, store=store, crew="inline"), today=TODAY)
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert made_in(last) == made_in(alone)


def test_the_executor_of_dask_builds_the_same_site(alone: Path, dask: str, tmp_path: Path) -> None:
    assert built_by(tmp_path, dask) == made_in(alone)


def test_workers_elsewhere_meet_the_run_in_the_shared_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have nothing in common with it but a bucket; qualities, pictures and files are found there as they come."""
    pem, public = new_key()
    (tmp_path / "bucket").mkdir()
    monkeypatch.setenv("AIBILD_STORE_KEY", pem.decode())
    monkeypatch.setenv("FAR_STORE", str(tmp_path / "far"))
    config = CONFIG.replace("avif = 40", "target = 70")
    alone = write_project(tmp_path / "alone", {"aibild.toml": config})
    run_build(alone)
    shared = f'\n[store]\nremote = "file://{tmp_path}/bucket"\ntrusted = ["{public}"]\n'
    root = write_project(tmp_path / "here", {"aibild.toml": config + shared})
    report = build(Options(root=root, crew="tests.unit.crews.jobs:far"), today=TODAY)
    assert report.made.picture == 2 and report.made.rendition > 20
    assert tree(root / "dist") == tree(alone / "dist")
    again = build(Options(root=root, crew="tests.unit.crews.jobs:far", force=False), today=TODAY)
    assert (again.made.picture, again.made.rendition, again.made.page) == (0, 0, 0)
