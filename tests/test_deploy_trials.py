"""Deploys to real object storage, and what may happen to them: kills, cuts, lost answers, rivals, refusals.

After each trial no page that a reader may get names a file that is not there, and a rerun ends exactly right. Longer runs of the
same trials lie in scripts/slow/deploy.py.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from aibild_build.bucket import Headers, open_bucket
from aibild_build.config import TargetSettings
from aibild_build.deploy import Manner, Reason, collect, releases, rollback
from aibild_build.deploy.records import INTENT
from aibild_build.errors import AibildError, BucketDenied, DeployError, TargetConflict
from aibild_build.lock import Lock
from aibild_build.targets import Target, load
from tests.support.buckets import Server
from tests.support.faults import FaultyProxy, faulty
from tests.support.judges import command
from tests.support.shipping import (
    Ticks,
    broken_references,
    built_site,
    settings_for,
    ship,
    shown_files,
    site_files,
)

CHECKOUT = Path(__file__).parents[1]
LEASE_S = 1.0
PAGES = 12


def bucket_target(server: Server, **changes: object) -> tuple[TargetSettings, Target]:
    """A fresh place on a server."""
    settings = settings_for("bucket", server.address("cdn", uuid4().hex), **changes)
    target = load(settings, Path(), server.environ)
    assert isinstance(target, Target)
    return settings, target


def through(settings: TargetSettings, server: Server, proxy: FaultyProxy) -> tuple[TargetSettings, Target]:
    """The same place, seen through the proxy."""
    slow = replace(settings, address=settings.address.replace(server.endpoint, proxy.url))
    target = load(slow, Path(), server.environ)
    assert isinstance(target, Target)
    return slow, target


@pytest.fixture
def proxy(seaweed: Server) -> Iterator[FaultyProxy]:
    with faulty(seaweed.endpoint) as one:
        yield one


@pytest.mark.parametrize("mode", ["inplace", "release"])
@pytest.mark.parametrize("kind", ["seaweed", "azurite", "google"])
def test_deploy_edit_rollback(kind: str, mode: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings, target = bucket_target(request.getfixturevalue(kind), mode=mode)
    ticks, first, second = Ticks(), site_files(3), site_files(3, "second")
    one = ship(built_site(tmp_path / "dist", first), settings, target, ticks)
    again = ship(built_site(tmp_path / "dist", first), settings, target, ticks)
    assert (again.changes, again.release) == ((), one.release)
    two = ship(built_site(tmp_path / "dist", second), settings, target, ticks)

    def seen(release: str) -> dict[str, bytes]:
        """The site as an edge sees it: by the pointer in mode `release`, the bucket itself in place."""
        everything = shown_files(target.bucket)
        if mode == "inplace":
            return everything
        assert everything["r/current"].decode().strip() == release
        folder = target.folder_of(release)
        pages = {path.removeprefix(folder): data for path, data in everything.items() if path.startswith(folder)}
        return {path: data for path, data in everything.items() if not path.startswith("r/")} | pages

    assert seen(two.release).items() >= second.items() and not broken_references(seen(two.release))
    back = rollback(settings, target, ticks.clock(), Manner(), lock=Lock())
    assert (back.sent, back.release) == (0, one.release)
    assert seen(one.release).items() >= first.items() and not broken_references(seen(one.release))
    page = target.bucket.head("index.html" if mode == "inplace" else f"{target.folder_of(one.release)}index.html")
    assert page is not None and page.headers == Headers(
        content_type="text/html; charset=utf-8",
        cache_control="public, max-age=0, s-maxage=300, stale-while-revalidate=86400",
    )
    picture = target.bucket.head(next(path for path in first if path.endswith(".avif")))
    assert picture is not None and picture.headers.cache_control == "public, max-age=31536000, immutable"


def test_headers_and_compression_change_without_new_content(seaweed: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    files = {"index.html": b"<!doctype html><title>x</title>" + b"<p>words</p>" * 200, "small.css": b"a{}"}
    site = built_site(tmp_path / "dist", files)
    ship(site, settings, target, Ticks())
    done = ship(site, replace(settings, edge_seconds=60, compress="gzip"), target, Ticks())
    assert {change.reason for change in done.changes} == {Reason.HEADERS_CHANGED}
    page = target.bucket.get("index.html")
    assert page is not None and page.entry.headers.content_encoding == "gzip" and page.entry.bytes < 400
    assert "s-maxage=60" in page.entry.headers.cache_control
    small = target.bucket.get("small.css")
    assert small is not None and small.data == b"a{}" and small.entry.headers.content_encoding == ""
    assert ship(site, replace(settings, edge_seconds=60, compress="gzip"), target, Ticks()).changes == ()


def test_cut_in_the_middle_of_a_body(seaweed: Server, proxy: FaultyProxy, tmp_path: Path) -> None:
    """A dozen cuts, from the first request to the last: never a broken reference, and a rerun ends exactly right."""
    settings, target = bucket_target(seaweed)
    ticks = Ticks()
    ship(built_site(tmp_path / "dist", site_files(PAGES)), settings, target, ticks)
    slow, slow_target = through(settings, seaweed, proxy)
    proxy.plan()
    probe = site_files(PAGES, "probe")
    ship(built_site(tmp_path / "dist", probe), slow, slow_target, ticks)
    writes, broken_off = proxy.writes, 0
    assert writes > 2 * PAGES
    for round_number in range(12):
        files = site_files(PAGES, f"edition {round_number}")
        site = built_site(tmp_path / "dist", files)
        proxy.plan("cut", at=1 + round_number * (writes - 1) // 11)
        try:
            ship(site, slow, slow_target, ticks, lease_s=LEASE_S)
        except AibildError:
            broken_off += 1
        assert proxy.acted
        assert broken_references(shown_files(target.bucket)) == []
        ship(site, settings, target, ticks, wait_s=30, lease_s=LEASE_S)
        assert shown_files(target.bucket).items() >= files.items()
        assert target.bucket.head(INTENT) is None
    assert broken_off >= 8


def test_lost_answers_are_looked_for(seaweed: Server, proxy: FaultyProxy, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    slow, slow_target = through(settings, seaweed, proxy)
    ticks = Ticks()
    for matching in (".aibild/intent.json", ".aibild/current.json", "index.html", ".aibild/releases/"):
        files = site_files(3, f"lost {matching}")
        proxy.plan("lose", at=1, matching=matching)
        done = ship(built_site(tmp_path / "dist", files), slow, slow_target, ticks)
        assert proxy.acted
        assert shown_files(target.bucket).items() >= files.items()
        assert releases(target)[0].id == done.release
        assert target.bucket.head(INTENT) is None


def _deploying(site: Path, settings: TargetSettings, server: Server, edition: str) -> subprocess.Popen[bytes]:
    """A deploy in a process of its own, which may be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.deploying", str(site), settings.address, edition],
        cwd=CHECKOUT,
        env={**os.environ, **server.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_at_any_instant(seaweed: Server, proxy: FaultyProxy, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    ticks, chance = Ticks(), random.Random(20261123)
    ship(built_site(tmp_path / "dist", site_files(PAGES)), settings, target, ticks)
    slow, _ = through(settings, seaweed, proxy)
    hits = 0
    for round_number in range(5):
        files = site_files(PAGES, f"edition {round_number}")
        site = built_site(tmp_path / "dist", files)
        running: list[subprocess.Popen[bytes]] = []
        at = chance.randrange(1, 5 * PAGES)
        proxy.plan("", at=at, call=lambda running=running: os.kill(running[0].pid, signal.SIGKILL))  # type: ignore[misc]
        running.append(_deploying(tmp_path / "dist", slow, seaweed, f"kill-{round_number}"))
        running[0].wait(120)
        hits += running[0].returncode == -signal.SIGKILL
        time.sleep(0.2)  # what was on its way arrives
        assert broken_references(shown_files(target.bucket)) == []
        proxy.plan()
        ship(site, settings, target, ticks, wait_s=30, lease_s=LEASE_S)
        assert shown_files(target.bucket).items() >= files.items()
    assert hits >= 3


def test_of_two_deploys_at_once_one_stands_whole(seaweed: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    ship(built_site(tmp_path / "dist", site_files(PAGES)), settings, target, Ticks())
    editions = {name: site_files(PAGES, name) for name in ("left", "right")}
    sites = {name: built_site(tmp_path / name, files) for name, files in editions.items()}
    outcomes: dict[str, object] = {}
    barrier = threading.Barrier(2)

    def run(name: str) -> None:
        mine = load(settings, Path(), seaweed.environ)
        assert isinstance(mine, Target)
        barrier.wait()
        try:
            outcomes[name] = ship(sites[name], settings, mine, Ticks(count=10 if name == "left" else 20))
        except TargetConflict as conflict:
            outcomes[name] = conflict

    threads = [threading.Thread(target=run, args=(name,)) for name in editions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    shown, current = shown_files(target.bucket), releases(target)[0].id
    assert broken_references(shown) == []
    winner = next(name for name, done in outcomes.items() if getattr(done, "release", "") == current)
    assert shown.items() >= editions[winner].items()
    assert target.bucket.head(INTENT) is None


def test_a_stale_lease_is_taken_over_by_the_buckets_clock(seaweed: Server, tmp_path: Path) -> None:
    """Our own clock may be years off: only the bucket's times count."""
    settings, target = bucket_target(seaweed)
    files = site_files(2)
    target.bucket.put(INTENT, b'{"schema":1,"release":"20990101T000000Z-gone","holder":"x","seconds":1}')
    site = built_site(tmp_path / "dist", files)
    with pytest.raises(TargetConflict):
        ship(site, settings, target, Ticks())
    ship(site, settings, target, Ticks(), wait_s=30)
    assert shown_files(target.bucket).items() >= files.items()


def deploying(
    server: Server, settings: TargetSettings, folder: Path, edition: str, skew: str, wait: str = "20"
) -> subprocess.CompletedProcess[str]:
    """A deploy by a process whose clock is wrong."""
    ahead = [command("faketime"), "-f", skew, sys.executable, "-m", "tests.support.deploying", str(folder)]
    environ = {**os.environ, **server.environ, "PYTHONPATH": str(CHECKOUT), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return subprocess.run([*ahead, settings.address, edition, wait], env=environ, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("kind", "skew"), [("seaweed", "+600s"), ("azurite", "+3600s"), ("azurite", "-3600s")])
def test_a_deployer_whose_clock_is_wrong(kind: str, skew: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Lease, history and collection go by the origin's clock. (S3 refuses who is wrong by an hour; Azure's emulator does not.)"""
    server = request.getfixturevalue(kind)
    settings, target = bucket_target(server)
    files, folder = site_files(2), tmp_path / "dist"
    ship(built_site(folder, files), settings, target, Ticks())
    ship(built_site(folder, site_files(2, "second")), settings, target, Ticks(count=1))
    target.bucket.put(INTENT, b'{"schema":1,"release":"other","holder":"other","seconds":60}')
    held = deploying(server, settings, built_site(folder, site_files(2, "third")).folder, "third", skew, "0")
    assert held.returncode == 1 and "TargetConflict" in held.stderr, "somebody else is at it, whatever our clock says"
    assert b"second 0" in shown_files(target.bucket)["index.html"]
    target.bucket.put(INTENT, b'{"schema":1,"release":"other","holder":"other","seconds":0}')
    time.sleep(3.1)  # here, since libfaketime and sleeping do not get along
    done = deploying(server, settings, folder, "third", skew, "0")
    assert done.returncode == 0, done.stderr
    assert shown_files(target.bucket).items() >= site_files(2, "third").items() and target.bucket.head(INTENT) is None
    assert abs(releases(target)[0].at - time.time()) < 120
    collected = deploying(server, settings, folder, "collect", skew)
    assert collected.stdout == "0\n", collected.stderr


def test_a_clock_that_s3_refuses_is_named(seaweed: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    files, folder = site_files(2), tmp_path / "dist"
    ship(built_site(folder, files), settings, target, Ticks())
    refused = deploying(seaweed, settings, built_site(folder, site_files(2, "second")).folder, "second", "-3600s")
    assert refused.returncode == 1 and "this machine's clock is wrong" in refused.stderr, refused.stderr
    assert shown_files(target.bucket).items() >= files.items()


def test_a_holder_that_wakes_up_late_stops(seaweed: Server, tmp_path: Path) -> None:
    """It took the lease, slept, and was taken over: its next page finds that out before it is switched."""
    settings, target = bucket_target(seaweed)
    ticks = Ticks()
    ship(built_site(tmp_path / "dist", site_files(2)), settings, target, ticks)
    sleepy = ticks.clock()
    moments = iter([0.0, 0.0, 0.0, 0.0])

    def late() -> float:
        moment = next(moments, None)
        if moment is None:
            if target.bucket.head(INTENT) is not None:  # somebody else takes over meanwhile
                target.bucket.put(INTENT, b'{"schema":1,"release":"other","holder":"other","seconds":0}')
            return 1000.0
        return moment

    from aibild_build.deploy import deploy

    site = built_site(tmp_path / "dist", site_files(2, "late"))
    with pytest.raises(TargetConflict, match="silent for too long"):
        deploy(site, Lock(), settings, target, replace(sleepy, monotonic=late), Manner())
    assert b"first 0" in shown_files(target.bucket)["index.html"]


def test_refusals_leave_the_site_as_it_was(seaweed: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    files = site_files(2)
    ship(built_site(tmp_path / "dist", files), settings, target, Ticks())
    wrong = load(settings, Path(), {**seaweed.environ, "AWS_SECRET_ACCESS_KEY": "wrong"})
    reader = load(replace(settings, address=seaweed.address("cache", "site")), Path(), seaweed.readers)
    site = built_site(tmp_path / "dist", site_files(2, "second"))
    for denied in (wrong, reader):
        assert isinstance(denied, Target)
        with pytest.raises(BucketDenied):
            ship(site, settings, denied, Ticks())
    assert shown_files(target.bucket).items() >= files.items()


def test_a_bucket_that_ignores_conditions_is_refused_unless_it_is_ours_alone(rclone: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(rclone)
    site = built_site(tmp_path / "dist", site_files(2))
    with pytest.raises(DeployError, match="ignores conditional writes"):
        ship(site, settings, target, Ticks())
    assert shown_files(target.bucket) == {}
    ship(site, replace(settings, exclusive=True), target, Ticks())
    assert shown_files(target.bucket).items() >= site_files(2).items()


def test_collecting_keeps_what_a_rollback_or_an_old_page_needs(seaweed: Server, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed, keep_releases=2, keep_days=30.0)
    ticks, editions = Ticks(), [site_files(2, f"edition {number}") for number in range(4)]
    ids = [ship(built_site(tmp_path / "dist", files), settings, target, ticks).release for files in editions]
    assert collect(settings, target, ticks.clock()).files == 0  # all of it is younger than the grace period
    hasty = replace(settings, keep_days=0.0)
    time.sleep(2.1)  # the bucket counts whole seconds
    done = collect(hasty, target, ticks.clock())
    assert done.releases == 2 and done.files > 8
    left = shown_files(target.bucket)
    assert left.items() >= editions[3].items() and not broken_references(left)
    assert not {path for path in editions[0] if path.endswith(".avif")} & left.keys()
    assert [one.id for one in releases(target)] == [ids[3], ids[2]]
    rollback(settings, target, ticks.clock(), Manner(), lock=Lock())
    assert shown_files(target.bucket).items() >= editions[2].items()
    with pytest.raises(DeployError, match="no release begins"):
        rollback(settings, target, ticks.clock(), Manner(), lock=Lock(), release=ids[0])


def test_a_full_bucket_says_so_and_breaks_nothing(seaweed: Server, proxy: FaultyProxy, tmp_path: Path) -> None:
    settings, target = bucket_target(seaweed)
    bucket = open_bucket(settings.address, environ=seaweed.environ)
    files = site_files(2)
    ship(built_site(tmp_path / "dist", files), settings, target, Ticks())
    slow, slow_target = through(settings, seaweed, proxy)
    for at in (1, 4, 9):
        proxy.plan("full", at=at)
        with pytest.raises(AibildError):
            ship(built_site(tmp_path / "dist", site_files(2, f"full {at}")), slow, slow_target, Ticks(count=100 * at))
        assert broken_references(shown_files(bucket)) == []
        ship(built_site(tmp_path / "dist", files), settings, target, Ticks(count=100 * at + 50), wait_s=10)
    assert shown_files(bucket).items() >= files.items()
