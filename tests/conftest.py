"""What all tests share: the place of the checkout, models that are slow to write, and a cluster that is slow to start."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import buckets
from tests.support import google as google_server
from tests.support.buckets import Server
from tests.support.ray_cluster import RayCluster
from tests.support.ray_cluster import ray_cluster as start_ray_cluster


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny SDXL models of every kind, written once a run; skips where the extra `sdxl` is not installed."""
    from aibild_build import tensors

    for name in ("torch", "diffusers", "transformers", "peft", "compel", "open_clip"):
        if find_spec(name) is None:
            pytest.skip(f"needs {name}: pip install 'aibild[sdxl]' open_clip_torch")
    with warnings.catch_warnings(action="ignore"):
        # Two threads add up in another order than one, and the last bits follow: one here, and in the processes that we start.
        tensors.torch().set_num_threads(1)
        os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
        from tests.support.tiny_sdxl import write_models

        return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An S3 server that keeps conditions, with a reader who may not write."""
    with buckets.seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An S3 server that ignores conditions."""
    with buckets.rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def google() -> Iterator[Server]:
    """Google's documented answers, by a server of our own."""
    with google_server.google() as server:
        yield server


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Azure's emulator."""
    with buckets.azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """The one Ray cluster of a run, at whose head drivers of this process and of others find themselves."""
    with start_ray_cluster() as cluster:
        yield cluster
