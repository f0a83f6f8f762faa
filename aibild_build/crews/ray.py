"""The crew on a Ray cluster: long-lived workers on its nodes, each with a GPU or a processor of its own (extra `ray`).

A lane hires a worker while jobs wait and nobody is on the way for them: a thread asks the cluster for an actor, waits until some
node has room for it, and from then on pulls one job after the other. So an actor that has no room yet holds no job, a node that
joins late is put to work, and one that dies or is cut off loses only what it had in hand, which another does again, at most
`TRIES` times. Nodes need aibild in the same version; jobs carry digests, bytes go through the store. Needs a token.
Carries no news: a picture is told of when it is done. Knows no store and no other crew.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from .. import __version__
from ..errors import AibildError
from . import answer

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 5
_AT_ONCE = 8  # workers asked for at the same time at first; later as many as there are, so that a lane doubles at most
_IDLE_S = 60.0  # a worker without a job leaves, so that a cluster that scales can let its node go
_GPU, _CPU = {"num_gpus": 1, "num_cpus": 0}, {"num_cpus": 1}

_log = logging.getLogger(__name__)


class Worker:
    """What runs on a node, as an actor."""

    def version(self) -> str:
        return __version__

    def run(self, job: bytes) -> bytes:
        return answer(job)


@dataclass(slots=True)
class _Job:
    future: Future[Any]
    asked: bytes
    tries: int = 0


class RayLane(Executor):
    """An executor of as many workers as the cluster has room for, `most` at most (0: no limit), each holding what `needs` says.

    A future fails with the job's own exception, a note on it telling where in the worker it came from; or with AibildError when
    its worker died `TRIES` times, or when no worker can start.
    """

    def __init__(self, cluster: Cluster, needs: Mapping[str, float], most: int = 0) -> None:
        self._cluster, self._needs, self._most = cluster, needs, most
        self._turn = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._hired: set[Any] = set()  # asked for, and no node has room yet
        self._working = 0
        self._stillborn = 0  # workers in a row that died before they were ready
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`. The first one joins the cluster: raises AibildError when that fails."""
        future: Future[T] = Future()
        with self._turn:
            if self._closed:
                raise RuntimeError("the lane is closed")
            try:
                job = _Job(future, pickle.dumps((fn, args, kwargs)))
            except Exception as error:
                future.set_exception(error)
                return future
            self._cluster.join(self._needs)
            self._jobs.append(job)
            self._hire()
            self._turn.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._turn:
            self._closed = True
            if cancel_futures:
                for job in self._jobs:
                    job.future.cancel()
                self._jobs.clear()
            self._dismiss()
            self._turn.notify_all()
            while wait and (self._jobs or self._working):  # not for those who wait for a place: a lost node may hold on to them
                self._turn.wait()

    def _hire(self) -> None:
        """In its turn: ask for workers while there are jobs that none is on the way for."""
        most = max(_AT_ONCE, self._working)
        if self._most:
            most = min(most, self._most - self._working)
        for _ in range(min(len(self._jobs), most) - len(self._hired)):
            worker = self._cluster.hire(self._needs)
            self._hired.add(worker)
            threading.Thread(target=self._employ, args=(worker,), name="crew", daemon=True).start()

    def _dismiss(self) -> None:
        """In its turn: nobody waits for a place on a closed lane without jobs."""
        if self._closed and not self._jobs:
            for worker in self._hired:
                self._cluster.dismiss(worker)

    def _employ(self, worker: Any) -> None:
        """The life of a worker, seen from here."""
        started = False
        try:
            started = self._started(worker)
            while started and (job := self._next()) is not None:
                if not self._ask(worker, job):
                    break
        finally:
            self._cluster.dismiss(worker)
            with self._turn:
                self._hired.discard(worker)
                self._working -= started
                try:
                    self._hire()
                except Exception as error:  # the head is gone
                    self._give_up(_first_line(error))
                self._dismiss()
                self._turn.notify_all()

    def _started(self, worker: Any) -> bool:
        """Wait until a node had room for it, for days if need be; False when it will never work."""
        version, trouble = self._cluster.call(worker.version)
        with self._turn:
            self._hired.discard(worker)
            if version == __version__:
                self._working += 1
                self._stillborn = 0
                self._hire()
                return True
            self._stillborn += 1
            if version is not None:
                trouble = f"a node has aibild {version}, and here is {__version__}"
            if not self._closed and not self._working and (version is not None or self._stillborn >= TRIES):
                self._give_up(trouble)
            return False

    def _give_up(self, trouble: str) -> None:
        """In its turn: what waits fails."""
        error = AibildError(
            f"no worker of the Ray cluster can start: {trouble}",
            hint="every node needs aibild in the version that is here, with the extras that the site uses",
        )
        while self._jobs:
            job = self._jobs.popleft()
            if job.tries or job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)

    def _next(self) -> _Job | None:
        """The next job that nobody called off; None when there is none for a while, and none to come."""
        with self._turn:
            while True:
                while self._jobs:
                    job = self._jobs.popleft()
                    if job.tries or job.future.set_running_or_notify_cancel():
                        return job
                if self._closed or not self._turn.wait(_IDLE_S):
                    return None

    def _ask(self, worker: Any, job: _Job) -> bool:
        """Have one job done. False when the worker is lost: the job is put back, or given up."""
        answered, trouble = self._cluster.call(worker.run, job.asked)
        if answered is not None:
            fine, value = pickle.loads(answered)
            if fine:
                job.future.set_result(value)
            else:
                job.future.set_exception(value)
            return True
        job.tries += 1
        if job.tries < TRIES:
            with self._turn:
                self._jobs.appendleft(job)
                self._turn.notify()
        else:
            job.future.set_exception(
                AibildError(
                    f"{TRIES} workers of the Ray cluster died under the same job, the last one so: {trouble}",
                    hint="it may have run out of memory: `ray status` and the logs of the node tell",
                )
            )
        return False


