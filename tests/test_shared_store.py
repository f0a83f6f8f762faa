"""The shared store at work: whole builds of a small project on machines that have nothing in common but a bucket."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aibild_build.build import Options, build
from aibild_build.check import check_site
from aibild_build.config import read_config
from aibild_build.model import Report
from aibild_build.store import new_key
from tests.support.project import CONFIG, TODAY, tree, write_project

PEM, PUBLIC = new_key()
PICTURES = (".avif", ".webp", ".jpg")


@dataclass
class Notes:
    """A talk that keeps what the user would read."""

    lines: list[str] = field(default_factory=list)

    def begin(self, kind: str, total: int, seconds: float | None) -> None: ...
    def step(self, work: object, done: int, total: int) -> None: ...
    def did(self, work: object, seconds: float, pieces: int) -> None: ...
    def end(self) -> None: ...
    def note(self, message: str) -> None:
        self.lines.append(message)


@dataclass
class Machine:
    """A checkout of its own, with a store of its own."""

    root: Path
    patch: pytest.MonkeyPatch
    said: list[str] = field(default_factory=list)

    def build(self, *, key: bytes | None = None, namespace: str = "", **options: object) -> Report:
        self.patch.setenv("AIBILD_STORE_KEY", key.decode()) if key else self.patch.delenv("AIBILD_STORE_KEY", raising=False)
        self.patch.setenv("AIBILD_STORE_NAMESPACE", namespace)
        notes = Notes()
        try:
            return build(Options(root=self.root, crew="inline", **options), today=TODAY, talk=notes)  # type: ignore[arg-type]
        finally:
            self.said = notes.lines

    def leave(self) -> None:
        """Forget everything but what version control has."""
        shutil.rmtree(self.root / ".aibild")
        shutil.rmtree(self.root / "dist", ignore_errors=True)

    def site(self) -> dict[str, bytes]:
        return {path: data for path, data in tree(self.root / "dist").items() if not path.startswith(".aibild/")}


class Machines:
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, remote: str) -> None:
        self.folder, self.patch, self.remote = folder, patch, remote

    def new(self, name: str, like: Machine | None = None) -> Machine:
        """A checkout; with `like`, of the other's sources and lock."""
        root = self.folder / name
        if like is None:
            store = f'[store]\nremote = "{self.remote}"\ntrusted = ["{PUBLIC}"]\n'
            write_project(root, {"aibild.toml": CONFIG + store})
        else:
            shutil.copytree(like.root, root, ignore=shutil.ignore_patterns(".aibild", "dist"))
        return Machine(root, self.patch)


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch, f"file://{tmp_path}/shared")


def test_what_one_machine_made_no_other_makes(machines: Machines) -> None:
    first = machines.new("first")
    made = first.build(key=PEM)
    assert made.made.picture == 2 and made.made.rendition > 0
    second = machines.new("second", like=first)
    report = second.build(frozen=True)
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert second.site() == first.site()
    assert any("reads only, took" in line for line in second.said)


def test_a_lazy_build_reads_records_alone(machines: Machines) -> None:
    first = machines.new("first")
    first.build(key=PEM)
    second = machines.new("second", like=first)
    report = second.build(frozen=True, lazy_bytes=True)
    assert report.made.rendition == 0 and any("and 0 files" in line for line in second.said)
    whole, lazy = first.site(), second.site()
    pictures = {path for path in whole if path.endswith(PICTURES)}
    assert pictures and set(whole) - set(lazy) == pictures
    assert {path: whole[path] for path in lazy} == lazy
    told = json.loads((second.root / "dist/.aibild/lazy.json").read_bytes())["files"]
    assert set(told) == pictures
    assert not any((second.root / ".aibild/store/cas").glob("*/*"))
    config = read_config(second.root)[0]
    assert config is not None
    for workers in (1, 2):
        findings = check_site(second.root / "dist", config, today=TODAY, workers=workers).findings
        expected = check_site(first.root / "dist", config, today=TODAY, workers=workers).findings
        assert findings == expected
    again = second.build(frozen=True)
    assert second.site() == whole and again.written == len(pictures)
    assert not (second.root / "dist/.aibild/lazy.json").exists()
