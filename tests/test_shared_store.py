"""The shared store at work: whole builds of a small project on machines that have nothing in common but a bucket."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aibild_build.bucket import open_bucket
from aibild_build.build import Options, build
from aibild_build.build.share import build_share
from aibild_build.build.upkeep import store_key
from aibild_build.canonical import digest_of
from aibild_build.check import check_site
from aibild_build.check.recorded import RecordedSite
from aibild_build.config import read_config
from aibild_build.errors import StoreError
from aibild_build.model import Report
from aibild_build.plan import plan
from aibild_build.plan.shared import bytes_of, open_shared
from aibild_build.store import new_key
from tests.support import proxy
from tests.support.buckets import Server, free_ports
from tests.support.project import CONFIG, TODAY, edit, tree, write_project

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
    """Checkouts around one bucket; `first` built the site and gave what it made."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, address: str) -> None:
        self.folder, self.patch, self._count = folder, patch, 0
        store = f'[store]\nremote = "{address}"\ntrusted = ["{PUBLIC}"]\n'
        self.first = Machine(write_project(folder / "first", {"aibild.toml": CONFIG + store}), patch)
        self.made = self.first.build(key=PEM)

    def new(self) -> Machine:
        """A checkout of what version control has: sources and lock."""
        self._count += 1
        root = self.folder / f"checkout-{self._count}"
        shutil.copytree(self.first.root, root, ignore=shutil.ignore_patterns(".aibild", "dist"))
        return Machine(root, self.patch)


