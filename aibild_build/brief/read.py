"""All briefs of a project: files in, merged `Brief`s out, and every fault of every file in one run.

Takes the settings, reads `briefs/`. A brief with a fault still comes back where it can, with defaults in place of what is wrong,
so that pages that name it are not called wrong as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter

from ..config import CONFIG_FILE, Config, read_guards
from ..model import PROMPT_PARTS, Brief, Finding, Guards, Origin
from ..source import Document, Fields, fatal, nearest_hint
from .asked import MAX_SEED, read_layer, read_variants
from .blocks import Block, negative_pieces, read_blocks, read_folder
from .collections import read_collections
from .files import Sidecar, file_fault, read_declared, read_sidecar
from .guards import guard_findings, topics_of
from .layers import (
    Layer,
    last,
    merged_negative,
    merged_parts,
    merged_rights,
    merged_rules,
    merged_safe_areas,
    merged_tables,
    merged_transparency,
    spoke,
    tidy,
    used_blocks,
)
from .words import read_shown

_DEFAULT_SIZE = (2400, 1350)
_REPLACED = (
    "engine",
    "size",
    "candidates",
    "palette",
    "text",
    "focal",
    "watermark",
    "max_text_share",
    "credit",
    "license",
    "acquire_license_page",
)
_MERGED = ("parameters", "thresholds", "safe_areas", "ratios")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """What every brief of one project draws on."""

    config: Config
    site: Layer
    blocks: Mapping[str, Block]
    profiles: Mapping[str, Layer]


def read_briefs(config: Config) -> tuple[Mapping[str, Brief], tuple[Finding, ...]]:
    """Every `briefs/*.yaml`, by id (the file's name without suffix), and every line of `briefs/*.jsonl`, sorted by id.

    `blocks/` and `profiles/` in there are drawn on.
    """
    library, found = _read_library(config)
    findings = list(found)
    files, found = read_folder(config.root, "briefs")
    findings += found
    collected, found = read_collections(config.root, files)
    findings += found
    briefs: dict[str, Brief] = {}
    for name, table in sorted({**files, **collected}.items()):
        if table is not None:
            briefs[name], found = _read_brief(library, name, table)
            findings += (replace(finding, subject=name) for finding in found)
    return briefs, tuple(findings)


def judge_briefs(config: Config, written: Iterable[tuple[str, Document]]) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """What would be wrong with briefs that are not in the project yet: id and findings of each, in the order given."""
    library, _ = _read_library(config)
    for name, document in written:
        yield name, _read_brief(library, name, Fields(document))[1]


def read_probes(config: Config, profile: str, subjects: Mapping[str, str]) -> tuple[tuple[Brief, ...], tuple[Finding, ...]]:
    """A brief for each of `subjects` (name → words) that says nothing but its subject and names `profile`."""
    library, findings = _read_library(config)
    if profile not in library.profiles:
        hint = nearest_hint(profile, library.profiles) or "profiles are files in briefs/profiles"
        return (), (fatal("source-reference", f"there is no style profile `{profile}`", "briefs/profiles", hint=hint),)
    briefs = []
    for name, subject in subjects.items():
        document = Document(f"briefs/profiles/{profile}.yaml", {"profile": profile, "subject": subject}, "", "yaml", 1)
        brief, found = _read_brief(library, name, Fields(document))
        briefs.append(brief)
        findings = (*findings, *found)
    return tuple(briefs), findings


def derived_seed(brief_id: str) -> int:
    """The seed of a brief that names none: the first 32 bits of SHA-256 of its id, big-endian."""
    return int.from_bytes(hashlib.sha256(brief_id.encode()).digest()[:4], "big")


def _read_library(config: Config) -> tuple[_Library, tuple[Finding, ...]]:
    blocks, findings = read_blocks(config.root)
    profiles: dict[str, Layer] = {}
    files, found = read_folder(config.root, "briefs/profiles")
    findings = (*findings, *found)
    for name, table in files.items():
        profiles[name] = Layer(name=f"profile {name}")
        if table is not None:
            layer = read_layer(table, f"profile {name}", blocks, config.base_url, table.fields("blocks"))
            profiles[name] = replace(layer, guards=read_guards(table.fields("guards")))
            table.text("note")
            findings = (*findings, *table.finish())
    defaults = config.defaults
    if defaults.profile and defaults.profile not in profiles:
        message = f'expected briefs.profile as name of a style profile, got "{defaults.profile}"'
        hint = nearest_hint(defaults.profile, profiles) or "profiles are files in briefs/profiles"
        findings = (*findings, fatal("source-reference", message, CONFIG_FILE, hint=hint))
    site = Layer(
        name="site",
        engine=defaults.engine,
        negative=negative_pieces(defaults.negative, blocks),
        palette=defaults.palette,
        rights=defaults.rights,
    )
    return _Library(config=config, site=site, blocks=blocks, profiles=profiles), findings


def _read_brief(library: _Library, name: str, table: Fields) -> tuple[Brief, tuple[Finding, ...]]:
    profile = _profile(library, table)
    own = read_layer(table, "brief", library.blocks, library.config.base_url, table)
    path, sidecar, findings = _file(library.config, table)
    if path and own.engine is None:
        own = replace(own, engine="imported")
    said = (library.site, library.profiles.get(profile), sidecar.layer if sidecar.path else None, own)
    layers = tuple(layer for layer in said if layer is not None)
    words = read_shown(table, library.config).over(sidecar.words)
    brief = Brief(
        id=name,
        origin=Origin(path=table.document.path, line=1),
        engine=last(layers, lambda layer: layer.engine, "sketch"),
        parts=merged_parts(layers),
        blocks=tuple((block, library.blocks[block].version) for block in used_blocks(layers)),
        negative=merged_negative(layers),
        profile=profile,
        seed=table.whole("seed", derived_seed(name), low=0, high=MAX_SEED, hint="leave seed out to have one derived from the id"),
        candidates=last(layers, lambda layer: layer.candidates, 1),
        size=last(layers, lambda layer: layer.size, _DEFAULT_SIZE),
        ratios=merged_rules(layers),
        parameters=merged_tables(layer.parameters for layer in layers),
        palette=last(layers, lambda layer: layer.palette, ()),
        text=last(layers, lambda layer: layer.text, "none"),
        inputs=(path,) if path else (),
        sidecar={**sidecar.declared, **read_declared(table.fields("sidecar"))},
        watermark=last(layers, lambda layer: layer.watermark, 0.0),
        safe_areas=merged_safe_areas(layers),
        focal=last(layers, lambda layer: layer.focal, (0.5, 0.5)),
        alt=words.alt,
        caption=words.caption,
        title=words.title,
        keywords=words.keywords,
        credit=last(layers, lambda layer: layer.credit, ""),
        license=last(layers, lambda layer: layer.license, ""),
        acquire_license_page=last(layers, lambda layer: layer.acquire_license_page, ""),
        rights=merged_rights(layers),
        transparency=merged_transparency(layers),
        created=words.created,
        location=words.location,
        tags=words.tags,
        message=tidy(table.text("message")),
        kpi=tidy(table.text("kpi")),
        max_text_share=last(layers, lambda layer: layer.max_text_share, None),
        thresholds=merged_tables(layer.thresholds for layer in layers),
        required_gates=tuple(sorted({gate for layer in layers for gate in layer.required_gates})),
        variants=read_variants(table, library.blocks),
        layers=_spoken(layers),
        guards=library.profiles[profile].guards if profile in library.profiles else Guards(),
    )
    if brief.engine == "imported" and not path and not table.has("file"):
        table.tell("source-missing", "expected file as path of a picture for engine imported, got nothing", "engine")
    brief = replace(brief, topics=topics_of(brief, library.config))
    return brief, (*findings, *table.finish(), *guard_findings(brief, library.config, table, layers))


def _profile(library: _Library, table: Fields) -> str:
    name = table.text("profile", library.config.defaults.profile)
    if not table.has("profile") or not name or name in library.profiles:
        return name
    hint = nearest_hint(name, library.profiles) or "profiles are files in briefs/profiles"
    table.wrong("profile", "name of a style profile", rule="source-reference", hint=hint)
    return name


def _file(config: Config, table: Fields) -> tuple[str, Sidecar, tuple[Finding, ...]]:
    """The input file that a brief names and what its sidecar says."""
    path = table.text("file")
    if not path:
        return "", Sidecar(), ()
    if fault := file_fault(config, path):
        rule, message, hint = fault
        table.tell(rule, message, "file", hint=hint)
        return "", Sidecar(), ()
    return path, *read_sidecar(config, path)


def _spoken(layers: tuple[Layer, ...]) -> dict[str, tuple[str, ...]]:
    """For each merged field, the layers that spoke of it, and the blocks that each part is made of."""
    spoken: dict[str, tuple[str, ...]] = {}
    for part in PROMPT_PARTS:
        came = [_source(layer, piece.block) for layer in layers for piece in layer.parts.get(part, ())]
        if came:
            spoken[part] = tuple(dict.fromkeys(came))
    negative = [_source(layer, piece.block) for layer in layers for piece in layer.negative]
    if negative:
        spoken["negative"] = tuple(dict.fromkeys(negative))
    for name in _REPLACED:
        if names := spoke(layers, attrgetter(name)):
            spoken[name] = names[-1:]
    for name in _MERGED:
        if names := spoke(layers, attrgetter(name)):
            spoken[name] = names
    return spoken


def _source(layer: Layer, block: str) -> str:
    return f"{layer.name}: block {block}" if block else layer.name
