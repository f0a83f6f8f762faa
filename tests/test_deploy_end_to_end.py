"""The whole way, by the command line: build, check, deploy to a real bucket, look through a CDN, edit, deploy, roll back."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aibild_build.bucket import open_bucket
from tests.support.buckets import Server
from tests.support.cdn import TOKEN, Cdn, cdn
from tests.support.project import CONFIG, edit, run_build, write_project
from tests.test_cli import aibild


@pytest.fixture
def edge() -> Iterator[Cdn]:
    with cdn() as one:
        yield one


def seen(edge: Cdn, path: str = "") -> str:
    with urllib.request.urlopen(f"{edge.url}{path}", timeout=20) as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.parametrize("mode", ["inplace", "release"])
def test_the_whole_way(seaweed: Server, edge: Cdn, tmp_path: Path, mode: str) -> None:
    address = seaweed.address("cdn", f"whole-{mode}-{tmp_path.name}")
    edge.bucket, edge.release = open_bucket(address, environ=seaweed.environ), mode == "release"
    target = (
        f'\n[targets.production]\nkind = "bucket"\naddress = "{address}"\nmode = "{mode}"\n'
        f'[targets.production.purge]\nkind = "cloudflare"\nzone = "z1"\nendpoint = "{edge.url}client/v4"\n'
    )
    config = CONFIG.replace("https://harbour.example/", edge.url, 1) + target
    root = write_project(tmp_path / "site", {"aibild.toml": config})
    environ = {**seaweed.environ, "CLOUDFLARE_API_TOKEN": TOKEN}

    def run(*arguments: str, expect: int = 0) -> dict[str, object]:
        done = aibild(*arguments, "--json", cwd=root, **environ)
        assert done.returncode == expect, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told

    run("build")
    run("build", "--frozen")
    planned = run("deploy", "--plan")
    assert planned["planned"] and {change["reason"] for change in planned["changes"]} == {"NEW"}  # type: ignore[attr-defined]
    first = run("deploy", "--verify")
    checked = first["verified"]
    assert isinstance(checked, dict) and checked["looked"] >= 20 and checked["encoding"] == "gzip"
    assert first["findings"] == [] and "A small harbour" in seen(edge)

    edit(root, "site/index.md", "A small harbour.", "A larger harbour.")
    run("build")
    second = run("deploy", "--verify", "--no-check")
    assert second["findings"] == [] and f"{edge.url}index.html" in edge.purged and edge.url in edge.purged
    assert not [one for one in edge.purged if "/pictures/" in one]
    assert "A larger harbour" in seen(edge)
    assert {change["reason"] for change in second["changes"]} == {"CHANGED"}  # type: ignore[attr-defined]

    restored = run("restore", "quay")
    folder = root / str(restored["folder"])
    facts = json.loads((folder / "picture.json").read_text())
    assert restored["lacking"] == [] and facts["published"]["pixels"] == restored["pixels"] and facts["decisions"]
    assert json.loads((folder / "recipe.json").read_text())["key"] and (folder / "master.png").read_bytes()[:4] == b"\x89PNG"
    delivered = next(folder.glob("files/*.avif"))
    assert delivered.read_bytes() == (root / "dist/pictures" / delivered.name).read_bytes()
    assert run("restore", f"{edge.url}pictures/{delivered.name}", "--to", "again")["pixels"] == restored["pixels"]

    listed = run("releases")["releases"]
    assert [one["id"] for one in listed] == [second["release"], first["release"]]  # type: ignore[attr-defined]
    run("rollback")
    assert "A larger harbour" not in seen(edge)
    again = run("deploy", "--no-check")
    assert again["sent"] == 0 or mode == "release"
    assert "A larger harbour" in seen(edge)


def test_a_host_that_strips_pictures_is_named(seaweed: Server, edge: Cdn, tmp_path: Path) -> None:
    address = seaweed.address("cdn", f"strips-{tmp_path.name}")
    edge.bucket = open_bucket(address, environ=seaweed.environ)
    config = CONFIG.replace("https://harbour.example/", edge.url, 1)
    root = write_project(
        tmp_path / "site",
        {"aibild.toml": f'{config}\n[targets.production]\nkind = "bucket"\naddress = "{address}"\n'},
    )
    run_build(root)
    marker = root / "dist/.aibild/build.json"
    marker.write_text(marker.read_text().replace('"credential":"none"', '"credential":"embedded"'))
    assert aibild("deploy", "-q", "--no-check", cwd=root, **seaweed.environ).returncode == 0
    edge.strips = True
    done = aibild("deploy", "--verify-only", "--json", cwd=root, **seaweed.environ)
    assert done.returncode == 1
    rules = {one["rule"] for one in json.loads(done.stdout)["findings"]}
    assert rules == {"deploy-differs", "metadata-stripped", "credentials-stripped"}
    assert edge.url.removeprefix("http://").rstrip("/") in done.stderr


def test_what_readers_do_not_get_is_told(seaweed: Server, edge: Cdn, tmp_path: Path) -> None:
    """A page that is missing, one that is old in a cache, and one that is open where it must not be."""
    address = seaweed.address("cdn", f"lost-{tmp_path.name}")
    bucket = edge.bucket = open_bucket(address, environ=seaweed.environ)
    config = CONFIG.replace("https://harbour.example/", edge.url, 1)
    target = f'\n[targets.production]\nkind = "bucket"\naddress = "{address}"\n'
    root = write_project(tmp_path / "site", {"aibild.toml": config + target})
    run_build(root)
    assert aibild("deploy", "-q", cwd=root, **seaweed.environ).returncode == 0
    bucket.delete(["tides/index.html"])
    seen(edge, "boats/")
    edit(root, "site/boats.md", "All boats.", "Every boat.")
    run_build(root)
    assert aibild("deploy", "-q", cwd=root, **seaweed.environ).returncode == 0
    assert bucket.head("tides/index.html") is not None  # what was lost is put back
    bucket.delete(["tides/index.html"])
    done = aibild("deploy", "--verify-only", "--json", cwd=root, **seaweed.environ)
    found = {(one["rule"], one["subject"]) for one in json.loads(done.stdout)["findings"]}
    assert found == {("deploy-missing", "tides/index.html"), ("deploy-differs", "boats/index.html")}


def test_a_host_that_does_not_answer_is_one_finding(tmp_path: Path) -> None:
    """Not one for each file of the sample, and no wait for each."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    config = CONFIG.replace("https://harbour.example/", f"http://127.0.0.1:{port}/", 1)
    root = write_project(tmp_path, {"aibild.toml": f'{config}\n[targets.production]\nkind = "local"\naddress = "www"\n'})
    run_build(root)
    done = aibild("deploy", "--no-check", "--verify", cwd=root)
    assert done.returncode == 1 and (root / "www/index.html").is_file()
    assert done.stderr.count("deploy-missing") == 1 and "verified nothing" in done.stderr


