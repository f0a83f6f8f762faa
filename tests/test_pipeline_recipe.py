"""The pipeline of the guide, as printed there: the shell form is run against a real server, the others must say the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml12

from aibild_build.bucket import open_bucket
from aibild_build.build.upkeep import store_key
from tests.support.buckets import Server
from tests.support.cdn import TOKEN, Cdn, cdn
from tests.support.project import CONFIG, edit, tree, write_project

STAGES = ("pictures", "preview", "site")
GUIDES = ("site/guide/pipeline.md", "site/de/guide/pipeline.md")


def _blocks(page: Path, kind: str) -> list[str]:
    text = page.read_text("utf-8").partition("{#pipeline}")[2]
    return re.findall(rf"```{kind}\n(.*?)```", text, re.S)


def _shell(page: Path) -> dict[str, list[str]]:
    return {stage: block.splitlines() for stage, block in zip(STAGES, _blocks(page, "sh"), strict=False)}


def _yaml(page: Path) -> list[Any]:
    return [yaml12.parse_yaml(block) for block in _blocks(page, "yaml")]


def _ours(lines: list[Any]) -> list[str]:
    return [str(line) for line in lines if str(line).startswith("aibild ")]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_form_of_the_recipe_says_the_same(checkout: Path, guide: str) -> None:
    shell = _shell(checkout / guide)
    assert shell == _shell(checkout / GUIDES[0]) and all(shell[stage] == _ours(list(shell[stage])) for stage in STAGES)
    github, gitlab, cache = _yaml(checkout / guide)
    for stage in STAGES:
        assert _ours([step.get("run", "") for step in github["jobs"][stage]["steps"]]) == shell[stage]
        assert _ours(gitlab[stage]["script"]) == shell[stage]
    assert cache[0]["with"]["path"] == ".aibild/store"


@pytest.mark.parametrize("guide", GUIDES)
def test_only_trusted_jobs_hold_the_key(checkout: Path, guide: str) -> None:
    jobs = _yaml(checkout / guide)[0]["jobs"]
    holders = {name for name, job in jobs.items() if "AIBILD_STORE_KEY" in job["env"]}
    assert holders == {name for name, job in jobs.items() if job.get("environment") == "production"} == {"pictures", "site"}
    assert "READ" in jobs["preview"]["env"]["AWS_SECRET_ACCESS_KEY"] and "pull_request" in jobs["preview"]["if"]


def _run(lines: list[str], root: Path, environ: Mapping[str, str]) -> str:
    """The lines as a shell runs them, with the code of this checkout; returns what was said."""
    here = f'aibild() {{ "{sys.executable}" -m aibild_build "$@"; }}\n'
    script = "set -e\n" + here + "\n".join(lines)
    checkout = str(Path(__file__).parents[1])
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIBILD_"))}
    env = {**clean, **environ, "PYTHONPATH": checkout, "AIBILD_CREW": "local"}
    run = subprocess.run(["bash", "-c", script], cwd=root, env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stderr


def test_the_shell_form_runs_from_end_to_end(checkout: Path, seaweed: Server, tmp_path: Path) -> None:
    """SeaweedFS is store and origin; readers come through a cache that keeps what it has until it is told otherwise."""
    with cdn() as edge:
        _from_end_to_end(checkout, seaweed, tmp_path, edge)


def _from_end_to_end(checkout: Path, seaweed: Server, tmp_path: Path, edge: Cdn) -> None:
    shell = _shell(checkout / GUIDES[0])
    _, public = store_key(tmp_path / "store.pem")
    store = f'[store]\nremote = "{seaweed.address("cache", "recipe")}"\ntrusted = ["{public}"]\n'
    targets = "".join(f'[targets.{name}]\naddress = "{seaweed.address("cdn", name)}"\n' for name in ("production", "mirror"))
    targets += f'[targets.production.purge]\nkind = "cloudflare"\nzone = "z1"\nendpoint = "{edge.url}client/v4"\n'
    config = CONFIG.replace("https://harbour.example/", edge.url, 1)
    home = write_project(tmp_path / "home", {"aibild.toml": config + store + targets})
    writer = {**seaweed.environ, "AIBILD_STORE_KEY": str(tmp_path / "store.pem"), "CLOUDFLARE_API_TOKEN": TOKEN}
    edge.bucket = open_bucket(seaweed.address("cdn", "production"), environ=seaweed.environ)

    def checked_out(name: str) -> Path:
        return Path(shutil.copytree(home, tmp_path / name, ignore=shutil.ignore_patterns(".aibild", "dist", "board")))

    _run(shell["pictures"], home, writer)
    preview = checked_out("preview")
    said = _run(shell["preview"], preview, seaweed.readers)
    assert "reads only, took" in said and (preview / "board" / "index.html").is_file()
    first = checked_out("first")
    assert "reads and writes" in _run(shell["site"], first, writer)
    second = checked_out("second")
    said = _run(shell["site"], second, writer)
    assert "and 0 files" in said
    built = {path: data for path, data in tree(first / "dist").items() if not path.startswith(".aibild/")}
    pictures = {path for path in built if path.endswith((".avif", ".webp", ".jpg"))}
    left = set(tree(second / "dist"))
    assert pictures and not pictures & left, "they stay in the shared store"
    assert _shipped(seaweed, "production") == built
    _run(["aibild deploy mirror"], second, writer)
    assert _shipped(seaweed, "mirror") == built, "a deploy fetches what its host lacks"
    assert "through " + edge.url in _run(["aibild deploy production --verify-only"], second, writer)
    edit(home, "site/index.md", "A small harbour.", "A larger harbour.")
    third = checked_out("third")
    _run([*shell["site"], "aibild deploy production --verify-only"], third, writer)
    assert f"{edge.url}index.html" in edge.purged, "the cache had kept the former page"


def _shipped(seaweed: Server, name: str) -> dict[str, bytes]:
    """What visitors can see."""
    bucket = open_bucket(seaweed.address("cdn", name), environ=seaweed.environ)
    entries = [entry.key for entry in bucket.list() if not entry.key.startswith(".aibild/")]
    return {key: found.data for key in entries if (found := bucket.get(key)) is not None}
