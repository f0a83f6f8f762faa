"""What a build must survive: kills at any instant, two at once, a full disk, a store that cannot be written. Real processes."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aibild_build.bucket import open_bucket
from aibild_build.canonical import digest_of
from aibild_build.lock import read_lock, write_lock
from aibild_build.plan.records import digests_of
from aibild_build.store import Problem, RecordKey, Remote, Store, new_key, verify_remote
from tests.support.buckets import Server
from tests.support.project import CONFIG, edit, run_build, tree, write_project

KILLS = 50
_REFERENCE = re.compile(r'(?:src|href)="(/[^"#?]*)"|(/[^\s,"]+) \d+w')


def command(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "aibild_build", "build", "--root", str(root), "--json", *arguments]


def environment(checkout: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout), "SOURCE_DATE_EPOCH": "1795392000"}


def broken_references(output: Path) -> list[str]:
    """Every local address on a page that leads to no file."""
    broken = []
    for page in output.rglob("*.html"):
        for match in _REFERENCE.finditer(page.read_text()):
            path = (match[1] or match[2]).lstrip("/")
            target = output / (path + "index.html" if path.endswith("/") or not path else path)
            if not target.is_file():
                broken.append(f"{page.relative_to(output)}: /{path}")
    return broken


def half_files(output: Path) -> list[str]:
    """Pictures whose bytes end too early, pages without their end."""
    pages = [path.name for path in output.rglob("*.html") if not path.read_text().rstrip().endswith("</html>")]
    pictures = [path.name for path in output.rglob("*.jpg") if not path.read_bytes().endswith(b"\xff\xd9")]
    return pages + pictures


def faults(root: Path) -> list[str]:
    """What is wrong with store, lock and output of a project, at whatever instant."""
    store = Store(root / ".aibild/store", read_only=True)
    found = [f"store: {problem.name} {problem.why}" for problem in store.verify(digests_of)]
    lock = root / "aibild.lock"
    found += [finding.message for finding in read_lock(lock.read_text() if lock.exists() else None)[1]]
    if (root / "dist").exists():
        found += half_files(root / "dist") + broken_references(root / "dist")
    return found


def test_kill_at_any_instant(tmp_path: Path, checkout: Path) -> None:
    root = write_project(tmp_path / "site")
    dice = random.Random(20261123)
    hits, took = 0, 2.5
    for turn in range(KILLS):
        colour = f"#{dice.randrange(1 << 24):06x}"
        text = (root / "briefs/boat.yaml").read_text()
        (root / "briefs/boat.yaml").write_text(re.sub(r"#[0-9a-f]{6}", colour, text))
        (root / "site/tides.md").write_text(f"---\ntitle: Tides {turn}\nhero: quay\n---\n\n{colour}\n")
        started = time.monotonic()
        process = subprocess.Popen(
            command(root), env=environment(checkout), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(dice.uniform(0.1, took))
            took = max(0.5, time.monotonic() - started)
        except subprocess.TimeoutExpired:
            hits += 1
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert faults(root) == [], f"after kill {turn}"
    assert hits >= KILLS // 3, "most kills must hit a running build"
    done = subprocess.run(command(root), env=environment(checkout), capture_output=True, check=True, text=True)
    assert json.loads(done.stdout)["outputs"] > 30
    assert faults(root) == []
    fresh = write_project(tmp_path / "fresh", {"briefs/boat.yaml": (root / "briefs/boat.yaml").read_text()})
    for path in ("site/tides.md", "aibild.lock", "aibild.audit.jsonl"):
        (fresh / path).write_text((root / path).read_text())
    run_build(fresh, frozen=True)
    assert tree(fresh / "dist") == tree(root / "dist"), "what a killed build left behind does not show"
    leftovers = [path.name for path in root.iterdir() if "staging" in path.name or "spill" in path.name]
    assert leftovers == []


def test_ctrl_c_is_quick_and_loses_nothing_made(tmp_path: Path, checkout: Path) -> None:
    brief = "engine: sketch\nsubject: hills\nsize: [2400, 1350]\nseed: 3\ncandidates: 24\nalt: {en: Hills, de: Berge}\n"
    root = write_project(tmp_path, {"briefs/boat.yaml": brief})
    process = subprocess.Popen(
        [sys.executable, "-m", "aibild_build", "generate", "--root", str(root), "-v"],
        env=environment(checkout),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "3/" in line:
            break
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130 and "stopped; what was made is kept" in rest
    assert time.monotonic() - started < 15
    made = sum(1 for _ in Store(root / ".aibild/store", read_only=True).records("recipe"))
    assert 3 <= made < 25
    done = subprocess.run(
        [sys.executable, "-m", "aibild_build", "generate", "--root", str(root), "--json", "-q"],
        env=environment(checkout),
        capture_output=True,
        text=True,
        check=True,
    )
    counts = json.loads(done.stdout)
    assert (counts["made"], counts["reused"]) == (25 - made, made)


def test_two_builds_at_once_make_nothing_twice(tmp_path: Path, checkout: Path) -> None:
    root = write_project(tmp_path)
    builds = [
        subprocess.Popen(
            command(root, "--output", str(tmp_path / f"out{number}")),
            env=environment(checkout),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    reports = []
    for process in builds:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        reports.append(json.loads(out))
    alone = write_project(tmp_path / "alone")
    expected = run_build(alone)
    assert sum(report["made"]["picture"] for report in reports) == expected.made.picture
    assert sum(report["made"]["rendition"] for report in reports) == expected.made.rendition
    assert tree(tmp_path / "out0") == tree(tmp_path / "out1")


def test_two_builds_at_once_into_one_folder(tmp_path: Path, checkout: Path) -> None:
    root = write_project(tmp_path)
    builds = [
        subprocess.Popen(command(root), env=environment(checkout), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [process.wait(timeout=120) for process in builds] == [0, 0]
    for process in builds:
        process.communicate()
    assert faults(root) == []
    assert run_build(root).written == 0


def _small_files_only() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_full_disk_gives_one_clear_line(tmp_path: Path, checkout: Path) -> None:
    """No file may grow beyond 6,000 bytes: pages cannot be written, and the output that was there stays."""
    root = write_project(tmp_path)
    run_build(root)
    before = tree(root / "dist")
    edit(root, "briefs/boat.yaml", "#b03a2e", "#00ff00")
    done = subprocess.run(
        command(root), env=environment(checkout), capture_output=True, text=True, preexec_fn=_small_files_only, timeout=120
    )
    assert done.returncode == 3
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    assert len(errors) == 1 and "cannot write" in errors[0], done.stderr
    assert "Traceback" not in done.stderr
    assert tree(root / "dist") == before
    assert run_build(root).outputs and faults(root) == []


def test_a_store_on_a_full_disk_still_builds(tmp_path: Path, checkout: Path) -> None:
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(mounted)], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mount.stderr.strip()}")
    try:
        root = write_project(tmp_path / "site")
        done = subprocess.run(
            command(root, "--store", str(mounted / "store")),
            env=environment(checkout),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        notes = [line for line in done.stderr.splitlines() if line.startswith("note:")]
        assert len(notes) == 1 and "cannot keep everything" in notes[0], done.stderr
        assert faults(root) == []
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    fresh = write_project(tmp_path / "fresh")
    for name in ("aibild.lock", "aibild.audit.jsonl"):
        (fresh / name).write_bytes((root / name).read_bytes())
    run_build(fresh, frozen=True)
    assert tree(fresh / "dist") == tree(root / "dist")


SHARED_KILLS = 4


def test_kills_and_a_full_disk_with_a_shared_store_behind(tmp_path: Path, checkout: Path, seaweed: Server) -> None:
    """Whatever ends a build, the shared store holds no record without its bytes, and the next machine takes what is there."""
    pem, public = new_key()
    address = seaweed.address("cdn", f"killed-{tmp_path.name}")
    config = f'{CONFIG}\n[store]\nremote = "{address}"\ntrusted = ["{public}"]\n'
    environ = {**environment(checkout), **seaweed.environ, "AIBILD_STORE_KEY": pem.decode()}
    root = write_project(tmp_path / "site", {"aibild.toml": config})
    dice = random.Random(20261123)

    def problems() -> list[Problem]:
        key = RecordKey(pem)
        shared = Remote(
            open_bucket(address, environ=seaweed.environ), trusted=[public], key=key, namespace="", clock=time.monotonic
        )
        shared.begin(listed=True)
        return list(verify_remote(Store(tmp_path / "looking", remote=shared), digests_of))

    for turn in range(SHARED_KILLS):
        edit(root, "briefs/boat.yaml", re.search(r"#[0-9a-f]{6}", (root / "briefs/boat.yaml").read_text())[0], f"#{turn:06x}")  # type: ignore[index]
        process = subprocess.Popen(command(root), env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(dice.uniform(0.8, 3.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert faults(root) == [], f"after kill {turn}"
    assert problems() == []
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(mounted)], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mount.stderr.strip()}")
    try:
        full = [*command(root, "--store", str(mounted / "store"))]
        done = subprocess.run(full, env=environ, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        assert "cannot keep everything" in done.stderr and faults(root) == []
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    assert problems() == []
    fresh = write_project(
        tmp_path / "fresh", {"aibild.toml": config, "briefs/boat.yaml": (root / "briefs/boat.yaml").read_text()}
    )
    for name in ("aibild.lock", "aibild.audit.jsonl"):
        (fresh / name).write_bytes((root / name).read_bytes())
    last = subprocess.run(command(fresh, "--frozen"), env=environ, capture_output=True, text=True, timeout=240)
    assert last.returncode == 0 and json.loads(last.stdout)["made"]["picture"] == 0, last.stderr
    assert tree(fresh / "dist") == tree(root / "dist")


def test_a_read_only_store_is_used_and_left_alone(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    store = tree(root / ".aibild/store")
    edit(root, "briefs/boat.yaml", "#b03a2e", "#00ff00")
    report = run_build(root, read_only_store=True)
    assert (report.made.picture, report.reused.picture) == (1, 1)
    assert tree(root / ".aibild/store") == store
    assert broken_references(root / "dist") == []


def test_a_store_that_is_a_file_is_one_clear_line(tmp_path: Path, checkout: Path) -> None:
    root = write_project(tmp_path)
    (root / ".aibild").mkdir()
    (root / ".aibild/store").write_text("not a folder")
    done = subprocess.run(command(root), env=environment(checkout), capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and "expected a folder for the store" in done.stderr and "Traceback" not in done.stderr


def test_marker_matches_every_file(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    marker = json.loads((root / "dist/.aibild/build.json").read_bytes())
    listed = {row["path"]: row["digest"] for row in marker["outputs"]}
    found = {path: digest_of(data) for path, data in tree(root / "dist").items() if not path.startswith(".aibild/")}
    assert listed == found
    assert marker["lock"] == digest_of(write_lock(read_lock((root / "aibild.lock").read_text())[0].untold()).encode())