class Ray:
    """Both lanes on one cluster: a GPU for each worker of one, a processor for each of the other, `workers` of these at most."""

    def __init__(self, workers: int = 0) -> None:
        self._cluster = Cluster()
        self.gpu = RayLane(self._cluster, _GPU)
        self.cpu = RayLane(self._cluster, _CPU, workers)

    def close(self) -> None:
        for lane in (self.gpu, self.cpu):
            lane.shutdown(cancel_futures=True)
        self._cluster.leave()


class Cluster:
    """The one door to Ray. The cluster is the one that RAY_ADDRESS names, else this machine's, else one that is started here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ray: Any = None
        self._ours = False

    def join(self, needs: Mapping[str, float]) -> None:
        """Raises AibildError when the cluster is not there, does not let us in, or would let anybody in."""
        with self._lock:
            if self._ray is not None:
                return
            if os.environ.setdefault("RAY_AUTH_MODE", "token") != "token":
                raise AibildError(
                    f"expected RAY_AUTH_MODE=token, got `{os.environ['RAY_AUTH_MODE']}`",
                    hint="whoever reaches a cluster without tokens can run code on it: give all nodes the same RAY_AUTH_TOKEN",
                )
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # else a late question joins the cluster anew
            import ray

            if not ray.is_initialized():
                try:
                    ray.init(log_to_driver=False, configure_logging=False, include_dashboard=False)
                except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
                    place = os.environ.get("RAY_ADDRESS", "this machine")
                    raise AibildError(
                        f"the Ray cluster at {place} cannot be joined: {_first_line(error)}",
                        hint="RAY_ADDRESS names its head, as host:6379; RAY_AUTH_TOKEN must be the same on all nodes",
                    ) from error
                self._ours = True
                _keep_stdout()
            self._ray = ray
            if "num_gpus" in needs and not ray.cluster_resources().get("GPU"):
                _log.warning("no node of the Ray cluster has a GPU: pictures wait until one joins")

    def leave(self) -> None:
        with self._lock:
            ray, ours = self._ray, self._ours
            self._ray, self._ours = None, False  # first: who still waits for a place must not meet Ray once it has ended
            if ours:
                ray.shutdown()

    def hire(self, needs: Mapping[str, float]) -> Any:
        """An actor that holds these resources as soon as a node has them; asking does not wait."""
        return self._ray.remote(Worker).options(**needs).remote()

    def call(self, method: Any, *arguments: Any) -> tuple[Any, str]:
        """What a method of an actor gives, or None and what became of the actor."""
        try:
            return self._ray.get(method.remote(*arguments)), ""
        except (Exception, SystemExit) as error:
            # A worker's own failures come as answers: this is about the actor, its node or the cluster. Whoever still waits when
            # Ray ends is told so by SystemExit.
            return None, _first_line(error)

    def dismiss(self, worker: Any) -> None:
        """End a worker, wherever it is."""
        with suppress(Exception):  # it may be gone, and so may the cluster
            self._ray.kill(worker)


def _keep_stdout() -> None:
    """Ray prints its news of dead workers to stdout, which is data here, and has no setting for that: they go to the log."""
    from ray._private import worker

    worker.print_to_stdstream = lambda told, **_: _log.info("event=ray %s", " ".join(told["lines"]))


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
