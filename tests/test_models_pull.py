"""Models from a hub: fetched at a pinned revision, gone on with after a cut, refused when their bytes are others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import Hub, hub
from tests.support.project import write_project
from tests.test_sdxl_weights import pipeline

pytestmark = pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="needs the extra `sdxl`")

REPO = "harbour/base"
FILE = "unet/model.safetensors"


@pytest.fixture
def served() -> Iterator[Hub]:
    with hub() as found:
        yield found


def model(folder: Path, filling: bytes = b"first", large: int = 400_000) -> Path:
    """A pipeline whose UNet is large enough to be cut in the middle."""
    pipeline(folder)
    unet = folder / FILE
    header = json.dumps({"conv_in.weight": {"dtype": "U8", "shape": [large], "data_offsets": [0, large]}}).encode()
    unet.write_bytes(len(header).to_bytes(8, "little") + header + (filling * large)[:large])
    (folder / "README.md").write_text("A card.\n")
    (folder / "sample.bin").write_bytes(b"not wanted")
    return folder


def site(root: Path, revision: str) -> Path:
    write_project(root)
    with (root / "aibild.toml").open("a") as file:
        file.write(f'\n[models.base]\nhub = "{REPO}"\nrevision = "{revision}"\nlicense = "openrail++"\n')
    return root


def aibild(root: Path, served: Hub, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": served.url,
        "HF_HOME": str(root / "hub"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_ETAG_TIMEOUT": "5",
    }
    environment.pop("HF_HUB_CACHE", None)
    command = [sys.executable, "-m", "aibild_build", *arguments, "--root", str(root), "--json"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def row(root: Path, served: Hub) -> dict[str, Any]:
    (found,) = json.loads(aibild(root, served, "models", "list").stdout)["models"]
    return dict(found)


def test_a_model_is_pulled_at_its_revision(served: Hub, tmp_path: Path) -> None:
    commit = served.publish(REPO, "v1", model(tmp_path / "one"))
    root = site(tmp_path / "site", "v1")
    assert row(root, served)["here"] is False
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout)["folder"])
    assert folder.name == commit
    assert (folder / FILE).read_bytes() == (tmp_path / "one" / FILE).read_bytes()
    assert not (folder / "sample.bin").exists(), "only what is loaded is fetched"
    first = row(root, served)
    assert (first["here"], first["kind"], first["lock"]) == (True, "sdxl", "absent")
    requests = len(served.asked)
    # the hub moves the tag: what was pulled stays what it is until it is pulled again, and the lock notices
    assert aibild(root, served, "models", "update", "base").returncode == 0
    served.publish(REPO, "v1", model(tmp_path / "two", b"other"))
    assert row(root, served)["fingerprint"] == first["fingerprint"]
    assert len(served.asked) == requests, "nothing but `pull` asks a network"
    assert aibild(root, served, "models", "pull", "base").returncode == 0
    moved = row(root, served)
    assert moved["lock"] == "differs"


def test_a_commit_never_moves(served: Hub, tmp_path: Path) -> None:
    commit = served.publish(REPO, "main", model(tmp_path / "one"))
    root = site(tmp_path / "site", commit)
    assert aibild(root, served, "models", "pull", "base").returncode == 0
    before = row(root, served)["fingerprint"]
    served.publish(REPO, "main", model(tmp_path / "two", b"other"))
    assert aibild(root, served, "models", "pull", "base").returncode == 0
    assert row(root, served)["fingerprint"] == before


def test_a_cut_connection_is_gone_on_with(served: Hub, tmp_path: Path) -> None:
    """Within one pull a file goes on where it broke off; the hub's library keeps it by pieces of 10 MiB."""
    served.publish(REPO, "v1", model(tmp_path / "one", large=14 << 20))
    served.cut_after = 12 << 20
    root = site(tmp_path / "site", "v1")
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 0, done.stderr
    assert served.ranges(FILE) == ["", f"bytes={10 << 20}-"]
    assert (Path(json.loads(done.stdout)["folder"]) / FILE).read_bytes() == (tmp_path / "one" / FILE).read_bytes()


def test_a_pull_that_failed_keeps_the_files_that_were_whole(served: Hub, tmp_path: Path) -> None:
    served.publish(REPO, "v1", model(tmp_path / "one"))
    served.cut_after = 150_000
    root = site(tmp_path / "site", "v1")
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 3 and "model `base` could not be pulled" in done.stderr
    assert "is not whole: unet has no .safetensors weights" in row(root, served)["fault"], "half a model is none"
    served.cut_after = None
    served.asked.clear()
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 0, done.stderr
    assert served.ranges(FILE) == [""] and served.ranges("vae/config.json") == []


@pytest.mark.parametrize("file", [FILE, "unet/config.json"])
def test_other_bytes_than_promised_are_refused(served: Hub, tmp_path: Path, file: str) -> None:
    served.publish(REPO, "v1", model(tmp_path / "one"))
    served.damage = file
    root = site(tmp_path / "site", "v1")
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 3
    assert f"model `base`: expected {file} with digest " in done.stderr and "Traceback" not in done.stderr
    served.damage = ""
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 0, "what was wrong is fetched anew"
    assert (Path(json.loads(done.stdout)["folder"]) / file).read_bytes() == (tmp_path / "one" / file).read_bytes()


@pytest.mark.parametrize("repo,revision", [("harbour/base", "v9"), ("harbour/none", "v1")])
def test_what_the_hub_does_not_have(served: Hub, tmp_path: Path, repo: str, revision: str) -> None:
    served.publish(REPO, "v1", model(tmp_path / "one"))
    root = site(tmp_path / "site", "v1")
    text = (
        (root / "aibild.toml").read_text().replace(f'hub = "{REPO}"\nrevision = "v1"', f'hub = "{repo}"\nrevision = "{revision}"')
    )
    (root / "aibild.toml").write_text(text)
    done = aibild(root, served, "models", "pull", "base")
    assert done.returncode == 3
    assert "aibild: error: model `base` could not be pulled" in done.stderr and "Traceback" not in done.stderr
