"""`aibild export feed`: picture columns for a product feed, and records for a media library (DAM).

Takes the folder that `aibild pictures` made, yields `feed.csv` and `pictures.json`, every address in full. It makes no picture
and reads nothing but the records.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ..canonical import canonical
from ..disk import write_atomic
from ..errors import AibildError, OutputError
from ..imagefile.source_types import SOURCE_TYPE_BASE
from ..model import Finding, Json, Level
from .pictures import RECORDS, RECORDS_SCHEMA

COLUMNS = ("id", "image_link", "additional_image_link", "digital_source_type")
MIN_SIDE_PX = 500
MOST_ADDITIONAL = 10  # Google Merchant Center: `additional_image_link` holds up to ten
_HIDDEN = ("markup", "head", "preload", "caption", "placeholder", "style", "sitemap")
_HINT = "run `aibild pictures --out FOLDER` first, and name that folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Rows of the feed, files that were other before, and pictures that no feed takes."""

    rows: int
    written: int
    findings: tuple[Finding, ...]


def export_feed(folder: Path, out: Path) -> Exported:
    """Write both files into `out`. Raises AibildError for a folder without records, OutputError where it cannot be written."""
    records = _read(folder)
    findings: list[Finding] = []
    rows = [row for name, one in sorted(records["pictures"].items()) if (row := _row(name, one, records["base_url"], findings))]
    files = {"feed.csv": _csv(rows), RECORDS: canonical(_for_library(records)) + b"\n"}
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = sum(write_atomic(out / name, data) for name, data in files.items())
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    return Exported(rows=len(rows), written=written, findings=tuple(findings))


def _read(folder: Path) -> dict[str, Any]:
    path = folder / RECORDS
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        version = found["records"]
        ours = isinstance(found["pictures"], dict) and isinstance(found["base_url"], str)
    except OSError as error:
        raise AibildError(f"cannot read {path}: {error.strerror or error}", hint=_HINT) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AibildError(f"expected records of pictures in {path}, got something else", hint=_HINT) from error
    if version != RECORDS_SCHEMA or not ours:
        raise AibildError(f"expected records of version {RECORDS_SCHEMA} in {path}, got {version}", hint=_HINT)
    return found


def _row(name: str, record: Mapping[str, Any], base_url: str, findings: list[Finding]) -> dict[str, str]:
    """One line of the feed; nothing where no JPEG is large enough."""
    files = list(_jpegs(record))
    large = [(url, *size) for url, size in dict(files).items() if min(size) >= MIN_SIDE_PX]
    if not large:
        sizes = [size for _, size in files]
        width, height = max(sizes, key=min) if sizes else (0, 0)
        findings.append(
            Finding(
                rule="feed-picture-small",
                level=Level.ERROR,
                message=f"expected a JPEG of at least {MIN_SIDE_PX} px on both sides for `{name}`, got {width}×{height}",
                subject=name,
                measured=min(width, height),
                limit=MIN_SIDE_PX,
                hint="ask for a larger picture (`size` in its brief), or cut it for a wider slot",
            )
        )
        return {}
    # Square first, as shops show products; among equals the largest.
    large.sort(key=lambda one: (abs(one[1] - one[2]) * 100 // max(one[1], one[2]), -one[1], one[0]))
    urls = [urljoin(base_url, url) for url, _, _ in large]
    return {
        "id": name,
        "image_link": urls[0],
        "additional_image_link": ",".join(urls[1 : 1 + MOST_ADDITIONAL]),
        "digital_source_type": SOURCE_TYPE_BASE + record["source_type"] if record.get("source_type") else "",
    }


def _jpegs(record: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every JPEG that stands for the whole picture: cuts for structured data, and the largest file of each slot."""
    for slot in record["slots"].values():
        for cut in slot["structured"]:
            if cut["type"] == "image/jpeg":
                yield cut["url"], (cut["width"], cut["height"])
        if slot["fallback"]["type"] == "image/jpeg":
            yield slot["src"]["url"], (slot["src"]["width"], slot["src"]["height"])


def _csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def _for_library(records: Mapping[str, Any]) -> dict[str, Json]:
    """The same records without what only pages need, each address in full."""
    base = str(records["base_url"])
    pictures: dict[str, Json] = {}
    for name, record in records["pictures"].items():
        slots = {
            slot: _full({key: value for key, value in found.items() if key not in _HIDDEN}, base)
            for slot, found in record["slots"].items()
        }
        pictures[name] = {**record, "slots": slots}
    urls: dict[str, Json] = {urljoin(base, url): name for url, name in records["urls"].items()}
    return {**records, "pictures": pictures, "urls": urls}


def _full(value: Json, base: str) -> Json:
    """JSON in which every `url` is an address in full."""
    if isinstance(value, Mapping):
        return {
            key: urljoin(base, item) if key == "url" and isinstance(item, str) else _full(item, base)
            for key, item in value.items()
        }
    return [_full(item, base) for item in value] if isinstance(value, list) else value
