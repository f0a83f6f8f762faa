"""Trials by fire: builds at once, kills at any instant, rot, a full disk, a folder that cannot be written.

Bounded and seeded; the kill trial takes some twelve seconds by the clock, however fast the machine.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aibild_build.store import Store
from tests.support.store_builder import build, digests, key, picture

KILL_TRIAL_S = 12.0


def command(checkout: Path, root: Path, log: Path, first: int, count: int, *options: str) -> list[str]:
    builder = checkout / "tests" / "support" / "store_builder.py"
    return [sys.executable, str(builder), str(root), str(log), str(first), str(count), *options]


def environment(checkout: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout)}


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    counts: dict[str, Any] = json.loads(out)
    return counts


def start(checkout: Path, *arguments: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(checkout, *arguments), env=environment(checkout), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(path: Path, process: subprocess.Popen[Any]) -> None:
    while not path.exists():
        assert process.poll() is None, "it ended before it began its work"
        time.sleep(0.002)


def in_own_mounts(checkout: Path, mount: str, call: list[str]) -> dict[str, Any]:
    """Run with a mount that only this process sees, as root here or in a namespace of our own; skip where neither is allowed."""
    for flags in ("-m", "-Urm"):
        probe = subprocess.run(["unshare", flags, "sh", "-ec", mount], capture_output=True, text=True)
        if probe.returncode == 0:
            break
    else:
        pytest.skip(f"no mount is allowed here: {probe.stderr.strip()}")
    ran = subprocess.run(
        ["unshare", flags, "sh", "-ec", f'{mount}\nexec "$@"', "sh", *call],
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    counts: dict[str, Any] = json.loads(ran.stdout)
    return counts


def test_two_builds_on_one_folder_make_nothing_twice(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    answers = [answer(process) for process in [start(checkout, root, log, 0, 300) for _ in range(2)]]
    assert Counter(log.read_text().split()) == Counter(map(str, range(300)))
    assert sum(counts["made"] for counts in answers) == 300
    assert sum(counts["reused"] for counts in answers) == 300
    assert [counts["wrong"] for counts in answers] == [0, 0]
    store = Store(root)
    assert list(store.verify(digests)) == []
    assert (store.stats().blobs, store.stats().records, store.stats().tmp, store.stats().bad) == (300, 300, 0, 0)


def test_a_kill_at_any_instant_corrupts_nothing(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    instant = random.Random(2026)
    until = time.monotonic() + KILL_TRIAL_S
    first, rounds, cut_short = 0, 0, 0
    while time.monotonic() < until:
        log.unlink(missing_ok=True)
        builders = [start(checkout, root, log, first, 100_000) for _ in range(2)]
        wait_for(log, builders[0])
        time.sleep(instant.uniform(0, 0.12))
        for builder in builders:
            builder.send_signal(signal.SIGKILL)
        for builder in builders:
            builder.communicate()
            cut_short += builder.returncode == -signal.SIGKILL
        rounds += 1
        first = max(map(int, log.read_text().split())) + 1
        assert list(Store(root).verify(digests)) == []
    assert rounds >= 5 and cut_short == 2 * rounds
    store = Store(root)
    counts = build(store, log, range(first))
    assert (counts["wrong"], store.degraded, store.damaged) == (0, "", 0)
    assert counts["made"] <= 2 * rounds  # at most what was in each killed build's hands
    assert list(store.verify(digests)) == []
    assert (store.stats().records, store.stats().tmp, store.stats().bad) == (first, 0, 0)


def test_a_killed_builds_lock_is_free(checkout: Path, tmp_path: Path) -> None:
    root, mark = tmp_path / "store", tmp_path / "inside"
    holder = (
        "import sys, time, pathlib\n"
        "from aibild_build.store import Store\n"
        f"with Store(pathlib.Path({str(root)!r})).single_flight({key(1)!r}):\n"
        f"    pathlib.Path({str(mark)!r}).touch()\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", holder], env=environment(checkout))
    wait_for(mark, process)
    process.kill()
    process.wait()
    counts = build(Store(root), tmp_path / "log", [1])
    assert counts["made"] == 1


def test_rot_is_found_and_made_good(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    build(Store(root), log, range(120))
    noise = random.Random(7)
    blobs = sorted(path for path in (root / "cas").rglob("*") if path.is_file())
    damaged = noise.sample(blobs, 40)
    for number, path in enumerate(damaged):
        data = bytearray(path.read_bytes())
        path.chmod(0o644)
        if number % 3 == 0:
            data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        path.write_bytes(data if number % 3 == 0 else data[: noise.randrange(len(data))] if number % 3 == 1 else b"")
    store = Store(root)
    counts = build(store, log, range(120))
    assert (counts["made"], counts["reused"], counts["wrong"]) == (40, 80, 0)
    assert (store.damaged, store.stats().bad) == (40, 40)
    assert list(store.verify(digests)) == []
    assert all((root / "cas" / path.name[:2] / path.name).exists() for path in damaged)


def test_rot_in_records_is_found(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    build(Store(root), log, range(60))
    noise = random.Random(8)
    for path in sorted(path for path in (root / "rec").rglob("*") if path.is_file())[::3]:
        data = bytearray(path.read_bytes())
        data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        path.chmod(0o644)
        path.write_bytes(data)
    store = Store(root)
    counts = build(store, log, range(60))
    assert (counts["made"], counts["reused"], counts["wrong"], store.damaged) == (20, 40, 0, 20)
    assert list(store.verify(digests)) == []


def test_a_limit_on_file_size_means_built_not_cached(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    counts = answer(start(checkout, root, log, 0, 100, "--file-limit", "4096"))
    small = sum(len(picture(number)) <= 4096 for number in range(100))
    assert (counts["made"], counts["kept"], counts["wrong"]) == (100, small, 0)
    assert 0 < small < 100
    assert (counts["problems"], counts["tmp"]) == ([], 0)
    assert counts["degraded"] == f"built, not cached: the store `{root}` cannot keep everything (file too large)"
    later = Store(root)
    assert build(later, log, range(100))["made"] == 100 - small
    assert (later.stats().records, list(later.verify(digests))) == (100, [])


def test_a_full_disk_means_built_not_cached(checkout: Path, tmp_path: Path) -> None:
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=512k trial '{disk}'"
    counts = in_own_mounts(checkout, mount, command(checkout, disk / "store", log, 0, 150))
    assert (counts["made"], counts["wrong"]) == (150, 0)
    assert 0 < counts["kept"] < 150
    assert (counts["problems"], counts["tmp"]) == ([], 0)
    assert counts["degraded"].endswith("(no space left on device)")
    assert "\n" not in counts["degraded"]


def test_a_folder_that_cannot_be_written_is_read(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    build(Store(root), log, range(20))
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    mount = f"mount --bind '{root}' '{root}' && mount -o remount,ro,bind '{root}'"
    counts = in_own_mounts(checkout, mount, command(checkout, root, log, 0, 40))
    assert (counts["reused"], counts["made"], counts["kept"], counts["wrong"]) == (20, 20, 0, 0)
    assert counts["degraded"].endswith("(read-only file system)")
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_a_store_opened_read_only_gains_no_file(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    build(Store(root), log, range(20))
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    counts = answer(start(checkout, root, log, 0, 40, "--read-only"))
    assert (counts["reused"], counts["made"], counts["kept"], counts["wrong"]) == (20, 20, 0, 0)
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_a_collection_beside_two_builds_harms_neither(checkout: Path, tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "log"
    build(Store(root), log, range(100))
    for path in root.rglob("*"):
        os.utime(path, (0, 0))
    builders = [start(checkout, root, log, first, 200) for first in (0, 50)]
    collector = Store(root)
    while any(builder.poll() is None for builder in builders):
        collector.gc([key(0)], max_bytes=None, grace_s=3600, now=time.time(), digests_of=digests)
    assert [answer(builder)["wrong"] for builder in builders] == [0, 0]
    assert list(Store(root).verify(digests)) == []
