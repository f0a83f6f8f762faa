"""Reference decoders and exiftool read every rendition of every format."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Built
from tests.support.judges import ask, command
from tests.support.references import read_html

_WANTED = (
    "XMP-iptcExt:DigitalSourceType",
    "XMP-dc:Creator",
    "XMP-photoshop:Credit",
    "XMP-dc:Rights",
    "XMP-xmpRights:WebStatement",
)
_DECODED = (".avif", ".webp", ".webp decoded", ".jpg")
_MAGIC: dict[str, Callable[[bytes], bool]] = {
    ".avif": lambda head: head[4:12] == b"ftypavif",
    ".webp": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    ".jpg": lambda head: head[:3] == b"\xff\xd8\xff",
    ".png": lambda head: head[:8] == b"\x89PNG\r\n\x1a\n",
}


def fields(files: Sequence[Path]) -> list[dict[str, Any]]:
    """What exiftool reads from each file."""
    listing = "\n".join(map(str, files))
    run = ask(
        [command("exiftool"), "-json", "-G1", "-n", "-a", "-XMP:all", "-IPTC:all", "-EXIF:all", "-GPS:all", "-Error", "-@", "-"],
        stdin=listing,
    )
    read: list[dict[str, Any]] = json.loads(run.stdout)
    return read


def refused(files: Sequence[Path], decoder: Sequence[str]) -> list[str]:
    """A line for each file that a decoder does not accept without a warning. `{}` in the command stands for the file."""

    def decode(file: Path) -> str:
        run = ask([part.replace("{}", str(file)) for part in decoder])
        return "" if run.returncode == 0 else f"{file.name}: {(run.stderr or run.stdout).strip()[:200]}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [line for line in pool.map(decode, files) if line]


def decoder(kind: str) -> list[str]:
    """The reference decoder's command for a format, its output thrown away. WebP has two: `webpinfo` reads headers only."""
    if kind == ".avif":
        return [command("avifdec"), "--info", "{}"]
    if kind == ".webp":
        return [command("webpinfo"), "-quiet", "{}"]
    if kind == ".webp decoded":
        return [command("dwebp"), "-quiet", "{}", "-ppm", "-o", os.devnull]
    return [command("djpeg"), "-strict", "-outfile", os.devnull, "{}"]


@pytest.fixture(scope="module")
def read(built: Built) -> dict[str, dict[str, Any]]:
    """exiftool's reading by address relative to the output."""
    files = built.renditions()
    return {
        file.relative_to(built.output).as_posix(): found
        for file, found in zip(files, sorted(fields(files), key=lambda found: Path(str(found["SourceFile"]))), strict=True)
    }


@pytest.mark.parametrize("kind", _DECODED)
def test_decoders_accept_every_rendition(built: Built, kind: str) -> None:
    files = [path for path in built.renditions() if path.suffix == kind.split()[0]]
    assert files
    assert refused(files, decoder(kind)) == []


def test_names_say_what_the_bytes_are(built: Built) -> None:
    assert [path.name for path in built.renditions() if not _MAGIC[path.suffix](path.read_bytes()[:16])] == []


def test_every_rendition_says_what_it_is_and_whose(read: dict[str, dict[str, Any]]) -> None:
    missing = [f"{path}: {name}" for path, found in read.items() for name in _WANTED if not found.get(name)]
    assert missing == []
    assert [path for path, found in read.items() if "ExifTool:Error" in found] == []


def test_source_types_are_of_the_newscodes_list(read: dict[str, dict[str, Any]]) -> None:
    prefix = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    assert [path for path, found in read.items() if not str(found[_WANTED[0]]).startswith(prefix)] == []


def test_no_rendition_tells_a_place(read: dict[str, dict[str, Any]]) -> None:
    assert [path for path, found in read.items() if any(name.startswith("GPS") or ":GPS" in name for name in found)] == []


def test_structured_data_says_what_the_file_says(built: Built, read: dict[str, dict[str, Any]]) -> None:
    """Credit, rights, licence and source type are the same in a page's JSON-LD and in the file that it names."""
    compared = 0
    for page in built.pages():
        for text in read_html(page.read_text("utf-8")).jsonld:
            for node in json.loads(text)["@graph"]:
                if node["@type"] != "ImageObject" or node.get("contentUrl", "").removeprefix(built.base_url) not in read:
                    continue
                compared += 1
                found = read[node["contentUrl"].removeprefix(built.base_url)]
                kind = str(found["XMP-iptcExt:DigitalSourceType"]).rpartition("/")[2]
                kind = {"digitalCreation": "digitalArt"}.get(kind, kind)  # schema.org keeps the name that IPTC has given up
                assert node["digitalSourceType"].lower() == f"https://schema.org/{kind}DigitalSource".lower()
                assert node["license"] == found["XMP-xmpRights:WebStatement"]
                assert node["creditText"] == found["XMP-photoshop:Credit"]
                assert node["copyrightNotice"] == found["XMP-dc:Rights"]
    assert compared > 0


@pytest.mark.parametrize("kind", _DECODED)
def test_the_decoders_see_a_torn_file(built: Built, tmp_path: Path, kind: str) -> None:
    whole = next(path for path in built.renditions() if path.suffix == kind.split()[0]).read_bytes()
    torn = tmp_path / "torn"
    torn.write_bytes(whole[: len(whole) // 2])
    assert len(refused([torn], decoder(kind))) == 1


def test_exiftool_sees_a_bare_file(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "bare.jpg")
    assert not any(name in fields([tmp_path / "bare.jpg"])[0] for name in _WANTED)
