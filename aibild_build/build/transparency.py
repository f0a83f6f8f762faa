"""What can be shown of every published picture: its origin, its marks, its approvals. The entry of `aibild report transparency`.

Takes a project and its built site, yields one `Evidence` a picture and what holds for all. Marks are read from the files as they
lie there and signatures verified; nothing is taken from what was meant to be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AibildError
from ..imagefile import is_ai
from ..lock import Lock
from ..model import MASTER, Brief
from ..plan import output_path
from ..plan.models import declared_model
from ..plan.reading import Project, open_project
from .publish import read_marker
from .verify import SIGNABLE, Marks, Said, known_files, verify, with_mark
from .watermarks import marks_of

WATERMARK_PX = 160  # a shorter side below it cannot be relied on, see the docs page "Credentials"
MACHINE_READABLE = ("metadata", "signature", "time stamp", "watermark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A yes to exactly these pixels, as aibild.lock has it."""

    who: str
    role: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the project declares of a model; "" where it says nothing."""

    name: str = ""
    license: str = ""
    training: str = ""
    card: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """In how many files of a picture its own watermark was found. `large` are those of at least `WATERMARK_PX` on each side."""

    found: int
    files: int
    large_found: int
    large: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One picture. `layers` are those marks that every one of its `files` carries, and `visible label` where visitors see one.

    `lacking` are sentences on what this picture lacks;
    `topics` the sensitive topics that guards found in its words.
    """

    picture: str
    asset: str
    pixels: str
    engine: str
    model: Model
    source_type: str
    ai: bool
    people: str
    risk: str
    topics: tuple[str, ...]
    made: str
    pages: tuple[str, ...]
    files: int
    credentials: Mapping[str, int]
    signers: tuple[str, ...]
    layers: tuple[str, ...]
    approvals: tuple[Approved, ...]
    lacking: tuple[str, ...]
    watermark: Watermark | None = None

    @property
    def machine_readable(self) -> int:
        return sum(layer in MACHINE_READABLE for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All pictures of one build; `lock` is the digest of the aibild.lock that it was built from."""

    site: str
    lock: str
    draft: bool
    policy: str
    pictures: tuple[Evidence, ...]


def transparency(root: Path, *, output_dir: Path | None = None, today: str = "") -> Bundle:
    """The evidence of the site as it is built. Raises SourceError, and AibildError where it is not built."""
    project = open_project(root, today=today)
    output = output_dir or output_path(project)
    marker, index = read_marker(output), _index(output)
    if marker is None or index is None:
        raise AibildError(f"expected a built site with pictures.json at {output}", hint="build first, with `pictures_json` on")
    trust = project.signer.trust if project.signer is not None else ""
    marks = marks_of(project.config, os.environ)
    said: dict[str, list[Said]] = {}
    for one in verify([str(output)], known_files(root, output), trust=trust):
        if one.picture and one.format in SIGNABLE:
            said.setdefault(one.picture, []).append(one)
    return Bundle(
        site=project.config.base_url,
        lock=str(marker.get("lock", "")),
        draft=bool(marker.get("draft")),
        policy=project.config.credentials.policy if project.signer is not None else "off",
        pictures=tuple(_evidence(project, name, row, said.get(name, ()), marks) for name, row in sorted(index.items())),
    )


def _index(output: Path) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = json.loads((output / "pictures.json").read_bytes())["pictures"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def _evidence(project: Project, name: str, row: Mapping[str, Any], files: Sequence[Said], marks: Marks) -> Evidence:
    brief = project.site.briefs.get(name)
    pixels, source_type = str(row.get("pixels", "")), str(row.get("source_type", ""))
    ai, pinned = is_ai(source_type), _pinned(project.lock, name)
    model = _model(project, pinned.model if pinned is not None else "", str(row.get("engine", "")))
    approvals = _approvals(project.lock, name, pixels)
    watermark = _watermark(brief, name, files, marks)
    layers = _layers(brief, files, source_type, ai, watermark)
    return Evidence(
        picture=name,
        asset=pixels[:12],
        pixels=pixels,
        engine=str(row.get("engine", "")),
        model=model,
        source_type=source_type,
        ai=ai,
        people=brief.transparency.people if brief is not None else "",
        risk=brief.transparency.risk if brief is not None else "",
        topics=brief.topics if brief is not None else (),
        made=str(row.get("made", "")),
        pages=tuple(str(page) for page in row.get("pages", ())),
        files=len(files),
        credentials={state: sum(one.credential == state for one in files) for state in sorted({one.credential for one in files})},
        signers=tuple(sorted({one.signed_by for one in files if one.signed_by})),
        layers=layers,
        approvals=approvals,
        lacking=tuple(_lacking(ai, brief, model, layers, approvals, files, watermark)),
        watermark=watermark,
    )


def _pinned(lock: Lock, name: str) -> Any:
    asset = lock.briefs.get(name, {}).get(MASTER)
    return asset.picked if asset is not None else None


def _approvals(lock: Lock, name: str, pixels: str) -> tuple[Approved, ...]:
    given = [one for asset in lock.briefs.get(name, {}).values() for one in asset.approvals if one.pixels == pixels]
    return tuple(Approved(who=one.who, role=one.role, when=one.when) for one in given)


def _model(project: Project, name: str, engine: str) -> Model:
    declared = declared_model(project.config, name) if name in project.config.models else None
    if declared is None:
        return Model(name=name or ("" if engine in ("sketch", "imported", "flat") else engine))
    return Model(name=name, license=declared.license, training=declared.training, card=declared.card, owner=declared.owner)


def _watermark(brief: Brief | None, name: str, files: Sequence[Said], marks: Marks) -> Watermark | None:
    """What is found where the brief asks for a mark; None where it does not."""
    if brief is None or not brief.watermark:
        return None
    seen = [with_mark(one, Path(one.file).read_bytes(), marks) for one in files]
    large = [one.watermark == name for one in seen if min(one.width, one.height) >= WATERMARK_PX]
    found = sum(one.watermark == name for one in seen)
    return Watermark(found=found, files=len(seen), large_found=sum(large), large=len(large))


def _layers(
    brief: Brief | None, files: Sequence[Said], source_type: str, ai: bool, watermark: Watermark | None
) -> tuple[str, ...]:
    def all_of(holds: Sequence[bool]) -> bool:
        return bool(holds) and all(holds)

    label = brief is None or brief.transparency.label is not False
    found = {
        "metadata": all_of([one.source_type == source_type for one in files]),
        "signature": all_of([one.credential in ("valid", "trusted") for one in files]),
        "time stamp": all_of([bool(one.time) for one in files]),
        "watermark": (watermark is not None and 0 < watermark.large == watermark.large_found)
        or (brief is not None and brief.engine == "sdxl" and brief.parameters.get("watermark") is True),
        "visible label": ai and label,
    }
    return tuple(name for name, there in found.items() if there)


def _lacking(
    ai: bool,
    brief: Brief | None,
    model: Model,
    layers: Sequence[str],
    approvals: Sequence[Approved],
    files: Sequence[Said],
    watermark: Watermark | None,
) -> list[str]:
    lacks = [f"{os.path.basename(one.file)}: {', '.join(one.faults) or one.fault or one.lock}" for one in files if not one.good]
    if "metadata" not in layers:
        lacks.append("not every file names its source type")
    if watermark is not None and watermark.large_found < watermark.large:
        lacks.append(f"its watermark is found in {watermark.large_found} of {watermark.large} files large enough for it")
    if not ai:
        return lacks
    if sum(layer in MACHINE_READABLE for layer in layers) < 2:
        lacks.append("fewer than two machine-readable layers of marking")
    if "visible label" not in layers:
        lacks.append("no visible label")
    if not model.training:
        lacks.append("the model has no note on its training data (`training` in [models.NAME])")
    if brief is None or not brief.transparency.people:
        lacks.append("nobody said whether real people are to be seen (`transparency.people`)")
    if brief is not None and brief.transparency.people == "real" and not approvals:
        lacks.append("it shows real people, and nobody approved it")
    return lacks
