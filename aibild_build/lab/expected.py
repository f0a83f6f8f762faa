"""What files promise of a page on a device: the hero's candidate, every picture's candidates, the largest paint, the bytes.

Takes a built folder and pages of it, yields plain values that a browser can be held against. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..budgets.estimate import LINES, estimate_lcp
from ..budgets.reading import BuiltSite, OnePage, Seen, Shown, read_page
from ..config import Config, no_config
from ..devices import DEVICES, Device

PHONE, LAPTOP = DEVICES[1], DEVICES[3]


class Chosen(NamedTuple):
    """One picture: its CSS path, the file that the device takes, and all files that it might have taken."""

    selector: str
    file: str
    candidates: frozenset[str]
    is_hero: bool
    is_lazy: bool


class Promise(NamedTuple):
    """What the files say of one page on one device. `lcp_ms` is None for devices without a line in the estimate."""

    path: str
    address: str
    device: Device
    pictures: tuple[Chosen, ...]
    lcp_ms: int | None
    lcp_is_picture: bool
    bytes: int

    @property
    def hero(self) -> Chosen | None:
        return next((one for one in self.pictures if one.is_hero), None)


def promises(
    output: Path, config: Config | None, paths: Iterable[str], devices: Sequence[Device], *, base_url: str, today: str
) -> list[Promise]:
    """For each page and device. Pages that cannot be read are left out."""
    site = BuiltSite(output, base_url, config if config is not None else no_config(output), today)
    found: list[Promise] = []
    for path in paths:
        seen = read_page(site.read(path), path, site.page_url(path)) if path in site.files else None
        if isinstance(seen, Seen):
            page = OnePage(seen, site)
            found += [_promise(page, device) for device in devices]
    return found


def sample(paths: Sequence[str], number: int) -> list[str]:
    """So many pages, spread over the site: the ones nearest to the root first, then evenly; error pages are none."""
    pages = sorted((path for path in paths if path.rpartition("/")[2] != "404.html"), key=lambda path: (path.count("/"), path))
    if number >= len(pages):
        return pages
    step = len(pages) / number
    return [pages[int(at * step)] for at in range(number)]


def _promise(page: OnePage, device: Device) -> Promise:
    estimate = estimate_lcp(page, device) if device in LINES else None
    pictures = [_chosen(one, device, one is page.hero) for one in page.pictures if not one.img.unseen]
    return Promise(
        path=page.seen.path,
        address=page.address,
        device=device,
        pictures=tuple(one for one in pictures if one is not None),
        lcp_ms=estimate.ms if estimate is not None else None,
        lcp_is_picture=estimate.is_picture if estimate is not None else False,
        bytes=sum(load.bytes for load in page.loads(device)),
    )


def _chosen(shown: Shown, device: Device, is_hero: bool) -> Chosen | None:
    taken = shown.taken(device)
    if taken is None or not taken.option.file:
        return None
    candidates = frozenset(option.file for _, option in shown.options() if option.file)
    return Chosen(shown.img.tag.path, taken.option.file, candidates, is_hero, shown.lazy)