@pytest.fixture(scope="module")
def machines(seaweed: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Their environment has the reader's credentials, but for the first build."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in seaweed.environ.items():
            patch.setenv(name, value)
        built = Machines(tmp_path_factory.mktemp("machines"), patch, seaweed.address("cache", "harbour"))
        for name, value in seaweed.readers.items():
            patch.setenv(name, value)
        yield built


def test_what_one_machine_made_no_other_makes(machines: Machines) -> None:
    assert machines.made.made.picture == 2 and machines.made.made.rendition > 0
    second = machines.new()
    report = second.build(frozen=True)
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert second.site() == machines.first.site()
    assert any("reads only, took" in line for line in second.said)
    assert plan(second.root, today=TODAY).made.picture == 0


def test_a_lazy_build_downloads_no_image_byte(machines: Machines, seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = machines.first.site()
    pictures = {path for path in whole if path.endswith(PICTURES)}
    assert pictures and all(whole[path] for path in pictures)
    second = machines.new()
    with proxy.before(seaweed.endpoint) as between:
        monkeypatch.setenv("AIBILD_STORE_REMOTE", seaweed.address("cache", "harbour").replace(seaweed.endpoint, between.url))
        report = second.build(frozen=True, lazy_bytes=True)
        assert (report.made.picture, report.made.rendition) == (0, 0)
        assert between.bytes_of("/cas/") == 0, "no byte of a picture came"
        assert between.bytes_of("/v1/") > 0 and len(between.passed) < 40, "records came, together"
        lazy = second.site()
        assert set(whole) - set(lazy) == pictures and {path: whole[path] for path in lazy} == lazy
        told = json.loads((second.root / "dist/.aibild/lazy.json").read_bytes())["files"]
        assert {path: digest_of(whole[path]) for path in pictures} == told
        config = read_config(second.root)[0]
        assert config is not None
        findings = [check_site(one.root / "dist", config, today=TODAY).findings for one in (second, machines.first)]
        assert findings[0] == findings[1], "what the records say of pictures is enough to judge them"
        store = open_shared(config, os.environ, time.monotonic)
        path = min(pictures)
        assert bytes_of(store, told[path]) == whole[path], "a deploy asks for what its host lacks"
        assert between.bytes_of("/cas/") == len(whole[path])
        with pytest.raises(StoreError, match="neither here nor in the shared store"):
            bytes_of(store, "0" * 64)
        full = second.build(frozen=True)
        assert second.site() == whole and full.written == len(pictures)
        assert not (second.root / "dist/.aibild/lazy.json").exists()


def test_the_run_that_collects_reads_a_pack_of_each_share(
    seaweed: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines with a share each leave their records in one piece; who collects asks for hardly any record by itself."""
    address = seaweed.address("cache", f"shares-{tmp_path.name}")
    for name, value in seaweed.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIBILD_STORE_KEY", PEM.decode())
    sources = {"aibild.toml": f'{CONFIG}\n[store]\nremote = "{address}"\ntrusted = ["{PUBLIC}"]\n'}
    for shard in ("1/2", "2/2"):
        root = write_project(tmp_path / shard[0], sources)
        assert build_share(Options(root=root, crew="inline"), shard, today=TODAY).made.picture == 1
    bucket = open_bucket(address, environ=seaweed.environ)
    shares = [entry.key for entry in bucket.list("v1/packs")]
    assert [name.rpartition("/")[2] for name in shares] == ["1-of-2", "2-of-2"]
    with proxy.before(seaweed.endpoint) as between:
        monkeypatch.setenv("AIBILD_STORE_REMOTE", address.replace(seaweed.endpoint, between.url))
        last = Machine(write_project(tmp_path / "last", sources), monkeypatch)
        report = last.build(key=PEM, lazy_bytes=True)
        single = [path for _, path, _ in between.passed if "/v1/rec/" in path and "list-type" not in path]
    monkeypatch.setenv("AIBILD_STORE_REMOTE", address)
    assert (report.made.picture, report.made.rendition) == (0, 0) and report.outputs > 40
    assert single == [], "every record came in a pack"
    assert [entry.key.count("/") for entry in bucket.list("v1/packs")] == [2], "one pack stands for all shares now"
    second = Machine(write_project(tmp_path / "second", sources), monkeypatch)
    assert second.build(lazy_bytes=True).made.rendition == 0 and second.site() == last.site()


def test_a_check_of_a_lazy_site_by_several_processes(machines: Machines) -> None:
    second = machines.new()
    second.build(frozen=True, lazy_bytes=True)
    config = read_config(second.root)[0]
    assert config is not None
    asked = RecordedSite(second.root / "dist", config.base_url, config, TODAY)
    again = RecordedSite(second.root / "dist", config.base_url, config, TODAY, dict(asked.sizes))
    path = min(path for path in asked.away)
    assert again.facts(path) == asked.facts(path) is not None
    (second.root / "dist" / path).parent.mkdir(parents=True, exist_ok=True)
    (second.root / "dist" / path).write_bytes(b"no picture")
    assert path not in RecordedSite(second.root / "dist", config.base_url, config, TODAY).away, "a file that is there is read"


def test_a_build_goes_on_without_the_network(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("AIBILD_STORE_REMOTE", f"s3://cache/harbour?endpoint=http://127.0.0.1:{port}")
    alone = machines.new()
    report = alone.build()
    assert report.made.picture == 2 and alone.site() == machines.first.site()
    assert len([line for line in alone.said if "shared store" in line]) == 1
    assert alone.said[-1].endswith("does not answer: left alone, the build goes on without it")


def test_a_shared_store_needs_somebody_to_trust(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = machines.new()
    other, _ = new_key()
    with pytest.raises(StoreError, match="does not trust"):
        alone.build(key=other)
    with pytest.raises(StoreError, match="no private key"):
        alone.build(key=b"-----BEGIN nothing")
    with pytest.raises(StoreError, match="letters, digits and hyphens"):
        alone.build(namespace="../main")
    edit(alone.root, "aibild.toml", f'trusted = ["{PUBLIC}"]\n', "")
    with pytest.raises(StoreError, match="none is named"):
        alone.build()
    monkeypatch.setenv("AIBILD_STORE_REMOTE", "off")
    assert alone.build(frozen=False).made.picture == 2


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "store.pem"
    made, public = store_key(file)
    assert made and file.stat().st_mode & 0o777 == 0o600
    assert store_key(file) == (False, public)
    file.write_bytes(b"x")
    with pytest.raises(StoreError, match="no private key"):
        store_key(file)
