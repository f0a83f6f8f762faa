"""`aibild verify` on the command line: files, folders, addresses, what it never fetches, and exit codes."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner, Result

from aibild_build.build.credentials import init_test
from aibild_build.cli import aibild
from tests.support.project import FILES, run_build, write_project


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: object) -> None:
        self.asked.append(self.path)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small project with linked manifests, and a data folder with the chain that signed it."""
    folder = tmp_path_factory.mktemp("verify")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        init_test(os.environ, datetime(2026, 11, 23, tzinfo=UTC))
        config = FILES["aibild.toml"] + '\n[credentials]\ncertificate = "test"\npolicy = "link"\n'
        root = write_project(folder / "site", {"aibild.toml": config})
        run_build(root)
        yield root


@pytest.fixture
def served(project: Path) -> Iterator[str]:
    Quiet.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(project / "dist")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(aibild, ["verify", "--root", str(project), *arguments], catch_exceptions=False)


def test_a_good_folder_is_good(project: Path) -> None:
    done = run(project, str(project / "dist"), "--signed", "--json")
    files = json.loads(done.stdout)["files"]
    assert done.exit_code == 0 and {(one["credential"], one["lock"]) for one in files} == {("trusted", "equal")}
    assert "0 bad" in run(project, str(project / "dist")).stderr


def test_one_file_is_told_in_words(project: Path) -> None:
    done = run(project, str(next((project / "dist/pictures").glob("*.avif"))))
    assert done.exit_code == 0
    for words in ("source type: algorithmicMedia", "holds, by a certificate that is trusted here", "aibild.lock pins"):
        assert words in done.stdout


def test_an_address_is_fetched_and_what_it_points_to_is_not(project: Path, served: str) -> None:
    name = next((project / "dist/pictures").glob("*.jpg")).name
    done = run(project, f"{served}/pictures/{name}", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["files"][0]["credential"] == "linked"
    assert Quiet.asked == [f"/pictures/{name}"]
    assert run(project, f"{served}/pictures/{name}", "--signed").exit_code == 1
    assert run(project, f"{served}/pictures/none.jpg").exit_code == 3


def test_damage_and_nonsense_end_with_one(project: Path, tmp_path: Path) -> None:
    good = next((project / "dist/pictures").glob("*.avif")).read_bytes()
    for name, data in (("cut.avif", good[: len(good) // 2]), ("text.jpg", b"hello"), ("turned.avif", turned(good))):
        (tmp_path / name).write_bytes(data)
        assert run(project, str(tmp_path / name)).exit_code == 1, name
    (tmp_path / "copy.avif").write_bytes(good)
    assert run(project, str(tmp_path / "copy.avif")).exit_code == 0
    assert run(project, str(tmp_path / "nothing.avif")).exit_code == 3


def turned(data: bytes) -> bytes:
    """One bit of the pixels, which lie at the end; the middle of so small a file is its manifest's padding."""
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


def test_it_works_without_project_and_without_certificate(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = next((project / "dist/pictures").glob("*.avif"))
    done = run(tmp_path, str(file), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["files"][0]["credential"] == "valid"
    root = str(Path(os.environ["XDG_DATA_HOME"]) / "aibild/credentials/root.pem")
    assert json.loads(run(tmp_path, str(file), "--json", "--trust", root).stdout)["files"][0]["credential"] == "trusted"
    monkeypatch.setenv("AIBILD_C2PA_CERTIFICATE", "/nowhere/chain.pem")
    assert run(project, str(file)).exit_code == 0
