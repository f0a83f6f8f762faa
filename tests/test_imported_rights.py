"""Rights that an imported file carries travel on into every file that is cut from it."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from aibild_build.imagefile import fields, probe
from aibild_build.renditions.metadata import embed_arguments
from aibild_build.renditions.metadata.record import Metadata
from tests.support.project import edit, run_build, write_project

PHOTO = Metadata(
    source_type="digitalCapture",
    creator="Ada Photographer",
    credit="Ada Pictures",
    copyright="© Ada",
    license="https://ada.example/licence",
    acquire="",
    licensor_name="",
    created="2020-02-02",
    ai_system="",
    words={},
    keywords=(),
    default_language="en",
)
FIELDS = ("dc:creator", "photoshop:Credit", "dc:rights", "xmpRights:WebStatement", "Iptc4xmpExt:DigitalSourceType")


def project(tmp_path: Path, metadata: Metadata | None) -> Path:
    root = write_project(tmp_path)
    edit(root, "site/tides.md", "Twice a day.", "![The tide mark](tide.jpg)")
    image = Image.effect_mandelbrot((1000, 700), (-2, -1.2, 1, 1.2), 60).convert("RGB")
    if metadata is None:
        image.save(root / "site/tide.jpg", quality=90)
    else:
        xmp, exif = embed_arguments(metadata)
        image.save(root / "site/tide.jpg", quality=90, xmp=xmp, exif=exif)
    return root


def delivered(root: Path) -> list[tuple[str, ...]]:
    files = sorted((root / "dist/pictures").glob("tide-*"))
    assert ".jpg" in {path.suffix for path in files}
    found = [fields(probe(path.read_bytes())) for path in files]
    return sorted({tuple(one.get(name, "") for name in FIELDS) for one in found})


def source_type(name: str) -> str:
    return f"http://cv.iptc.org/newscodes/digitalsourcetype/{name}"


def test_the_files_own_rights_are_kept(tmp_path: Path) -> None:
    root = project(tmp_path, PHOTO)
    run_build(root)
    assert delivered(root) == [
        ("Ada Photographer", "Ada Pictures", "© Ada", "https://ada.example/licence", source_type("digitalCapture"))
    ]
    page = (root / "dist/tides/index.html").read_text()
    assert "Ada Photographer" in page and "https://ada.example/licence" in page


def test_a_sidecar_goes_before_the_file(tmp_path: Path) -> None:
    root = project(tmp_path, PHOTO)
    (root / "site/tide.jpg.yaml").write_text("creator: Bea\ncredit: Bea Pictures\ncopyright: © Bea\n")
    run_build(root)
    assert delivered(root)[0][:4] == ("Bea", "Bea Pictures", "© Bea", "https://ada.example/licence")


def test_a_file_without_rights_takes_the_sites(tmp_path: Path) -> None:
    root = project(tmp_path, None)
    run_build(root)
    assert delivered(root)[0] == (
        "Harbour Office",
        "Harbour Office",
        "© Harbour Office",
        "https://harbour.example/boats/",
        source_type("digitalCreation"),
    )
    index = json.loads((root / "dist/pictures.json").read_bytes())
    assert index["pictures"]["file:site/tide.jpg"]["source_type"] == "digitalCreation"
