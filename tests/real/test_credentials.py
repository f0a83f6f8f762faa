"""Outside judges on the signatures of our own site: a verifier that shares no code with the signer, and exiftool.

Both, and `aibild verify`, must agree on every file, on good ones and on copies that were tampered with.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from aibild_build.imagefile.manifest import verify_manifest
from aibild_build.imagefile.media import media_type_of
from tests.real.conftest import Built, signing
from tests.support.judges import absent, command
from tests.support.project import FILES, write_project

FORMATS = (".avif", ".webp", ".jpg")


@pytest.fixture(scope="module")
def root(built: Built) -> str:
    """The root certificate of the chain that signed our own site."""
    return (built.output.parent / "data/aibild/credentials/root.pem").read_text()


@pytest.fixture(scope="module")
def outside() -> Any:
    if find_spec("encypher_c2pa") is None:
        absent("`encypher-c2pa` is not installed (pip install 'aibild[dev]')")
    return import_module("encypher_c2pa")


def says(outside: Any, data: bytes, media_type: str, root: str) -> bool:
    """Whether the outside verifier holds the file for whole and signed by that root's chain."""
    found = outside.verify(data, media_type, trust_pem=root)
    return bool(
        found["integrity"] == "valid"
        and found["signature"] == "valid"
        and found["hard_binding"] == "match"
        and found["trust"]["status"] == "valid_for_supplied_material"
    )


def renditions(built: Built) -> list[Path]:
    return [path for path in built.renditions() if path.parent.name == "pictures"]


def damaged(data: bytes) -> Iterator[bytes]:
    """A bit turned in the pixels, a byte lost in the middle, a byte added there, and an end cut off.

    A manifest has padding that nothing signs, and in the smallest files it is the middle: bits are turned where no manifest is.
    """
    middle = len(data) // 2
    pixels = len(data) // 5 if data.startswith(b"RIFF") else len(data) * 9 // 10
    yield data[:pixels] + bytes([data[pixels] ^ 1]) + data[pixels + 1 :]
    yield data[:middle] + data[middle + 1 :]
    yield data[:middle] + b"\0" + data[middle:]
    yield data[: middle + middle // 2]


def test_both_verifiers_trust_every_file(built: Built, outside: Any, root: str) -> None:
    files = renditions(built)
    assert {path.suffix for path in files} >= set(FORMATS)
    for path in files:
        data, media_type = path.read_bytes(), media_type_of(path.name)
        assert says(outside, data, media_type, root), path
        assert verify_manifest(data, media_type, trust=root).state == "trusted", path


def test_verify_says_the_same(built: Built) -> None:
    ask = [sys.executable, "-m", "aibild_build", "verify", str(built.output), "--root", str(built.project), "--signed"]
    run = subprocess.run(
        [*ask, "--output", str(built.output), "--json"],
        capture_output=True,
        text=True,
        env=signing(built.output.parent / "data"),
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    files = [one for one in json.loads(run.stdout)["files"] if "/pictures/" in one["file"]]
    assert len(files) == len(renditions(built))
    assert {(one["credential"], one["lock"]) for one in files} == {("trusted", "equal")}


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_of_them_notice_damage(built: Built, outside: Any, root: str, suffix: str) -> None:
    files = sorted((path for path in renditions(built) if path.suffix == suffix), key=lambda path: path.stat().st_size)
    for path in (files[0], files[len(files) // 2], files[-1]):
        for data in damaged(path.read_bytes()):
            media_type = media_type_of(path.name)
            assert verify_manifest(data, media_type, trust=root).state == "invalid"
            try:
                assert not says(outside, data, media_type, root)
            except (ValueError, RuntimeError) as refused:  # what it cannot read at all, it refuses
                assert str(refused)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_foreign_root_trusts_nothing(built: Built, outside: Any, suffix: str, tmp_path: Path) -> None:
    signing(tmp_path)
    other = (tmp_path / "aibild/credentials/root.pem").read_text()
    path = next(path for path in renditions(built) if path.suffix == suffix)
    assert not says(outside, path.read_bytes(), media_type_of(path.name), other)
    assert verify_manifest(path.read_bytes(), media_type_of(path.name), trust=other).state == "valid"


def test_exiftool_reads_manifest_and_marks(built: Built) -> None:
    """The marks in every format; of manifests this judge knows only those of JPEG."""
    ask = [
        command("exiftool"),
        "-json",
        "-G1",
        "-a",
        "-XMP-iptcExt:DigitalSourceType",
        "-XMP-dc:Creator",
        "-JUMBF:all",
        "-CBOR:all",
    ]
    files = [next(path for path in renditions(built) if path.suffix == suffix) for suffix in FORMATS]
    found = json.loads(subprocess.run([*ask, *map(str, files)], capture_output=True, text=True).stdout)
    for one in found:
        assert one["XMP-iptcExt:DigitalSourceType"].startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")
        assert one["XMP-dc:Creator"]
    assert "c2pa.created" in json.dumps(found[-1])


def test_linked_manifests_are_found_whole(outside: Any, tmp_path: Path) -> None:
    config = FILES["aibild.toml"] + '\n[credentials]\ncertificate = "test"\npolicy = "link"\n'
    project = write_project(tmp_path / "site", {"aibild.toml": config})
    environment = signing(tmp_path / "data")
    subprocess.run([sys.executable, "-m", "aibild_build", "build", "-q", "--root", str(project)], env=environment, check=False)
    root = (tmp_path / "data/aibild/credentials/root.pem").read_text()
    pairs = 0
    for path in sorted((project / "dist/pictures").glob("*")):
        if path.suffix in (".jpg", ".webp"):
            link = verify_link(path)
            found = outside.verify(
                path.read_bytes(), media_type_of(path.name), trust_pem=root, manifest_store=(path.parent / link).read_bytes()
            )
            assert (found["integrity"], found["hard_binding"]) == ("valid", "match")
            pairs += 1
    assert pairs > 10


def verify_link(path: Path) -> str:
    """The name of the manifest that a file's XMP points to."""
    from aibild_build.imagefile import fields, probe

    return fields(probe(path.read_bytes()))["dcterms:provenance"].rpartition("/")[2]