def test_the_command_line_refuses(tmp_path: Path) -> None:
    target = '\n[targets.production]\nkind = "local"\naddress = "www"\n[targets.preview]\nkind = "local"\naddress = "pre"\n'
    root = write_project(tmp_path, {"aibild.toml": CONFIG + target})
    assert "expected a folder that this aibild built" in aibild("deploy", cwd=root).stderr
    run_build(root, draft=True)
    drafted = aibild("deploy", cwd=root)
    assert drafted.returncode == 1 and "it is a draft" in drafted.stderr
    run_build(root)
    assert "did you mean `preview`?" in aibild("deploy", "preveiw", cwd=root).stderr
    assert "is a target, not a release" in aibild("rollback", "preview", cwd=root).stderr
    edit(root, "site/tides.md", "Twice a day.", "Twice a day. [gone](http://localhost:9/)")
    run_build(root)
    failing = aibild("deploy", cwd=root)
    assert failing.returncode == 1 and "1 finding at error level" in failing.stderr and not (root / "www").exists()
    assert aibild("deploy", "--no-check", cwd=root).returncode == 0
    assert aibild("build", "--target", "preview", "--no-check", "-q", cwd=root).returncode == 0
    assert 'content="noindex"' in (root / "dist-preview/index.html").read_text()
    assert aibild("deploy", "preview", "--no-check", cwd=root).returncode == 0
    assert (root / "pre/index.html").read_bytes() == (root / "dist-preview/index.html").read_bytes()


