"""What was spent: one line a stage of a run in `.aibild/ledger.jsonl`, and the entry point of `aibild report cost`.

A run that made nothing adds nothing. The file is append-only and belongs to this machine; a line torn by a crash is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .. import plan
from ..canonical import canonical
from ..config import STATE_FOLDER, Config
from ..model import Breakpoint, Picture, Source
from ..pages.memory import name_of, read_remembered
from ..plan.costs import LEDGER
from ..plan.pictures import want_assets
from ..plan.reading import Project, open_project
from ..plan.renditions import compose_pictures, want_renditions
from ..renditions import chosen
from ..store import Store

DEVICES = {"phone": (412.0, 1.75), "desktop": (1350.0, 1.0)}  # Lighthouse's two (seo.md A7)
_MEDIA = re.compile(r"\((min|max)-width: ([\d.]+)px\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One stage of a run. `day` is YYYY-MM-DD; seconds are those of engines and encoders; credits in the vendors' own money.

    `devices` names what engines drew with, so that the next plan counts with this machine.
    """

    day: str
    pictures: int = 0
    engine_seconds: float = 0.0
    credits: float = 0.0
    encodes: int = 0
    encode_seconds: float = 0.0
    devices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCost:
    """Bytes that a visitor loads for a page, pictures below the fold included: HTML and the candidate each device chooses."""

    url: str
    pictures: int
    phone_bytes: int
    desktop_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """`months` are sums of runs, `day` then being YYYY-MM; `complete` says whether every page's pictures are made."""

    months: tuple[Spent, ...]
    store_bytes: int
    output_bytes: int
    pages: tuple[PageCost, ...]
    complete: bool


def note_spent(state: Path, spent: Spent) -> None:
    """Add what was just spent, before anything else can fail; nothing if nothing was made."""
    if not (spent.pictures or spent.encodes):
        return
    state.mkdir(parents=True, exist_ok=True)
    with (state / LEDGER).open("ab") as ledger:
        ledger.write(canonical(asdict(spent)) + b"\n")


def by_month(lines: Iterator[str]) -> tuple[Spent, ...]:
    """Sums by month, oldest first."""
    months: dict[str, Spent] = {}
    for line in lines:
        try:
            run = Spent(**json.loads(line))
        except (ValueError, TypeError):
            continue
        month = run.day[:7]
        before = months.get(month, Spent(day=month))
        months[month] = Spent(
            day=month,
            pictures=before.pictures + run.pictures,
            engine_seconds=round(before.engine_seconds + run.engine_seconds, 3),
            credits=round(before.credits + run.credits, 6),
            encodes=before.encodes + run.encodes,
            encode_seconds=round(before.encode_seconds + run.encode_seconds, 3),
        )
    return tuple(months[month] for month in sorted(months))


def cost(root: Path, *, store_dir: Path | None = None, output_dir: Path | None = None) -> CostReport:
    """What the project cost so far and what its pages cost their visitors. Raises SourceError."""
    project = open_project(root)
    store = Store(store_dir or plan.store_path(project), read_only=True)
    output = output_dir or plan.output_path(project)
    state = project.config.root / STATE_FOLDER
    ledger = state / LEDGER
    lines = ledger.read_text(encoding="utf-8", errors="replace").splitlines() if ledger.exists() else []
    pictures, complete = _pictures(project, store)
    pages = tuple(_page_costs(project, pictures, state))
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file()) if output.is_dir() else 0
    return CostReport(
        months=by_month(iter(lines)), store_bytes=store.stats().bytes, output_bytes=size, pages=pages, complete=complete
    )


def _pictures(project: Project, store: Store) -> tuple[dict[tuple[str, str, str], Picture], bool]:
    assets, days = plan.expected_assets(want_assets(project, store), "")
    briefs = want_renditions(project, store, assets, days)
    at_hand = {one.variant.encode: one.rendition for brief in briefs for one in brief.renditions if one.rendition is not None}
    return compose_pictures(project.config, briefs, at_hand), all(one.rendition for brief in briefs for one in brief.renditions)


def _page_costs(project: Project, pictures: Mapping[tuple[str, str, str], Picture], state: Path) -> Iterator[PageCost]:
    remembered = read_remembered(state)
    for page in project.site.pages:
        record = remembered.pages.get(name_of(page))
        if record is None:
            continue
        shown = [pictures[brief, slot, page.lang] for brief, slot in record.pictures if (brief, slot, page.lang) in pictures]
        phone, desktop = (
            record.bytes + sum(picture_bytes(project.config, picture, *device) for picture in shown)
            for device in DEVICES.values()
        )
        yield PageCost(url=f"/{page.url}", pictures=len(shown), phone_bytes=phone, desktop_bytes=desktop)


def picture_bytes(config: Config, picture: Picture, viewport: float, dpr: float) -> int:
    """Bytes of the file that a browser with all formats takes: first source whose media holds, then the candidate by density."""
    source = next(source for source in (*picture.sources, picture.fallback) if _holds(source, viewport))
    box = _breakpoint(config, picture.slot, viewport).box_width(viewport)
    width = chosen([candidate.width for candidate in source.candidates], box, dpr)
    return next(candidate.bytes for candidate in source.candidates if candidate.width == width)


def _holds(source: Source, viewport: float) -> bool:
    return all(
        viewport >= float(value) if bound == "min" else viewport <= float(value) for bound, value in _MEDIA.findall(source.media)
    )


def _breakpoint(config: Config, slot: str, viewport: float) -> Breakpoint:
    return [one for one in config.slots[slot].breakpoints if one.min_width <= viewport][-1]
