"""Rules on weight: what a device loads for a page, held against budgets by kind of resource.

Counted is what each of five devices would load (the candidates that it takes), not the sum of all candidates, and text as it
travels, compressed. Budgets come from `[budgets]` and from LightWallet's `budget.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ..config import path_matches
from ..devices import DEVICES, Device
from ..model import Level
from . import Family, Rule
from .reading import Fault, Load, OnePage

_HEAVY_BYTES = 2_667 * 1024  # where `total-byte-weight` falls below 0.9
_NAMES = {
    "page": "the whole page",
    "document": "documents",
    "style": "style sheets",
    "script": "scripts",
    "image": "pictures",
    "font": "fonts",
    "media": "video and audio",
    "other": "other files",
    "third_party": "files of other hosts",
}

RULES = (
    Rule(
        id="page-heavy",
        level=Level.WARNING,
        title="no device loads more than 2,667 KiB for a page",
        source="Lighthouse 13 `total-byte-weight`",
        hint="the largest files are named; smaller crops and better formats help most",
    ),
    Rule(
        id="page-bytes-over",
        level=Level.ERROR,
        title="a page stays within its budget of bytes",
        source="LightWallet `resourceSizes`; own",
        hint="make the named files smaller, or raise the budget with a reason",
    ),
    Rule(
        id="page-requests-over",
        level=Level.ERROR,
        title="a page stays within its budget of requests",
        source="LightWallet `resourceCounts`; own",
        hint="leave files out, or raise the budget with a reason",
    ),
    Rule(
        id="file-loaded-twice",
        level=Level.WARNING,
        title="a page names a file by one address",
        source="own; HTTP caching (RFC 9111, section 2): another query is another resource",
        hint="write the address alike everywhere, query included; a preload under another one is loaded for nothing",
    ),
)


class _Sum(NamedTuple):
    device: Device
    bytes: int
    number: int
    largest: str


def _page(page: OnePage) -> Iterator[Fault]:
    yield from _twice(page)
    sizes, counts = _limits(page)
    if not sizes and not counts and _at_most(page) <= _HEAVY_BYTES:
        return
    worst = _worst(page)
    whole = worst["page"]
    if whole.bytes > _HEAVY_BYTES:
        message = f"expected at most {_kib(_HEAVY_BYTES)} for a page, got {_kib(whole.bytes)} on a {whole.device.name}"
        yield page.fault("page-heavy", message, measured=whole.bytes, limit=_HEAVY_BYTES, hint=f"the largest are {whole.largest}")
    for kind, limit in sizes.items():
        found = worst[kind]
        if found.bytes > limit:
            message = f"expected at most {_kib(limit)} for {_NAMES[kind]}, got {_kib(found.bytes)} on a {found.device.name}"
            yield page.fault(
                "page-bytes-over", message, measured=found.bytes, limit=limit, hint=f"the largest are {found.largest}"
            )
    for kind, limit in counts.items():
        number = worst[kind].number
        if number > limit:
            message = f"expected at most {limit} requests for {_NAMES[kind]}, got {number}"
            yield page.fault("page-requests-over", message, measured=number, limit=limit)


def _twice(page: OnePage) -> Iterator[Fault]:
    """Files that a phone or a laptop asks for under two addresses. A frame's document is a page of its own."""
    told: set[str] = set()
    for device in (DEVICES[1], DEVICES[3]):
        first: dict[str, Load] = {}
        for load in page.loads(device)[1:]:
            if not load.path or load.kind == "document" or load.path in told:
                continue
            known = first.setdefault(load.path, load)
            if known is not load:
                told.add(load.path)
                message = f"expected one address for /{load.path}, got {_shown(known)} and {_shown(load)}"
                yield page.fault("file-loaded-twice", message, load.tag, measured=load.bytes)


def _shown(load: Load) -> str:
    parts = urlsplit(load.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _at_most(page: OnePage) -> int:
    """More than any device loads: the largest file of every picture, and all else. Spares most pages the five devices."""
    sizes = [
        max((option.facts.bytes for _, option in shown.options() if option.facts is not None), default=0)
        for shown in page.pictures
    ]
    return sum(sizes) + sum(load.bytes for load in page.loads(DEVICES[1]))


def _limits(page: OnePage) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Limits of bytes and of requests by kind: of the budgets that fit the page, the last that names a kind counts."""
    sizes: dict[str, int] = {}
    counts: dict[str, int] = {}
    for budget in page.site.config.checks.budgets:
        if path_matches(budget.path, page.address):
            sizes |= budget.sizes
            counts |= budget.counts
    return sizes, counts


def _worst(page: OnePage) -> dict[str, _Sum]:
    """By kind, what the device that loads most of it loads; requests are the most that any device makes."""
    worst = {kind: _Sum(DEVICES[0], -1, 0, "") for kind in _NAMES}
    for device in DEVICES:
        by_kind: dict[str, list[Load]] = {kind: [] for kind in _NAMES}
        for load in page.loads(device):
            by_kind["page"].append(load)
            by_kind[load.kind].append(load)
            if load.third_party:
                by_kind["third_party"].append(load)
        for kind, loads in by_kind.items():
            size = sum(load.bytes for load in loads)
            number = max(len(loads), worst[kind].number)
            if size > worst[kind].bytes:
                worst[kind] = _Sum(device, size, number, _largest(loads))
            else:
                worst[kind] = worst[kind]._replace(number=number)
    return worst


def _largest(loads: list[Load]) -> str:
    three = sorted(loads, key=lambda load: (-load.bytes, load.path))[:3]
    return ", ".join(f"/{load.path} ({_kib(load.bytes)})" for load in three if load.bytes)


def _kib(size: int) -> str:
    return f"{size / 1024:,.1f} KiB"


FAMILY = Family(name="weight", fingerprint=2, rules=RULES, page=_page)
