"""Long trials of deploys against SeaweedFS: kills at random requests and instants, cuts in the middle of bodies, rivals.

`python -m scripts.slow.deploy [ROUNDS]` prints one line a trial: how often it hit, how many broken references readers could have
met (must be 0), how often the rerun did not end exactly right (must be 0). Results are dated in docs/deploy-trials.md.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from aibild_build.config import TargetSettings
from aibild_build.deploy import BuiltSite, releases
from aibild_build.errors import AibildError
from aibild_build.targets import Target, load
from tests.support.buckets import Server, seaweed
from tests.support.faults import FaultyProxy, faulty
from tests.support.shipping import Ticks, broken_references, built_site, settings_for, ship, shown_files, site_files

PAGES = 40
LEASE_S = 1.0
SEED = 20261123


@dataclass(slots=True)
class Tally:
    """What a trial came to."""

    rounds: int = 0
    hits: int = 0
    mixed: int = 0
    broken: int = 0
    wrong: int = 0

    def line(self, name: str) -> str:
        return (
            f"{name}: {self.rounds} rounds, {self.hits} hits, {self.mixed} with pages of two releases, "
            f"{self.broken} broken references, {self.wrong} reruns that ended wrong"
        )


@dataclass(slots=True)
class Place:
    """An origin, directly and through the proxy that does harm."""

    server: Server
    proxy: FaultyProxy
    settings: TargetSettings
    target: Target
    through: TargetSettings
    ticks: Ticks
    folder: Path

    def site(self, edition: str) -> tuple[BuiltSite, dict[str, bytes]]:
        files = site_files(PAGES, edition)
        return built_site(self.folder / "dist", files), files

    def slow_target(self) -> Target:
        target = load(self.through, Path(), self.server.environ)
        assert isinstance(target, Target)
        return target

    def judge(self, tally: Tally, site: BuiltSite, files: dict[str, bytes]) -> None:
        """What readers could meet now, and whether a rerun ends exactly right."""
        shown = shown_files(self.target.bucket)
        tally.broken += len(broken_references(shown))
        pages = [path for path in files if path.endswith(".html")]
        tally.mixed += 0 < sum(shown.get(path) == files[path] for path in pages) < len(pages)
        self.proxy.plan()
        ship(site, self.settings, self.target, self.ticks, wait_s=60, lease_s=LEASE_S)
        shown = shown_files(self.target.bucket)
        tally.wrong += not shown.items() >= files.items() or bool(broken_references(shown))


@contextmanager
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name, seaweed(Path(name)) as server, faulty(server.endpoint) as proxy:
        settings = settings_for("bucket", server.address("cdn", uuid4().hex))
        target = load(settings, Path(), server.environ)
        assert isinstance(target, Target)
        through = settings_for("bucket", settings.address.replace(server.endpoint, proxy.url))
        one = Place(server, proxy, settings, target, through, Ticks(), Path(name))
        ship(one.site("first")[0], settings, target, one.ticks)
        yield one


def kills_at_requests(at: Place, rounds: int, chance: random.Random) -> Tally:
    """SIGKILL as a chosen request arrives."""
    tally = Tally()
    for number in range(rounds):
        site, files = at.site(f"request {number}")
        running: list[subprocess.Popen[bytes]] = []

        def kill(running: list[subprocess.Popen[bytes]] = running) -> None:
            os.kill(running[0].pid, signal.SIGKILL)

        at.proxy.plan("", at=chance.randrange(1, 4 * PAGES), call=kill)
        running.append(deploying(at, f"request-{number}"))
        running[0].wait(300)
        _count(tally, at, running[0], site, files)
    return tally


def kills_at_instants(at: Place, rounds: int, chance: random.Random) -> Tally:
    """SIGKILL at a moment between the start of a deploy and its likely end."""
    tally = Tally()
    for number in range(rounds):
        site, files = at.site(f"instant {number}")
        at.proxy.plan()
        process = deploying(at, f"instant-{number}")
        try:
            process.wait(chance.uniform(0.3, 3.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _count(tally, at, process, site, files)
    return tally


def cuts(at: Place, rounds: int, chance: random.Random) -> Tally:
    """The network goes in the middle of a body, and stays away."""
    tally = Tally()
    for number in range(rounds):
        site, files = at.site(f"cut {number}")
        at.proxy.plan("cut", at=chance.randrange(1, 4 * PAGES))
        try:
            ship(site, at.through, at.slow_target(), at.ticks, lease_s=LEASE_S)
        except AibildError:
            tally.hits += 1
        tally.rounds += 1
        at.judge(tally, site, files)
    return tally


def rivals(at: Place, rounds: int, chance: random.Random) -> Tally:
    """Two deploys at once: the release that is written down is the one whose pages are shown."""
    tally = Tally()
    for number in range(rounds):
        editions = {name: site_files(PAGES, f"{name} {number}") for name in ("left", "right")}
        sites = {name: built_site(at.folder / name, files) for name, files in editions.items()}
        done: dict[str, str] = {}

        def run(name: str, sites: dict[str, BuiltSite] = sites, done: dict[str, str] = done) -> None:
            time.sleep(chance.uniform(0, 0.3))
            target = load(at.settings, Path(), at.server.environ)
            assert isinstance(target, Target)
            try:
                done[name] = ship(sites[name], at.settings, target, Ticks(count=chance.randrange(10**6))).release
            except AibildError:
                done[name] = ""

        threads = [threading.Thread(target=run, args=(name,)) for name in editions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shown, current = shown_files(at.target.bucket), releases(at.target)[0].id
        tally.rounds += 1
        tally.hits += "" in done.values()
        tally.broken += len(broken_references(shown))
        winner = next((name for name, release in done.items() if release == current), "")
        tally.wrong += not winner or not shown.items() >= editions[winner].items()
    return tally


def deploying(at: Place, edition: str) -> subprocess.Popen[bytes]:
    checkout = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.deploying", str(at.folder / "dist"), at.through.address, edition],
        cwd=checkout,
        env={**os.environ, **at.server.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _count(tally: Tally, at: Place, process: subprocess.Popen[bytes], site: BuiltSite, files: dict[str, bytes]) -> None:
    tally.rounds += 1
    tally.hits += process.returncode == -signal.SIGKILL
    time.sleep(0.3)  # what was on its way arrives
    at.judge(tally, site, files)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    trials: tuple[Callable[[Place, int, random.Random], Tally], ...] = (kills_at_requests, kills_at_instants, cuts, rivals)
    bad = 0
    with place() as at:
        for trial in trials:
            tally = trial(at, rounds, random.Random(SEED))
            print(tally.line(trial.__name__), flush=True)
            bad += tally.broken + tally.wrong
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
