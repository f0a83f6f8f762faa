"""What a page looks like to five devices: the hero that each gets, what each loads, all candidates, the largest paint.

Takes the same folder and settings as a check and the pages to look at, yields plain values and small pictures, for people to look
at. It judges nothing and opens files of the site only.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..budgets.estimate import LINES, estimate_lcp
from ..budgets.reading import BuiltSite, OnePage, Option, Seen, Shown, read_page
from ..config import Config, no_config, path_matches
from ..devices import DEVICES, Device
from .address import UNKNOWN_BASE, guess_base
from .judging import subject_of

_THUMB_PX = 260
_FRAME_PX = 112
_MOST_PICTURES = 6
_MOST_PIXELS = 60_000_000
KINDS = ("document", "style", "script", "font", "image", "media", "other")


class Screen(NamedTuple):
    """The hero on one device. `share` is the part of the screen's width that its box has, `ratio` width by height of the box;
    `top` how far down the first screen it begins (0–1, guessed from the text above). `density` is file px to a CSS px."""

    device: Device
    file: str
    format: str
    width: int
    bytes: int
    share: float
    ratio: float
    top: float
    density: float
    thumb: str


class Frame(NamedTuple):
    """One candidate; `devices` are the names of those that take it."""

    file: str
    format: str
    width: int
    height: int
    bytes: int
    devices: tuple[str, ...]
    thumb: str


class Strip(NamedTuple):
    """One picture and all its candidates, by format and width."""

    name: str
    alt: str
    is_hero: bool
    frames: tuple[Frame, ...]


class Bar(NamedTuple):
    """What one device loads, by kind; `limits` are the page's budgets by kind, `whole` the one for everything."""

    device: Device
    bytes: dict[str, int]
    limits: dict[str, int]
    requests: int

    @property
    def total(self) -> int:
        return sum(self.bytes.values())


class Paint(NamedTuple):
    """The estimated largest paint on one device."""

    device: Device
    element: str
    ms: int
    good_ms: int


class Look(NamedTuple):
    path: str
    address: str
    title: str
    lang: str
    screens: tuple[Screen, ...]
    bars: tuple[Bar, ...]
    paints: tuple[Paint, ...]
    strips: tuple[Strip, ...]


def look_at(output: Path, config: Config | None, paths: Collection[str], *, today: str, base_url: str = "") -> Iterator[Look]:
    """Look at pages, named as files in `output`; pages that cannot be read are passed over."""
    settings = config if config is not None else no_config(output)
    site = BuiltSite(output, "", settings, today)
    site.base_url = (base_url or settings.base_url or guess_base(site) or UNKNOWN_BASE).rstrip("/") + "/"
    for path in paths:
        seen = read_page(site.read(path), path, site.page_url(path)) if path in site.files else None
        if isinstance(seen, Seen):
            yield _look(OnePage(seen, site))


def _look(page: OnePage) -> Look:
    site, hero = page.site, page.hero
    screens = [_screen(page, hero, device) for device in DEVICES] if hero is not None else []
    shown = [one for one in page.pictures if not one.is_vector and any(option.facts for _, option in one.options())]
    first = sorted(shown, key=lambda one: one is not hero)[:_MOST_PICTURES]
    paints = [_paint(page, device) for device in LINES]
    return Look(
        path=page.seen.path,
        address=subject_of(page.seen.path),
        title=page.seen.title,
        lang=page.seen.lang,
        screens=tuple(screen for screen in screens if screen is not None),
        bars=tuple(_bar(page, device) for device in DEVICES),
        paints=tuple(paints),
        strips=tuple(_strip(one, site, one is hero) for one in first),
    )


def _screen(page: OnePage, hero: Shown, device: Device) -> Screen | None:
    taken = hero.taken(device)
    if taken is None or taken.option.facts is None:
        return None
    facts, box = taken.option.facts, min(taken.box_px, device.width)
    lines = hero.img.chars_before * 8 / min(device.width - 40, 700)
    return Screen(
        device=device,
        file=taken.option.file,
        format=taken.option.format,
        width=facts.width,
        bytes=facts.bytes,
        share=box / device.width,
        ratio=facts.width / max(facts.height, 1),
        top=min(0.8, (64 + lines * 24) / device.height),
        density=facts.width / max(box, 1),
        thumb=_thumb(page.site, taken.option, _THUMB_PX),
    )


def _strip(shown: Shown, site: BuiltSite, is_hero: bool) -> Strip:
    takers: dict[str, list[str]] = {}
    for device in DEVICES:
        taken = shown.taken(device)
        if taken is not None:
            takers.setdefault(taken.option.file, []).append(device.name)
    options = {option.file: option for _, option in shown.options() if option.file and option.facts is not None}
    frames = [_frame(site, option, tuple(takers.get(file, ()))) for file, option in options.items()]
    name = (shown.src.url if shown.src is not None else next(iter(options), "")).rpartition("/")[2]
    return Strip(name, shown.img.tag.get("alt"), is_hero, tuple(frames))


def _frame(site: BuiltSite, option: Option, devices: tuple[str, ...]) -> Frame:
    facts = option.facts
    assert facts is not None
    thumb = _thumb(site, option, _FRAME_PX)
    return Frame(option.file, option.format, facts.width, facts.height, facts.bytes, devices, thumb)


def _bar(page: OnePage, device: Device) -> Bar:
    sums = dict.fromkeys(KINDS, 0)
    loads = page.loads(device)
    for load in loads:
        sums[load.kind] = sums.get(load.kind, 0) + load.bytes
    limits: dict[str, int] = {}
    for budget in page.site.config.checks.budgets:
        if path_matches(budget.path, page.address):
            limits |= budget.sizes
    return Bar(device, sums, limits, len(loads))


def _paint(page: OnePage, device: Device) -> Paint:
    found = estimate_lcp(page, device)
    return Paint(device, found.element, found.ms, LINES[device].good_ms)


def _thumb(site: BuiltSite, option: Option, width: int) -> str:
    facts = option.facts
    if facts is None or facts.width * facts.height > _MOST_PIXELS:
        return ""
    return _small(site.root / option.file, width)


@lru_cache(maxsize=512)
def _small(file: Path, width: int) -> str:
    """A small WebP of an image file as a `data:` address, "" where it cannot be decoded."""
    import base64

    from PIL import Image

    from ..imagefile import ImageFault
    from ..imagefile.pixels import decode

    try:
        decoded = decode(file.read_bytes(), max_pixels=_MOST_PIXELS)
    except (ImageFault, OSError):  # a report without one thumbnail is still a report
        return ""
    picture = Image.frombytes(decoded.mode, decoded.size, decoded.samples).convert("RGB")
    picture.thumbnail((width, 2 * width))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=60, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def worst_first(paths: Sequence[str], grave: Collection[str], most: int) -> list[str]:
    """At most so many pages: those with something grave to say first, then the ones nearest to the root."""
    return sorted(paths, key=lambda path: (path not in grave, path.count("/"), path))[:most]
