"""Site → plan: what is to be made, what is there, and why. Makes nothing.

`plan` is the entry point of `aibild plan`; `build` asks the same questions one stage at a time (`want_assets`, `want_renditions`,
`want_pages`), since files can only be named once pixels are known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from ..config import STATE_FOLDER
from ..errors import FrozenError
from ..lock import LockState
from ..model import MASTER, Asset, Finding, Made, Picture, PictureReason, Plan, Tally
from ..pages.access import Access
from ..pages.memory import read_remembered
from ..pages.render import Renderer
from ..store import Store
from .approvals import alt_drafts, approval_findings, unapproved
from .costs import past_costs
from .gates import hero_styles
from .guarding import guarded
from .pages import WantedPage, want_pages
from .pictures import WantedAsset, engine_findings, want_assets, with_cost
from .reading import Project, open_project, relevel
from .renditions import WantedBrief, compose_pictures, want_renditions
from .shared import open_shared

TEMPLATES_FOLDER = "templates"


def plan(
    root: Path,
    *,
    today: str,
    store_dir: Path | None = None,
    output_dir: Path | None = None,
    base_url: str | None = None,
    force: bool = False,
) -> Plan:
    """What `build` would do for the project at `root`. `today` is YYYY-MM-DD; nothing is written, not even the store's folders.

    Raises SourceError with every fault of the source.
    """
    project = open_project(root, base_url=base_url, today=today)
    return plan_project(project, today=today, store_dir=store_dir, output_dir=output_dir, force=force)


def plan_project(project: Project, *, today: str, store_dir: Path | None, output_dir: Path | None, force: bool) -> Plan:
    """`plan` for a project that is open."""
    store = open_shared(project.config, os.environ, monotonic, store_dir=store_dir, read_only=True)
    costs = past_costs(store, project.config.root)
    wanted = with_cost(want_assets(project, store, force=force), costs)
    assets, days = expected_assets(wanted, today)
    briefs = want_renditions(project, store, assets, days, force=force, seconds_per_megapixel=costs.encodes)
    pages = _pages(project, store, briefs, output_dir or output_path(project), force)
    work = tuple(one.work for asset in wanted for one in asset.making) + tuple(
        one.work for group in (tuple(r for b in briefs for r in b.renditions), pages) for one in group if one.work is not None
    )
    return Plan(
        work=work,
        reused=Tally(
            picture=sum(len(asset.assets) for asset in wanted),
            rendition=sum(1 for brief in briefs for one in brief.renditions if one.work is None),
            page=sum(1 for page in pages if page.work is None),
        ),
        blocked=tuple(f"{asset.subject}: {why}" for asset in wanted if (why := asset.blocked or asset.barred)),
        unlocked=tuple(asset.subject for asset in wanted if asset.state is not LockState.EQUAL),
        findings=(
            *project.findings,
            *relevel(project.config, engine_findings(wanted)),
            *guarded(project, wanted),
            *_decided(project, wanted, assets),
            *(finding for brief in briefs for finding in brief.findings),
        ),
    )


def _decided(project: Project, wanted: tuple[WantedAsset, ...], assets: Mapping[str, Mapping[str, Asset]]) -> tuple[Finding, ...]:
    """What people still have to decide, as far as the lock knows; what gates say of new pictures is not known yet."""
    pinned = {brief: {name: asset for name, asset in by_name.items() if asset.digest} for brief, by_name in assets.items()}
    lacks = unapproved(project, wanted, pinned, project.lock)
    return relevel(project.config, (*approval_findings(project, wanted, lacks), *alt_drafts(project)))


def refuse_frozen(wanted: tuple[WantedAsset, ...]) -> None:
    """Raises FrozenError when a frozen build would need what the lock does not pin, or cannot have what it pins."""
    missing = [f"{asset.subject}: the lock is {_state(asset.state)}" for asset in wanted if asset.state is not LockState.EQUAL]
    missing += [f"{asset.subject}: {asset.blocked}" for asset in wanted if asset.blocked]
    missing += [
        f"{asset.subject}: {one.work.reason.value}"
        for asset in wanted
        for one in asset.making
        if one.work.reason is PictureReason.OTHER_ENVIRONMENT
    ]
    missing += [f"{asset.subject}: {asset.barred or asset.replaced}" for asset in wanted if asset.barred or asset.replaced]
    if missing:
        message = f"{len(missing)} picture{'' if len(missing) == 1 else 's'} cannot come from lock and store"
        raise FrozenError(message, tuple(sorted(missing)), hint="run `aibild build` where the engines are and commit aibild.lock")


def _state(state: LockState) -> str:
    return "without an entry for it" if state is LockState.ABSENT else "for another recipe"


def store_path(project: Project) -> Path:
    return project.config.root / project.config.store


def output_path(project: Project) -> Path:
    return project.config.root / project.config.output


def expected_assets(wanted: tuple[WantedAsset, ...], today: str) -> tuple[dict[str, dict[str, Asset]], dict[str, str]]:
    """The asset of every brief in use and the day of its metadata; for one that is not made yet, what can be known beforehand."""
    assets: dict[str, dict[str, Asset]] = {}
    days: dict[str, str] = {}
    for want in wanted:
        if want.hidden:
            continue
        asset = picked(want) or _unmade(want, today)
        assets.setdefault(want.brief, {})[want.name] = asset
        if want.name == MASTER:
            days[want.brief] = made_day(want, asset)
    return assets, days


def picked(want: WantedAsset) -> Asset | None:
    """The asset in use: the lock's pick where the lock is equal, else the first candidate."""
    if want.state is LockState.EQUAL and want.pinned is not None:
        return next(iter(want.assets.values()), None) if want.replaced else want.assets.get(want.pinned.picked.recipe)
    return want.assets.get(want.recipes[0].key)


def made_day(want: WantedAsset, asset: Asset) -> str:
    """The day on which the pixels first came: the lock's, so that a picture made again keeps it."""
    if want.pinned is not None:
        for pin in want.pinned.candidates:
            if pin.pixels == asset.pixels:
                return pin.made
    return asset.made.when


def _unmade(want: WantedAsset, today: str) -> Asset:
    """A stand-in for planning: pinned pixels where there are some, else a name that no store knows."""
    pin = want.pinned.picked if want.state is LockState.EQUAL and want.pinned is not None else None
    return Asset(
        recipe=want.recipes[0].key,
        pixels=pin.pixels if pin else want.recipes[0].key,
        digest="",
        size=pin.size if pin else want.size,
        mode="RGB",
        source_type="algorithmicMedia",
        made=Made(engine=want.engine, environment={}, seconds=0.0, when=pin.made if pin else today),
    )


def renderer_for(project: Project, pictures: Mapping[tuple[str, str, str], Picture]) -> Renderer:
    """A renderer over the pictures that are at hand."""
    return Renderer(project.config, Access(project.config, project.site, pictures), (project.config.root / TEMPLATES_FOLDER,))


def _pages(project: Project, store: Store, briefs: tuple[WantedBrief, ...], output: Path, force: bool) -> tuple[WantedPage, ...]:
    at_hand = {one.variant.encode: one.rendition for brief in briefs for one in brief.renditions if one.rendition is not None}
    renderer = renderer_for(project, compose_pictures(project.config, briefs, at_hand, hero_styles(project, store, briefs)))
    remembered = read_remembered(project.config.root / STATE_FOLDER)
    return want_pages(project.site.pages, renderer, remembered, output, force=force)
