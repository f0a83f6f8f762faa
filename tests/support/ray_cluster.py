"""A Ray cluster on loopback: a head with one processor and one GPU (or so it says), and nodes that join and are killed.

Each node is `ray start --block`, with its processes in a session of their own, so that its end is the end of all of them.
Nodes are told apart by addresses of the loopback range. Everything is behind a token that only this run knows.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

import pytest

from tests.support.judges import absent

_START_S = 120  # seconds on an idle machine, far more on a busy one


class RayCluster:
    """A running head; `environment` is what a driver needs to join."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._nodes = folder, list[subprocess.Popen[bytes]]()
        with socket.socket() as free:
            free.bind(("127.0.0.2", 0))
            self._port = free.getsockname()[1]
        self.environment: Mapping[str, str] = {
            "RAY_ADDRESS": f"127.0.0.2:{self._port}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": token_hex(16),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        head = ("--head", f"--port={self._port}", "--include-dashboard=false", f"--temp-dir={folder}/ray")
        self._start(*head, "--node-ip-address=127.0.0.2", "--num-cpus=1", "--num-gpus=1")

    def join(self, *, cpus: int, gpus: int) -> subprocess.Popen[bytes]:
        """Start another node. What comes is its first process; `kill` ends it."""
        place = f"--node-ip-address=127.0.0.{2 + len(self._nodes)}"
        return self._start(f"--address=127.0.0.2:{self._port}", place, f"--num-cpus={cpus}", f"--num-gpus={gpus}")

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """End all processes of a node at once, as a machine does that loses its power."""
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()

    def end(self) -> None:
        for node in reversed(self._nodes):
            if node.poll() is None:
                self.kill(node)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{len(self._nodes)}.log"
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments, "--block", "--disable-usage-stats"]
        with log.open("wb") as out:
            node = subprocess.Popen(
                [*command, "--object-store-memory=80000000"],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._nodes.append(node)
        until = time.monotonic() + _START_S
        while b"Ray runtime started" not in log.read_bytes():
            if node.poll() is not None or time.monotonic() > until:
                self.end()
                raise RuntimeError(f"a Ray node did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        return node


@contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """The cluster while the block runs; skips where Ray is not installed."""
    if find_spec("ray") is None:
        absent("Ray is not installed (pip install 'aibild[ray]')")
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets lie in it, and their paths must be short
    try:
        cluster = RayCluster(folder)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in cluster.environment.items():
                patch.setenv(name, value)
            try:
                yield cluster
            finally:
                cluster.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
