"""A style profile over a fixed set of probes, as one look-book page. The entry point of `aibild brief sheet`.

Takes a project and the name of a profile, writes the page and its pictures. Pictures and files are made by the same jobs and kept
in the same store as those of a build; the lock and the output folder are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from .. import colour as srgb
from .. import crews, engines, recipe
from ..brief import read_probes
from ..config import STATE_FOLDER
from ..crews import Crew
from ..errors import SourceError
from ..lock import Lock
from ..model import (
    Asset,
    Brief,
    Cost,
    Finding,
    Level,
    RenditionReason,
    SafeArea,
    Size,
    Variant,
    Work,
    delivery_key,
    ratio_value,
)
from ..plan.guarding import refuse_guarded
from ..plan.models import settings_of
from ..plan.pictures import WantedAsset, want_assets
from ..plan.reading import Project, open_project
from ..plan.renditions import POLICY, find_rendition
from ..renditions.codecs import CODECS
from ..renditions.metadata import Metadata
from ..renditions.metadata import compose as compose_metadata
from ..source import fatal
from ..store import Store
from ..wire import from_json, to_json
from .carry import carry_out
from .jobs import StoreArguments, make_files, make_picture, open_store
from .ledger import Spent, note_spent
from .options import Manner, Options
from .orders import picture_orders
from .pipeline import opened_store
from .sheet_page import Contrast, Probe, Sheet, write_sheet
from .talk import Silent, Talk

RATIOS = ("21:9", "4:5", "1:1")
_FOLDER = "sheets"
_SIZE: Size = (1280, 720)  # of a picture at 16:9: what diffusion models like best, and enough to judge a style by
_SUBJECTS = {
    "portrait": "an elderly baker at the door of a shop, looking at the viewer",
    "object": "one ceramic jug on a wooden table",
    "place": "a harbour with fishing boats below a small town",
    "interior": "a reading room with tall windows and long tables",
    "motion": "cyclists crossing a bridge",
    "detail": "wet leaves on stone, seen from close by",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One picture before it is made: `brief` is whole, its id is unique on the sheet."""

    name: str
    ratio: str
    borrowed: str
    brief: Brief


