"""Which files the assets must be cut into, which of them are at hand, and the pictures that pages then show.

Takes a `Project` and the assets by brief, yields one `WantedBrief` a brief with its layouts and files. Decodes and encodes
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import PurePosixPath

from ..config import Config
from ..model import (
    MASTER,
    Asset,
    Brief,
    Cost,
    Finding,
    Picture,
    Rendition,
    RenditionReason,
    Variant,
    Work,
    delivery_key,
)
from ..renditions import compose as compose_picture
from ..renditions import file_name, lay_out
from ..renditions.credentials import Seal
from ..renditions.ladder import Layout
from ..renditions.metadata import Metadata, packet
from ..renditions.metadata import compose as compose_metadata
from ..renditions.quality import Found, Probe
from ..store import Store
from ..wire import from_json
from .reading import FILE_PREFIX, Project, uses
from .refining import OFF, Efforts
from .sealing import PICTURES_FOLDER, Sealing, sidecar_path

POLICY = "off"  # of a file as it is before it is signed
_AI_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
_NO_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRendition:
    """One file that is wanted. `rendition` is set when it is at hand; `encoded` is the blob whose words can be replaced instead.

    `asset` is the master's blob, "" while it is not made yet; `delivery` the key of the file before it is signed with `seal`, and
    `signed` that of the signed one, "" where it cannot be known yet. `provenance` is where a linked manifest will lie.
    """

    variant: Variant
    asset: str
    delivery: str
    rendition: Rendition | None
    encoded: str
    work: Work | None
    seal: Seal | None = None
    signed: str = ""
    provenance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBrief:
    """A brief as it will be shown: the assets that serve it, a layout a slot, and every file that those want.

    `probes` are open questions of quality with the master's blob: they come before any file of that format. `answered` are the
    keys of the others. `improvable` counts files that slower settings may still make better: fast ones, and usual ones that were
    not refined yet where the site refines.
    """

    brief: Brief
    slug: str
    assets: Mapping[str, Asset]
    draft: bool
    metadata: Metadata
    layouts: tuple[Layout, ...]
    renditions: tuple[WantedRendition, ...]
    findings: tuple[Finding, ...]
    probes: tuple[tuple[Probe, str], ...] = ()
    answered: tuple[str, ...] = ()
    improvable: int = 0


def want_renditions(
    project: Project,
    store: Store,
    assets: Mapping[str, Mapping[str, Asset]],
    made_days: Mapping[str, str],
    *,
    force: bool = False,
    drafts: frozenset[str] = frozenset(),
    seconds_per_megapixel: Mapping[str, float] | None = None,
    hurried: bool = False,
) -> tuple[WantedBrief, ...]:
    """The files of every brief in `assets` (brief → asset name → asset); `made_days` are the days in metadata, by brief.

    The files of `drafts` (briefs) are marked in their corner. `hurried` takes fast files where the usual ones are not at hand.
    """
    used = uses(project.config, project.site)
    return tuple(
        _want(
            project,
            store,
            project.site.briefs[brief],
            assets[brief],
            made_days[brief],
            used[brief].slots,
            force,
            brief in drafts,
            seconds_per_megapixel or {},
            hurried,
        )
        for brief in sorted(assets)
    )


def _want(
    project: Project,
    store: Store,
    brief: Brief,
    assets: Mapping[str, Asset],
    made_day: str,
    slots: tuple[str, ...],
    force: bool,
    draft: bool,
    past: Mapping[str, float],
    hurried: bool,
) -> WantedBrief:
    config = project.config
    sealing = Sealing(project, store, slug_of(brief), made_day, draft)
    metadata = compose_metadata(
        brief,
        config.images,
        config.organisation,
        made_day=made_day,
        source_type=assets[MASTER].source_type,
        marks=_marks(assets[MASTER]),
        languages=[language.code for language in config.languages],
    )
    packet(metadata)  # here one clear sentence; from the encoders it would come for every file
    sized = {name: (asset.pixels, asset.size, asset.mode) for name, asset in assets.items()}
    efforts = Efforts(store, refined=config.images.refine != OFF, hurried=hurried)
    cut = partial(lay_out, draft=draft, known=partial(known_quality, store), settle=efforts.settle)
    layouts = tuple(cut(brief, config.slots[slot], sized, config.images) for slot in slots)
    asked = {probe.key: (probe, found) for layout in layouts for probe, found in layout.probes}
    by_pixels = {asset.pixels: asset for asset in assets.values()}
    variants = {variant.encode: variant for layout in layouts for variant in layout.variants()}
    return WantedBrief(
        brief=brief,
        slug=sealing.slug,
        assets=assets,
        draft=draft,
        metadata=metadata,
        layouts=layouts,
        renditions=tuple(
            _want_one(sealing, variant, by_pixels[variant.pixels], metadata, force, past) for variant in variants.values()
        ),
        findings=tuple(finding for layout in layouts for finding in layout.findings),
        probes=tuple((probe, by_pixels[probe.pixels].digest) for probe, found in asked.values() if found is None and not hurried),
        answered=(*(key for key, (_, found) in asked.items() if found is not None), *efforts.asked),
        improvable=0 if draft else sum(one.effort == "fast" or one.encode in efforts.untried for one in variants.values()),
    )


def known_quality(store: Store, probe: Probe) -> Found | None:
    """What an earlier probe found."""
    record = store.lookup(probe.key)
    try:
        found: Found | None = from_json(Found, {item.name: record[item.name] for item in fields(Found)}) if record else None
    except (KeyError, ValueError):
        return None
    return found


def _marks(asset: Asset) -> dict[str, str]:
    """The rights that an imported file carried; engines that make pictures give none."""
    marks = asset.made.environment.get("marks")
    return {str(name): str(value) for name, value in marks.items()} if isinstance(marks, Mapping) else {}


def _want_one(
    sealing: Sealing, variant: Variant, asset: Asset, metadata: Metadata, force: bool, past: Mapping[str, float]
) -> WantedRendition:
    store, slug, seal = sealing.store, sealing.slug, sealing.seal(variant, asset)
    provenance = sealing.provenance(variant, seal, metadata.digest)
    delivery = delivery_key(variant.encode, replace(metadata, provenance=provenance).digest, POLICY)
    unsigned = _recorded(store, delivery)
    signed = seal.key(unsigned.facts.unsigned) if seal and unsigned and not seal.skips(unsigned.facts.bytes) else ""
    found = _recorded(store, signed) if signed else unsigned
    rendition = None
    if found is not None and not force and store.has(found.digest) and (not found.sidecar or store.has(found.sidecar)):
        rendition = named(found, variant, slug, seal, sidecar_path(slug, variant, seal, metadata.digest) if seal else "")
    at_hand = bool(signed and not force and unsigned and store.has(unsigned.digest))
    encoded = "" if force or rendition or at_hand else find_encoded(store, variant.encode)
    work = None
    if rendition is None:
        reason = _reason(store, variant, force, encoded, at_hand)
        megapixels = variant.size[0] * variant.size[1] / 1e6
        seconds = 0.0 if encoded or at_hand else past[variant.format] * megapixels if variant.format in past else None
        subject = f"{slug}-{variant.size[0]}.{variant.format}"
        work = Work(kind="rendition", key=delivery, subject=subject, reason=reason, cost=Cost(seconds=seconds))
    return WantedRendition(
        variant=variant,
        asset=asset.digest,
        delivery=delivery,
        rendition=rendition,
        encoded=encoded,
        work=work,
        seal=seal,
        signed=signed,
        provenance=provenance,
    )


def _reason(store: Store, variant: Variant, force: bool, encoded: str, at_hand: bool) -> RenditionReason:
    if force:
        return RenditionReason.FORCED
    if at_hand:
        return RenditionReason.CREDENTIALS_CHANGED
    if encoded:
        return RenditionReason.METADATA_CHANGED
    return RenditionReason.NEW if store.lookup(variant.encode) is None else RenditionReason.MISSING_BLOB


def find_rendition(store: Store, delivery: str, variant: Variant, slug: str) -> Rendition | None:
    """The unsigned file of that delivery key, named for this site, if its bytes are in the store."""
    rendition = _recorded(store, delivery)
    return named(rendition, variant, slug) if rendition is not None and store.has(rendition.digest) else None


def _recorded(store: Store, key: str) -> Rendition | None:
    record = store.lookup(key)
    if record is None:
        return None
    try:
        rendition: Rendition = from_json(Rendition, record["rendition"])
    except (KeyError, ValueError):
        return None
    return rendition


def find_encoded(store: Store, encode: str) -> str:
    """Digest of an encode with whatever words, if its bytes are in the store; "" otherwise."""
    record = store.lookup(encode)
    digest = record.get("digest") if record is not None else None
    return digest if isinstance(digest, str) and store.has(digest) else ""


def named(rendition: Rendition, variant: Variant, slug: str, seal: Seal | None = None, sidecar: str = "") -> Rendition:
    """The rendition under its name on this site; `sidecar` is the path of its manifest, should it be linked."""
    said = seal.said if seal is not None and rendition.facts.credential != "none" else POLICY
    url = named_url(slug, variant, rendition.facts.unsigned, said)
    return replace(rendition, url=url, sidecar_url=sidecar if rendition.sidecar else "")


def named_url(slug: str, variant: Variant, unsigned: str, said: str = POLICY) -> str:
    """Path below the site's root of a file with these unsigned bytes; `said` is what it is signed with, as digest."""
    return f"{PICTURES_FOLDER}/{file_name(slug, variant, unsigned, said)}"


