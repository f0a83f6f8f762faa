"""A small project for tests: two languages, three pages each, flat pictures. Fast to build, whole in every other respect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aibild_build.build import Options, build
from aibild_build.model import Report

TODAY = "2026-11-23"

CONFIG = """\
[site]
name = "Harbour"
description = {en = "A small harbour", de = "Ein kleiner Hafen"}
base_url = "https://harbour.example/"
languages = ["en", "de"]

[site.organisation]
name = "Harbour Office"
url = "https://harbour.example/"

[menus]
main = [{page = ""}, {page = "boats"}]

[slots.hero]
priority = true
also = ["card"]
breakpoints = [{min = 0, ratio = "4:5", width = "100vw"}, {min = 640, ratio = "16:9", width = "100vw", max = "640px"}]

[slots.card]
breakpoints = [{min = 0, ratio = "3:2", width = "160px"}]

[slots.prose]
breakpoints = [{min = 0, ratio = "16:9", width = "100vw", max = "320px"}]

[images]
formats = ["avif", "webp", "jpeg"]
creator = "Harbour Office"
credit = "Harbour Office"
copyright = "© Harbour Office"
license = "https://harbour.example/boats/"

[images.quality]
avif = 40

[briefs]
engine = "flat"

[gates.blank]
level = "off"
"""

FILES: Mapping[str, str] = {
    "aibild.toml": CONFIG,
    "briefs/quay.yaml": (
        "subject: a quay at dawn\nlight: low sun\nsize: [640, 360]\nparameters:\n  colour: '#2a6478'\n"
        "alt:\n  en: A quay at dawn\n  de: Ein Kai im Morgenlicht\n"
    ),
    "briefs/boat.yaml": (
        "subject: a red boat\nsize: [640, 360]\nparameters:\n  colour: '#b03a2e'\ncredit: The Boatyard\n"
        "alt:\n  en: A red boat\n  de: Ein rotes Boot\n"
    ),
    "site/index.md": "---\ntitle: Harbour\ndescription: A small harbour.\nhero: quay\n---\n\nSee the [boats](boats.md).\n",
    "site/boats.md": (
        '---\ntitle: Boats\ndescription: All boats.\nhero: boat\n---\n\n## Red\n\n![A red boat](brief:boat "At rest")\n'
    ),
    "site/tides.md": "---\ntitle: Tides\ndescription: When the water comes.\nhero: quay\n---\n\nTwice a day.\n",
    "site/de/index.md": ("---\ntitle: Hafen\ndescription: Ein kleiner Hafen.\nhero: quay\n---\n\nZu den [Booten](boats.md).\n"),
    "site/de/boats.md": "---\ntitle: Boote\ndescription: Alle Boote.\nhero: boat\n---\n\n## Rot\n\nEin Boot.\n",
    "site/de/tides.md": "---\ntitle: Gezeiten\ndescription: Wann das Wasser kommt.\nhero: quay\n---\n\nZweimal am Tag.\n",
    "site/static/note.txt": "passed through\n",
}


def write_project(root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write the project into `root`; `changes` replaces files, None leaves one out."""
    for path, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return root


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Replace text in one file of the project; it must be there."""
    text = (root / path).read_text(encoding="utf-8")
    assert old in text, f"{path} has no {old!r}"
    (root / path).write_text(text.replace(old, new), encoding="utf-8")


def run_build(root: Path, *, today: str = TODAY, **options: object) -> Report:
    """Build in this process."""
    return build(Options(root=root, crew="inline", **options), today=today)  # type: ignore[arg-type]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and modification time of every file: unchanged means untouched."""
    found = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in sorted(found.items())}