def test_lazy_bytes_are_fetched_only_where_the_origin_lacks_them(seaweed: Server, tmp_path: Path) -> None:
    """A machine with records alone deploys an edit: not one picture travels to it, and none from it."""
    shared = seaweed.address("cdn", f"store-{tmp_path.name}")
    address = seaweed.address("cdn", f"lazy-{tmp_path.name}")
    first = write_project(tmp_path / "first")
    made = aibild("cache", "key", "key.pem", cwd=first)
    assert made.returncode == 0, made.stderr
    line = next(line for line in (made.stdout + made.stderr).splitlines() if "trusted" in line)
    store = f'\n[store]\nremote = "{shared}"\n{line[line.index("trusted") :]}\n'
    config = f'{CONFIG}{store}\n[targets.production]\nkind = "bucket"\naddress = "{address}"\n'
    (first / "aibild.toml").write_text(config)
    environ = {**seaweed.environ, "AIBILD_STORE_KEY": str(first / "key.pem")}
    for arguments in (["build", "-q"], ["deploy", "-q"]):
        done = aibild(*arguments, cwd=first, **environ)
        assert done.returncode == 0, done.stderr
    second = write_project(tmp_path / "second", {"aibild.toml": config, "aibild.lock": (first / "aibild.lock").read_text()})
    (second / "aibild.audit.jsonl").write_bytes((first / "aibild.audit.jsonl").read_bytes())
    edit(second, "site/index.md", "A small harbour.", "A larger harbour.")
    lazy = aibild("build", "--lazy-bytes", "-q", "--no-check", cwd=second, **seaweed.environ)
    assert lazy.returncode == 0, lazy.stderr
    assert not list((second / "dist/pictures").glob("*.avif"))
    done = aibild("deploy", "--no-check", "--json", cwd=second, **seaweed.environ)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not [change for change in told["changes"] if change["path"].startswith("pictures/")]
    assert not list((second / ".aibild/store").rglob("cas/*/*"))
    bucket = open_bucket(address, environ=seaweed.environ)
    lost = next(entry.key for entry in bucket.list("pictures") if entry.key.endswith(".avif"))
    bucket.delete([lost])
    again = json.loads(aibild("deploy", "--no-check", "--json", cwd=second, **seaweed.environ).stdout)
    assert [(one["path"], one["reason"]) for one in again["changes"]] == [(lost, "MISSING_REMOTE")]
    assert bucket.head(lost) is not None


