"""Ordinary image files: what their sidecar says, and a `Brief` for a file that Markdown names.

Takes the settings and a path relative to the project, yields the sidecar's words and the brief. The sidecar of `photo.jpg` is
`photo.jpg.yaml` beside it; it is optional. No image is opened here: what the file itself carries is the engine's to read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..config import Config, read_address, read_rights
from ..disk import safe_join
from ..model import Brief, Finding, Json, Origin
from ..source import Fields, fatal, nearest_hint, read_text, read_yaml, shown
from .asked import read_focal
from .guards import topics_of
from .layers import Layer, last, merged_rights
from .words import Shown, read_shown

DECLARED = ("origin", "source_type", "licence", "tool", "parameters", "creator", "copyright")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """`declared` is what is said of the file's coming about; `path` is empty where there is no sidecar."""

    path: str = ""
    declared: Mapping[str, Json] = field(default_factory=dict)
    layer: Layer = field(default_factory=lambda: Layer(name="sidecar"))
    words: Shown = field(default_factory=Shown)


def brief_of_file(config: Config, path: str) -> tuple[Brief | None, tuple[Finding, ...]]:
    """The brief of an ordinary image file: id `file:PATH`, engine `imported`. None when there is no such file in the project."""
    if fault := file_fault(config, path):
        rule, message, hint = fault
        return None, (fatal(rule, message, path, hint=hint),)
    sidecar, findings = read_sidecar(config, path)
    site = Layer(name="site", rights=config.defaults.rights)
    layers = (site, sidecar.layer)
    brief = Brief(
        id=f"file:{path}",
        origin=Origin(path=sidecar.path or path),
        engine="imported",
        inputs=(path,),
        sidecar=sidecar.declared,
        focal=last(layers, lambda layer: layer.focal, (0.5, 0.5)),
        alt=sidecar.words.alt,
        caption=sidecar.words.caption,
        title=sidecar.words.title,
        keywords=sidecar.words.keywords,
        credit=sidecar.layer.credit,
        license=sidecar.layer.license,
        acquire_license_page=sidecar.layer.acquire_license_page,
        rights=merged_rights(layers),
        created=sidecar.words.created,
        location=sidecar.words.location,
        tags=sidecar.words.tags,
        layers={"credit": ("sidecar",)} if sidecar.layer.credit else {},
    )
    return replace(brief, topics=topics_of(brief, config)), findings


def file_fault(config: Config, path: str) -> tuple[str, str, str] | None:
    """(rule, message, hint) when `path` is no file of the project; None when it is."""
    real = safe_join(config.root, path)
    if real is None:
        return "source-path", f"expected a path inside the project, got {shown(path)}", "relative to the folder of aibild.toml"
    if real.is_file():
        return None
    if real.exists():
        return (
            "source-missing",
            f"expected a file at {shown(path)}, got {'a folder' if real.is_dir() else 'a pipe or device'}",
            "",
        )
    folder = real.parent
    beside = sorted(entry.name for entry in folder.iterdir() if entry.name != real.name) if folder.is_dir() else []
    hint = nearest_hint(real.name, beside)
    return "source-missing", f"expected a file at {shown(path)}, got none", hint if hint.startswith("did") else ""


def read_sidecar(config: Config, path: str) -> tuple[Sidecar, tuple[Finding, ...]]:
    """The sidecar of the image file at `path`, an empty one where there is none."""
    beside = f"{path}.yaml"
    if not os.path.lexists(config.root / beside):
        return Sidecar(), ()
    text, findings = read_text(config.root, beside)
    document, found = read_yaml(text, beside) if text is not None else (None, ())
    if document is None:
        return Sidecar(), (*findings, *found)
    table = Fields(document)
    spelling = "licence" if table.has("licence") else "license"
    layer = Layer(
        name="sidecar",
        focal=read_focal(table, "focal"),
        credit=table.text("credit"),
        license=read_address(table, spelling, config.base_url),
        acquire_license_page=read_address(table, "acquire_license_page", config.base_url),
        rights=read_rights(table.fields("rights")),
    )
    words = read_shown(table, config)
    declared = {**read_declared(table), **({"licence": layer.license} if layer.license else {})}
    return Sidecar(path=beside, declared=declared, layer=layer, words=words), (*found, *table.finish())


def read_declared(table: Fields) -> dict[str, Json]:
    """What a sidecar declares of the file's coming about; only what is said. What the words mean is the engine's to judge."""
    return {key: text for key in DECLARED if (text := table.text(key))}