def sheet(options: Options, profile: str, *, today: str, file: Path | None = None, talk: Talk | None = None) -> Sheet:
    """Write `sheets/PROFILE/index.html` with its pictures beside it, or `file` with the pictures in it.

    Raises SourceError for faults of the project or the profile, and the other AibildErrors that making pictures raises.
    """
    started, say = perf_counter(), talk or Silent()
    project = open_project(options.root)
    asked = _asked(project, profile)
    page = file or project.config.root / _FOLDER / profile / "index.html"
    probing = _probing(project, asked)
    with (
        opened_store(options, probing, page) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        wanted = _wanted(probing, store, profile, asked)
        refuse_guarded(probing, tuple(wanted.values()))
        assets, seconds = _make_pictures(probing, wanted, arguments, crew, say, today)
        made = sum(len(want.making) for want in wanted.values())
        if made:
            spent = Spent(day=today, pictures=made, engine_seconds=seconds, credits=sum(_price(want) for want in wanted.values()))
            note_spent(project.config.root / STATE_FOLDER, spent)
        contrasts = _measure(asked, assets, arguments, crew)
        files = _make_files(probing, asked, assets, arguments, store, crew, say)
        probes = tuple(_probe(one, wanted[one.brief.id], contrasts[one.brief.id], file is None) for one in asked)
        jpegs = {one.brief.id: store.get(files[one.brief.id]) or b"" for one in asked}
    done = Sheet(
        profile=profile,
        engine=asked[0].brief.engine,
        file=str(page),
        palette=tuple((swatch.colour, swatch.weight) for swatch in asked[0].brief.palette),
        probes=probes,
        made=made,
        reused=len(asked) - made,
        seconds=round(perf_counter() - started, 3),
    )
    write_sheet(page, done, [jpegs[one.brief.id] for one in asked])
    return done


def _wanted(project: Project, store: Store, profile: str, asked: Sequence[_Asked]) -> dict[str, WantedAsset]:
    """What every probe wants, by brief. A fault of the profile is told once, not once a probe."""
    try:
        return {want.brief: want for want in want_assets(project, store, briefs=[one.brief.id for one in asked])}
    except SourceError as error:
        found = tuple(replace(finding, subject=profile) for finding in error.findings if isinstance(finding, Finding))
        raise SourceError(tuple(dict.fromkeys(found))) from error


def _asked(project: Project, profile: str) -> tuple[_Asked, ...]:
    """Every probe at every ratio. Raises SourceError when the profile cannot be used."""
    briefs, findings = read_probes(project.config, profile, _SUBJECTS)
    faults = tuple(finding for finding in findings if finding.level is Level.FATAL)
    if briefs and briefs[0].engine not in engines.names():
        known = ", ".join(engines.names())
        faults = (
            *faults,
            fatal("source-reference", f"expected engine as one of {known}, got `{briefs[0].engine}`", briefs[0].origin.path),
        )
    if faults:
        raise SourceError(tuple(dict.fromkeys(faults)))
    engine = engines.load(briefs[0].engine, settings_of(project.config, briefs[0].engine))
    if isinstance(engine, engines.Probing):
        own, _ = read_probes(project.config, profile, dict.fromkeys(engine.probes, "a probe of the style"))
        briefs = tuple(engine.probe(brief, brief.id) for brief in own)
    return tuple(_at_ratio(brief, ratio) for brief in briefs for ratio in RATIOS)


def _at_ratio(brief: Brief, ratio: str) -> _Asked:
    """The probe as a picture of its own at this ratio, as a profile's rules for the ratio want it, at the sheet's size."""
    shaped = recipe.for_ratio(brief, ratio)
    lent, areas = _areas(brief.safe_areas, ratio)
    size = recipe.size_at(replace(brief, size=_SIZE, ratios=()), ratio)
    whole = replace(
        shaped,
        id=f"{brief.id}-{ratio.replace(':', 'x')}",
        size=size,
        ratios=(),
        candidates=1,
        safe_areas=tuple(replace(area, ratio="*") for area in areas),
    )
    return _Asked(name=brief.id, ratio=ratio, borrowed=lent, brief=whole)


def _areas(areas: Sequence[SafeArea], ratio: str) -> tuple[str, tuple[SafeArea, ...]]:
    """The safe areas at a ratio; where it has none, those of the ratio most like it, whose name comes with them."""
    own = tuple(area for area in areas if area.ratio in ("*", ratio))
    if own or not areas:
        return "", own
    value = float(ratio_value(ratio))

    def unlike(other: str) -> float:
        share = float(ratio_value(other)) / value
        return max(share, 1 / share)

    near = min(sorted({area.ratio for area in areas}), key=unlike)
    return near, tuple(area for area in areas if area.ratio == near)


def _probing(project: Project, asked: Sequence[_Asked]) -> Project:
    """The project with the probes as its only briefs and nothing pinned."""
    site = replace(project.site, pages=(), briefs={one.brief.id: one.brief for one in asked})
    return replace(project, site=site, lock=Lock(models=project.lock.models))


def _make_pictures(
    project: Project, wanted: Mapping[str, WantedAsset], store: StoreArguments, crew: Crew, talk: Talk, today: str
) -> tuple[dict[str, Asset], float]:
    """The asset of every probe by brief, and the seconds that engines took."""
    orders = picture_orders(project, tuple(wanted.values()), store, today, Manner())
    answers: dict[str, Any] = {}
    for work, answer in carry_out("picture", make_picture, orders, crew, talk):
        answers |= answer.get("answers") or {work.key: answer}
    assets = {
        brief: want.assets.get(want.recipes[0].key) or from_json(Asset, answers[want.recipes[0].key]["asset"])
        for brief, want in wanted.items()
    }
    return assets, sum(answer["seconds"] for answer in answers.values())


def _price(want: WantedAsset) -> float:
    return sum(making.work.cost.credits for making in want.making)


def _measure(
    asked: Sequence[_Asked], assets: Mapping[str, Asset], store: StoreArguments, crew: Crew
) -> dict[str, tuple[Contrast, ...]]:
    futures = {
        one.brief.id: crew.cpu.submit(
            measure_areas,
            {"store": store, "asset": assets[one.brief.id].digest, "areas": [to_json(area) for area in one.brief.safe_areas]},
        )
        for one in asked
    }
    return {brief: tuple(from_json(Contrast, row) for row in future.result()) for brief, future in futures.items()}


def measure_areas(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The contrast of each area of one picture. `order`: store, asset (blob), areas. Answer: one `Contrast` an area."""
    import numpy as np

    from ..imagefile import decode_png

    samples, (width, height), mode = decode_png(open_store(*order["store"]).get(order["asset"]) or b"")
    picture = np.frombuffer(samples, np.uint8).reshape(height, width, len(mode))[:, :, :3]
    rows = []
    for area in order["areas"]:
        top, left = int(area["y"] * height), int(area["x"] * width)
        bottom, right = max(top + 1, int((area["y"] + area["height"]) * height)), int((area["x"] + area["width"]) * width)
        region = picture[top:bottom, left : max(left + 1, right)]
        first, median, worst = srgb.region_contrast(region, srgb.parse(area["colour"]))
        place = {side: area[side] for side in ("x", "y", "width", "height", "colour")}
        rows.append({**place, "first_percentile": round(first, 2), "median": round(median, 2), "worst": round(worst, 2)})
    return rows


def _make_files(
    project: Project,
    asked: Sequence[_Asked],
    assets: Mapping[str, Asset],
    arguments: StoreArguments,
    store: Store,
    crew: Crew,
    talk: Talk,
) -> dict[str, str]:
    """Digest of every probe's JPEG by brief, with the words and rights that each picture of the site carries."""
    orders: dict[str, tuple[Work, dict[str, Any]]] = {}
    wanted: dict[str, tuple[str, Variant]] = {}
    for one in asked:
        asset, metadata = assets[one.brief.id], _metadata(project, one.brief, assets[one.brief.id])
        variant = _variant(project, asset)
        key = delivery_key(variant.encode, metadata.digest, POLICY)
        wanted[one.brief.id] = key, variant
        if find_rendition(store, key, variant, one.brief.id) is None:
            work = Work(kind="rendition", key=key, subject=f"{one.brief.id}.jpg", reason=RenditionReason.NEW, cost=Cost())
            files = [{"variant": to_json(variant), "delivery": key}]
            order = {"store": arguments, "asset": asset.digest, "metadata": to_json(metadata), "wanted": files, "again": False}
            orders[key] = work, order
    for _ in carry_out("rendition", make_files, list(orders.values()), crew, talk):
        pass
    found = {brief: find_rendition(store, key, variant, brief) for brief, (key, variant) in wanted.items()}
    return {brief: rendition.digest for brief, rendition in found.items() if rendition is not None}


def _metadata(project: Project, brief: Brief, asset: Asset) -> Metadata:
    return compose_metadata(
        brief,
        project.config.images,
        project.config.organisation,
        made_day=asset.made.when,
        source_type=asset.source_type,
        marks={},
        languages=[language.code for language in project.config.languages],
    )


def _variant(project: Project, asset: Asset) -> Variant:
    codec = CODECS["jpeg"]
    settings = codec.settings(project.config.images.quality.fixed.get("jpeg"), "final")
    if asset.mode == "RGBA":
        settings["background"] = "#ffffff"
    return Variant(
        pixels=asset.pixels,
        crop=(0, 0, *asset.size),
        size=asset.size,
        format="jpeg",
        settings=settings,
        codec=codec.fingerprint,
    )


def _probe(one: _Asked, want: WantedAsset, contrast: tuple[Contrast, ...], beside: bool) -> Probe:
    return Probe(
        name=one.name,
        ratio=one.ratio,
        size=one.brief.size,
        seed=one.brief.seed,
        recipe=want.recipes[0].key,
        file=f"{one.brief.id}.jpg" if beside else "",
        borrowed=one.borrowed,
        contrast=contrast,
    )
