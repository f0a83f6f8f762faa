"""Rules on the largest paint: which element it is, what has to arrive before it, and how long that takes.

An estimate from files alone, at the two lines that Lighthouse draws: a phone with 150 ms and 1.6 Mbit/s, a laptop with 40 ms and
10 Mbit/s. The transport is modelled as Lighthouse's own simulation does it (TCP with slow start, one connection, a part of what
is loaded beside the picture); layout is guessed from text and boxes. What was assumed is said with every finding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from ..config import path_matches
from ..devices import DEVICES, Device
from ..model import Level
from . import Family, Rule
from .reading import Fault, Load, OnePage, Shown, Tag
from .reading.backgrounds import largest_background
from .reading.one import HEADER_PX, text_px

_SEGMENT_BYTES = 1_460
_FIRST_SEGMENTS = 10
_SERVER_MS = 20  # a static host near the reader
_EAGER = 8  # images that Chrome asks for early although nobody says so
_RIVALS = 5  # Chrome gives so many of a page's first images medium priority, if they are larger than this
_RIVAL_PX2 = 10_000
# Style, layout and paint, measured with Lighthouse 13.5 on pages of ours, the phone four times as slow as the laptop
_PAINT_MS = 25
_PAINT_MS_PER_KIB = 0.35
_SCRIPT_MS_PER_KIB = 0.6

RULES = (
    Rule(
        id="lcp-over",
        level=Level.ERROR,
        title="the estimated largest paint keeps its budget, `max_lcp_ms`",
        source="own; LightWallet `timings`",
        hint="make what arrives before it smaller",
    ),
    Rule(
        id="lcp-slow",
        level=Level.WARNING,
        title="the estimated largest paint comes within 2.5 s on a phone and 1.2 s on a laptop",
        source="web.dev, LCP; Lighthouse 13 scoring",
        hint="make what arrives before it smaller",
    ),
    Rule(
        id="lcp-text",
        level=Level.NOTE,
        title="on a phone the hero picture is larger than any text",
        source="own, measured",
        hint="give phones a crop of 4:5 or 1:1, or accept that a paragraph is the largest paint",
    ),
)


class Line(NamedTuple):
    """A network and a processor: round trip in ms, bytes that arrive in a ms, how much slower than a laptop, what is good.

    `beside_ratio`: so much of what is loaded beside a picture with priority arrives before it, measured. A slow line lets
    priority work; on a fast one nearly all is on its way before the picture is painted.
    """

    rtt_ms: float
    bytes_per_ms: float
    slowdown: float
    good_ms: int
    beside_ratio: float

    def __str__(self) -> str:
        return f"{self.rtt_ms:g} ms, {self.bytes_per_ms * 8 / 1024:.1f} Mbit/s, processor {self.slowdown:g} times slower"


LINES = {DEVICES[1]: Line(150, 204.8, 4, 2_500, 0.5), DEVICES[3]: Line(40, 1_310.72, 1, 1_200, 1.0)}


class Estimate(NamedTuple):
    """`element` is what the largest paint is, `tag` its element if there is one; `bytes` arrive before it, in `ms`."""

    device: Device
    element: str
    is_picture: bool
    tag: Tag | None
    bytes: int
    ms: int
    text_area_px: int
    picture_area_px: int


def estimate_lcp(page: OnePage, device: Device) -> Estimate:
    """The largest paint of a page on the phone or the laptop (`LINES`)."""
    line = LINES[device]
    loads = page.loads(device)
    hero = page.painted(device)
    picture_area = page.area_px(hero, device) if hero is not None else 0
    block, text_area = _largest_text(page, hero, device)
    fonts = _preloaded_fonts(page)
    blocking = [load for load in loads[1:] if load.blocks or load.path in fonts]
    start = _first_byte_ms(line, page.site.base_url.startswith("https:"))
    ready = start + _rounds_ms(loads[0].bytes, line, warm=False)
    first_bytes = loads[0].bytes + sum(load.bytes for load in blocking)
    paint = _paint_ms(page, loads, line)
    first = ready + _together_ms(blocking, 0, line) + paint
    behind = largest_background(page, device)
    if behind is not None and behind.area_px > max(picture_area, text_area):
        late = 0.0 if behind.preloaded else line.rtt_ms
        beside = _beside(page, None, loads, blocking, behind.file)
        ms = round(ready + late + _together_ms(blocking, behind.bytes + beside, line) + paint)
        name = f"picture {behind.file.rpartition('/')[2]} in a style"
        return Estimate(device, name, True, behind.tag, first_bytes + behind.bytes, ms, text_area, behind.area_px)
    taken = hero.taken(device) if hero is not None else None
    if hero is None or taken is None or picture_area < text_area / 2:
        name = f"text “{block.text[:40]}”" if block is not None else "text"
        return Estimate(device, name, False, block, first_bytes, round(first), text_area, picture_area)
    size = taken.option.facts.bytes if taken.option.facts is not None else 0
    late = line.rtt_ms if hero.lazy else 0.0
    beside = _beside(page, hero, loads, blocking)
    alone = hero.high and not hero.lazy and not _has_rivals(page, hero, device)
    share = line.beside_ratio if alone else 1.0
    painted = ready + late + _together_ms(blocking, size + int(share * beside), line) + paint
    name = f"picture {taken.option.url.rpartition('/')[2]}"
    if picture_area < text_area and block is not None:
        name = f"text “{block.text[:40]}”, or {name}"
    ms = round(max(first, painted))
    return Estimate(device, name, True, hero.img.tag, first_bytes + size, ms, text_area, picture_area)


def _has_rivals(page: OnePage, hero: Shown, device: Device) -> bool:
    """Whether another picture comes with more than low priority: then all of it arrives before the hero is painted, measured."""
    for shown in page.pictures[:_RIVALS]:
        row = shown.row_at(device)
        width = shown.box_px(row, device)
        if shown is not hero and not shown.lazy and width * width / shown.ratio_of(row) > _RIVAL_PX2:
            return True
    return False


def _first_byte_ms(line: Line, secure: bool) -> float:
    """Name, connection, key and request: two, one, one and one round trips, as Lighthouse counts them."""
    return (5 if secure else 4) * line.rtt_ms + _SERVER_MS


def _window_bytes(line: Line) -> int:
    """What arrives in a round trip once the line is full."""
    return max(1, int(line.bytes_per_ms * line.rtt_ms / _SEGMENT_BYTES)) * _SEGMENT_BYTES


def _rounds_ms(size: int, line: Line, *, warm: bool) -> float:
    """Time for `size` bytes after the first ones came: windows double until the line is full (RFC 5681, section 3.1)."""
    full = _window_bytes(line)
    window = full if warm else min(_FIRST_SEGMENTS * _SEGMENT_BYTES, full)
    rest, rounds = size - window, 0
    while rest > 0 and window < full:
        window = min(2 * window, full)
        rest -= window
        rounds += 1
    return (rounds + (math.ceil(rest / full) if rest > 0 else 0)) * line.rtt_ms


def _together_ms(blocking: list[Load], more: int, line: Line) -> float:
    """Time for what is asked for once the document is there, all on one warm connection; other hosts cost a connection."""
    size = sum(load.bytes for load in blocking) + more
    if not blocking and not more:
        return 0.0
    foreign = 3 * line.rtt_ms if any(load.third_party for load in blocking) else 0.0
    return foreign + line.rtt_ms + _rounds_ms(size, line, warm=True)


def _preloaded_fonts(page: OnePage) -> set[str]:
    """Files that the page asks for beside its sheets, and writes with as soon as they are there."""
    named = [page.resolve(link.get("href")) for link in page.seen.rel("preload") if link.get("as").lower() == "font"]
    return {target.path for target in named if target is not None and target.path}


def _paint_ms(page: OnePage, loads: tuple[Load, ...], line: Line) -> float:
    """What passes between the last byte and the paint. Sheets that others import are asked for a round trip later."""
    waits = line.rtt_ms if any(css.imports for css, _, _ in page.sheets) else 0.0
    scripts = sum(load.bytes for load in loads if load.kind == "script")
    return waits + line.slowdown * (_PAINT_MS + _PAINT_MS_PER_KIB * page.seen.bytes / 1024 + _SCRIPT_MS_PER_KIB * scripts / 1024)


def _beside(page: OnePage, hero: Shown | None, loads: tuple[Load, ...], blocking: list[Load], file: str = "") -> int:
    """Bytes that share the line with the picture (`hero`, or the `file` in a style): other early pictures, fonts and scripts."""
    eager = {shown.img.tag.path for shown in page.pictures if not shown.lazy and shown is not hero}
    pictures = [
        load.bytes
        for load in loads
        if load.kind == "image" and load.tag is not None and load.tag.path in eager and load.path != file
    ]
    others = [load.bytes for load in loads[1:] if load.kind in ("font", "script") and load not in blocking]
    return sum(pictures[:_EAGER]) + sum(others)


def _largest_text(page: OnePage, hero: Shown | None, device: Device) -> tuple[Tag | None, int]:
    """The largest block of text on the first screen, and its area in CSS px²."""
    best: tuple[Tag | None, int] = (None, 0)
    y, letters = float(HEADER_PX), 0
    waiting = hero is not None
    for block in page.seen.blocks:
        if waiting and hero is not None and hero.img.chars_before <= letters:
            row = hero.row_at(device)
            y += min(hero.box_px(row, device), device.width) / hero.ratio_of(row)
            waiting = False
        if y >= device.height:
            break
        if block.path.partition("nav")[1] or not block.text:
            continue
        font = {"h1": 36, "h2": 26}.get(block.name, 17)
        width, height = text_px(len(block.text), device, font)
        area = round(width * min(height, device.height - y))
        if area > best[1]:
            best = (block, area)
        y += height + font
        letters += len(block.text)
    return best


def _page(page: OnePage) -> Iterator[Fault]:
    if not page.seen.whole or page.seen.redirect is not None:
        return
    budget = None
    for one in page.site.config.checks.budgets:
        if one.max_lcp_ms is not None and path_matches(one.path, page.address):
            budget = one.max_lcp_ms
    every = {device: estimate_lcp(page, device) for device in LINES}
    for device, found in every.items():
        line = LINES[device]
        rule, limit = ("lcp-over", budget) if budget is not None else ("lcp-slow", line.good_ms)
        if found.ms > limit:
            message = (
                f"expected the largest paint within {limit} ms on a {device.name}, got about {found.ms} ms: {found.element},"
                f" after {found.bytes / 1024:.0f} KiB"
            )
            hint = f"assumed: {line}; text compressed; a host that answers in {_SERVER_MS} ms"
            yield page.fault(rule, message, found.tag, measured=found.ms, limit=limit, hint=hint)
    phone = every[DEVICES[1]]
    if page.hero is not None and phone.picture_area_px < phone.text_area_px:
        message = (
            f"expected the hero to cover more than any text on a phone, got {phone.picture_area_px} px² against"
            f" {phone.text_area_px} px²"
        )
        yield page.fault("lcp-text", message, page.hero.img.tag, measured=phone.picture_area_px, limit=phone.text_area_px)


FAMILY = Family(name="estimate", fingerprint=7, rules=RULES, page=_page)