def slug_of(brief: Brief) -> str:
    """The readable part of a picture's file name: the brief's id, or an ordinary file's own name in plain letters."""
    if not brief.id.startswith(FILE_PREFIX):
        return brief.id
    stem = PurePosixPath(brief.id.removeprefix(FILE_PREFIX)).stem
    plain = unicodedata.normalize("NFKD", stem.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return _NO_SLUG.sub("-", plain).strip("-")[:60] or "picture"


def compose_pictures(
    config: Config,
    wanted: tuple[WantedBrief, ...],
    renditions: Mapping[str, Rendition],
    styles: Mapping[str, str] | None = None,
) -> dict[tuple[str, str, str], Picture]:
    """What pages see, by (brief, slot, language). `renditions` are by encode key; a layout that lacks one is left out.

    `styles` is CSS for the box of a brief's hero, by brief.
    """
    pictures = {}
    for want in wanted:
        master = want.assets[MASTER]
        for layout in want.layouts:
            if any(variant.encode not in renditions for variant in layout.variants()):
                continue
            for language in config.languages:
                pictures[want.brief.id, layout.slot.name, language.code] = compose_picture(
                    layout,
                    renditions,
                    want.brief,
                    layout.slot,
                    language.code,
                    config.images,
                    base_path=config.base_path,
                    asset_id=asset_id(master),
                    source_type=master.source_type,
                    ai=master.source_type in _AI_TYPES,
                    draft=want.draft,
                    style=(styles or {}).get(want.brief.id, "") if layout.slot.priority else "",
                )
    return pictures


def asset_id(asset: Asset) -> str:
    """The short name of a picture's pixels, as pages and reports carry it."""
    return asset.pixels[:12]