def test_a_picture_is_retracted_from_all_releases(seaweed: Server, tmp_path: Path) -> None:
    """The trail tells each release; what is retracted goes from all of them, and a line that CI lost is told again."""
    address = seaweed.address("cdn", f"retracted-{tmp_path.name}")
    target = f'\n[targets.production]\nkind = "bucket"\naddress = "{address}"\n'
    root = write_project(tmp_path / "site", {"aibild.toml": CONFIG + target})
    bucket = open_bucket(address, environ=seaweed.environ)

    def run(*arguments: str, expect: int = 0) -> dict[str, object]:
        done = aibild(*arguments, "--json", cwd=root, GITHUB_ACTIONS="true", GITHUB_ACTOR="ada", **seaweed.environ)
        assert done.returncode == expect, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told

    run_build(root)
    kept = (root / "aibild.audit.jsonl").read_bytes()
    first = run("deploy", "--no-check")
    assert run("deploy", "--no-check")["release"] == first["release"]
    edit(root, "site/index.md", "A small harbour.", "A larger harbour.")
    run_build(root)
    second = run("deploy", "--no-check")
    told = [one for one in run("audit", "show")["entries"] if one["event"] == "published"]  # type: ignore[attr-defined]
    assert [one["release"] for one in told] == [first["release"], second["release"]], "a deploy that does nothing tells nothing"
    assert {one["target"] for one in told} == {"production"} and {one["who"] for one in told} == {"ada"}
    assert told[0]["pictures"] and not told[1]["pictures"] and told[1]["after"] == first["release"], "what came and went, alone"
    assert run("audit", "verify")["findings"] == []

    (root / "aibild.audit.jsonl").write_bytes(kept)  # CI threw its checkout away
    run("releases")
    assert run("releases")["releases"]
    again = [one for one in run("audit", "show")["entries"] if one["event"] == "published"]  # type: ignore[attr-defined]
    assert [(one["release"], one["pictures"], one["source"]) for one in again] == [
        (one["release"], one["pictures"], "origin") for one in told
    ]

    barred = run("retract", "boat", "--reason", "no licence")
    assert barred["releases"] == [first["release"], second["release"]] and barred["targets"] == ["production"]
    manifest = json.loads((root / "dist/.aibild/build.json").read_text())["outputs"]
    files = {row["path"] for row in manifest if row.get("pixels") in barred["pixels"]}  # type: ignore[operator]
    assert files and files <= {entry.key for entry in bucket.list()}
    run("deploy", "--no-check", expect=1)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#123456")
    run_build(root)
    third = run("deploy", "--no-check")
    assert {one["path"] for one in third["changes"] if one["reason"] == "RETRACTED"} == files  # type: ignore[attr-defined]
    assert not files & {entry.key for entry in bucket.list()}
    assert run("deploy", "--no-check")["changes"] == []
    run("rollback", str(first["release"]), expect=1)
    came = [one for one in run("audit", "show")["entries"] if one["event"] == "published"][-1]  # type: ignore[attr-defined]
    assert set(barred["pixels"]) <= set(came["gone"]) and came["pictures"]  # type: ignore[call-overload]

    run("retract", "boat", "--lift", "--reason", "licence bought")
    edit(root, "briefs/boat.yaml", "#123456", "#b03a2e")
    run_build(root)
    run("deploy", "--no-check")
    assert files <= {entry.key for entry in bucket.list()}
    assert run("retract", "boat", "--reason", "once more")["releases"][-1] == run("releases")["releases"][0]["id"]  # type: ignore[index]
    edit(root, "briefs/boat.yaml", "#b03a2e", "#123456")
    run_build(root)
    run("deploy", "--no-check")
    assert not files & {entry.key for entry in bucket.list()}, "retracted a second time, it goes a second time"


def test_the_store_keeps_what_releases_show(tmp_path: Path) -> None:
    """A picture that a kept release shows survives a collection, though the lock knows it no more."""
    target = '\n[targets.production]\nkind = "local"\naddress = "www"\n'
    root = write_project(tmp_path, {"aibild.toml": CONFIG + target})
    run_build(root)
    assert aibild("deploy", "-q", "--no-check", cwd=root).returncode == 0
    edit(root, "briefs/boat.yaml", "#b03a2e", "#123456")
    (root / "aibild.lock").unlink()
    (root / "aibild.audit.jsonl").unlink()
    run_build(root)
    assert aibild("releases", cwd=root).returncode == 0
    assert aibild("cache", "gc", "--grace-days", "0", cwd=root).returncode == 0
    kept = aibild("restore", "boat", "--to", "back", cwd=root)
    assert kept.returncode == 0 and (root / "back/master.png").is_file(), kept.stderr
    (root / ".aibild/published-production.json").unlink()
    assert aibild("cache", "gc", "--grace-days", "0", cwd=root).returncode == 0
    lost = aibild("restore", "boat", "--to", "lost", cwd=root)
    assert lost.returncode == 1 and "lacking: the" in lost.stderr
    unknown = aibild("restore", "baot", cwd=root)
    assert unknown.returncode == 3 and "did you mean `boat`?" in unknown.stderr
