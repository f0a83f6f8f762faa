"""The sites under `tests/sites_invalid`: for each rule the smallest that breaks it, and one that keeps it.

A folder has `bad/` and `good/`, `expected.json` with the findings on the first, `check.toml` beside a site's pages where it needs
settings, and `make.json` for files that would be a burden in version control: `pictures` (flat colour; `[width, height]`, or with
`format` and `bytes` to pad to, `xmp` fields, `orientation`, `gps`, `mode`, `profile`), `texts` (with `repeat` and `times`, or
`encoding`) and `links` (symbolic ones), for both sites or under `bad` or `good`.
"""

from __future__ import annotations

import io
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from aibild_build.check import check_site
from aibild_build.config import read_check_config
from aibild_build.model import Finding

SITES = Path(__file__).parents[1] / "sites_invalid"
TODAY = "2026-11-23"


def write_site(rule: str, kind: str, folder: Path) -> Path:
    """Put the `bad` or `good` site of a rule into `folder`."""
    source = SITES / rule
    folder.mkdir(parents=True, exist_ok=True)
    if (source / kind).is_dir():
        shutil.copytree(source / kind, folder, dirs_exist_ok=True)
    recipe = json.loads((source / "make.json").read_text("utf-8")) if (source / "make.json").exists() else {}
    for part in (recipe, recipe.get(kind, {})):
        for name, wanted in part.get("pictures", {}).items():
            _write(folder / name, picture(name, wanted))
        for name, wanted in part.get("texts", {}).items():
            _write(folder / name, _text(wanted))
        for name, target in part.get("links", {}).items():
            (folder / name).symlink_to(target)
    return folder


def findings(rule: str, kind: str, folder: Path, *, only: bool = True) -> tuple[Finding, ...]:
    """What a check says of a rule's site; waivers' rules are judged only when all rules are asked."""
    site = write_site(rule, kind, folder)
    settings = site / "check.toml"
    config, faults = read_check_config(settings) if settings.exists() else (None, ())
    assert faults == ()
    asked = () if config is not None or not only else (rule,)
    report = check_site(site, config, today=TODAY, only=asked)
    return tuple(finding for finding in report.findings if finding.rule == rule or not only)


def told(finding: Finding) -> dict[str, Any]:
    """A finding as `expected.json` has it."""
    assert finding.origin is not None
    row = {"path": finding.origin.path, "line": finding.origin.line, "selector": finding.selector, "message": finding.message}
    return {**row, "level": finding.level.value, "measured": finding.measured, "limit": finding.limit}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _text(wanted: Any) -> bytes:
    if isinstance(wanted, str):
        return wanted.encode()
    if "repeat" in wanted:
        return str(wanted["repeat"]).encode() * int(wanted["times"])
    return str(wanted["text"]).encode(wanted["encoding"])


def picture(name: str, wanted: Any) -> bytes:
    """An image file of flat colour; its format follows its name unless `format` says otherwise."""
    size = wanted if isinstance(wanted, list) else wanted["size"]
    options = {} if isinstance(wanted, list) else wanted
    kind = options.get("format") or {"jpg": "jpeg"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
    data = _encoded(kind, int(size[0]), int(size[1]), json.dumps(options, sort_keys=True))
    short = int(options.get("bytes", 0)) - len(data)
    if short > 0 and kind == "avif":
        return data + short.to_bytes(4) + b"free" + bytes(short - 8)
    return data + bytes(max(0, short))


@cache
def _encoded(kind: str, width: int, height: int, embedded: str) -> bytes:
    import pillow_avif  # noqa: F401
    from PIL import Image

    file = io.BytesIO()
    wanted = json.loads(embedded)
    options: dict[str, Any] = {"avif": {"speed": 10}, "webp": {"method": 0}}.get(kind, {})
    if "xmp" in wanted:
        options["xmp"] = _packet(wanted["xmp"])
    if "profile" in wanted:
        options["icc_profile"] = bytes(128) + str(wanted["profile"]).encode()
    if "orientation" in wanted or "gps" in wanted:
        options["exif"] = _exif(wanted)
    mode = str(wanted.get("mode", "RGB"))
    Image.new("RGB", (width, height), (40, 100, 120)).convert(mode).save(file, kind, **options)
    return file.getvalue()


def _packet(fields: dict[str, str]) -> bytes:
    """XMP with these fields as attributes; `padding` says how many blanks follow."""
    from aibild_build.imagefile import NAMESPACES

    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    said = " ".join(f'{name}="{value}"' for name, value in fields.items() if name != "padding")
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    text = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}"><rdf:Description {spaces} {said}/></rdf:RDF></x:xmpmeta>'
    )
    return (text + " " * int(fields.get("padding", 0))).encode()


def _exif(wanted: dict[str, Any]) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = int(wanted.get("orientation", 1))
    if wanted.get("gps"):
        exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()
