"""Rules on responsive pictures: `srcset` and `sizes` that mean something, and what five devices get by them."""

from __future__ import annotations

from collections.abc import Iterator

from ..devices import DEVICES, Device, parse_sizes, parse_srcset
from ..model import Level
from . import Family, Rule
from .reading import Fault, OnePage, Row, Shown
from .reading.pictures import Taken

MIN_DENSITY = 0.75
SMALL_PX = 64
WASTE_BYTES = 12_288
PLAIN_WASTE_BYTES = 4_096
_WIDEST_DENSITY = 2.0
_SEARCHED_PX = 1200
_OVERSIZE_PLAY = 1.02  # a file of 4,000 px is the usual trap: twice a desktop is 3,840

RULES = (
    Rule(
        id="srcset-invalid",
        level=Level.ERROR,
        title="`srcset` follows its grammar",
        source="HTML standard, section 4.8.4.2.1",
        hint="`name.jpg 640w, other.jpg 1280w`: address, blank, descriptor, comma; all with widths or none",
    ),
    Rule(
        id="sizes-missing",
        level=Level.ERROR,
        title="a `srcset` with widths has `sizes`",
        source="HTML standard, section 4.8.3",
        hint="without it a browser takes the picture to be as wide as the window, and loads too much",
    ),
    Rule(
        id="sizes-invalid",
        level=Level.ERROR,
        title="`sizes` follows its grammar and ends with a plain length",
        source="HTML standard, section 4.8.4.2.2",
        hint="`(min-width: 640px) 50vw, 100vw`: percentages are not allowed, the last length has no condition",
    ),
    Rule(
        id="sizes-auto",
        level=Level.ERROR,
        title="`auto` stands in `sizes` of lazy pictures only, with lengths behind it",
        source="HTML standard, section 4.8.4.2.2; unknown to Safari",
        hint='write real lengths, or `loading="lazy" sizes="auto, 100vw"`',
    ),
    Rule(
        id="image-density",
        level=Level.WARNING,
        title="every device gets at least three quarters of the pixels that it can show",
        source="Lighthouse 13 `image-size-responsive`",
        hint="add a wider candidate",
    ),
    Rule(
        id="image-waste",
        level=Level.WARNING,
        title="no device loads 12 KiB more than it can show, 4 KiB without `srcset`",
        source="Lighthouse 13 `image-delivery-insight`",
        hint="add a candidate of the width that this device needs, or correct `sizes`",
    ),
    Rule(
        id="image-oversize",
        level=Level.WARNING,
        title="no candidate is wider than any device can use",
        source="own; twice the widest box is all that eyes can tell",
        hint="take the candidate out: a browser may choose it, and then pays for it",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    for link in page.seen.rel("preload"):
        if parse_sizes(link.get("imagesizes") or "100vw").auto:
            yield page.fault("sizes-auto", "expected lengths in `imagesizes`, got `auto`", link)
        if link.has("imagesrcset") and (faults := parse_srcset(link.get("imagesrcset")).faults):
            yield page.fault("srcset-invalid", f"expected `imagesrcset` by its grammar, {faults[0]}", link)
    for shown in page.pictures:
        for row in shown.rows:
            yield from _grammar(page, shown, row)
        if not shown.is_vector and not shown.img.unseen:
            yield from _matrix(page, shown)


def _grammar(page: OnePage, shown: Shown, row: Row) -> Iterator[Fault]:
    if row.srcset.faults:
        yield page.fault("srcset-invalid", f"expected `srcset` by its grammar, {row.srcset.faults[0]}", row.tag)
    if row.sizes is None:
        if row.srcset.by_width:
            message = f"expected `sizes` beside {len(row.srcset.entries)} candidates with widths, got none"
            yield page.fault("sizes-missing", message, row.tag)
        return
    sizes = parse_sizes(row.sizes)
    if sizes.faults:
        message = f"expected `sizes` as media conditions and lengths, {sizes.faults[0]}"
        yield page.fault("sizes-invalid", message, row.tag, measured=row.sizes)
    if sizes.auto and not shown.lazy:
        yield page.fault("sizes-auto", "expected lengths in `sizes` of a picture that is not lazy, got `auto`", row.tag)
    elif sizes.auto and not row.is_img:
        yield page.fault("sizes-auto", "expected lengths in `sizes` of a `<source>`, got `auto`", row.tag)
    elif sizes.auto and not sizes.steps:
        yield page.fault("sizes-auto", "expected lengths behind `auto` in `sizes`, got none", row.tag)


def _matrix(page: OnePage, shown: Shown) -> Iterator[Fault]:
    """Each rule speaks once a picture, of the device that fares worst."""
    taken = [
        (device, found) for device in DEVICES if (found := shown.taken(device)) is not None and found.option.facts is not None
    ]
    judged = [] if _is_fixed(shown) else [(_needed(found, device), device, found) for device, found in taken]
    if judged:
        need, device, found = min(judged, key=lambda row: _width(row[2]) / row[0])
        if _width(found) < need:
            box = f"a box of {found.box_px:.0f} px on a {device.name} ({device})"
            message = f"expected at least {need} px of width for {box}, got {_width(found)} px"
            yield page.fault("image-density", message, found.row.tag, measured=_width(found), limit=need)
    limit = WASTE_BYTES if len(shown.rows) > 1 or shown.rows[-1].srcset.entries else PLAIN_WASTE_BYTES
    if taken:
        waste, device, found = max(((_waste(found, device), device, found) for device, found in taken), key=lambda row: row[0])
        if waste > limit:
            message = (
                f"expected at most {limit} bytes too many for a box of {found.box_px:.0f} px on a {device.name} ({device}),"
                f" got {waste} with {_width(found)} px of width"
            )
            yield page.fault("image-waste", message, found.row.tag, measured=waste, limit=limit)
    yield from _oversize(page, shown, taken)


def _is_fixed(shown: Shown) -> bool:
    """Candidates by density are made for one box, whose size is not known here; Lighthouse spares them too."""
    return shown.rows[-1].srcset.entries != () and not shown.rows[-1].srcset.by_width


def _needed(found: Taken, device: Device) -> int:
    """The least width in pixels that looks sharp: three quarters of what the device can show, all of it for small boxes, where
    nobody sees more than two pixels for one."""
    if found.box_px < SMALL_PX:
        return max(1, round(found.box_px * min(device.density, _WIDEST_DENSITY)))
    return round(min(found.box_px, device.width) * device.density * MIN_DENSITY)


def _width(found: Taken) -> int:
    assert found.option.facts is not None
    return found.option.facts.width


def _waste(found: Taken, device: Device) -> int:
    """Bytes of the pixels that the box cannot show, as Lighthouse counts them."""
    facts = found.option.facts
    assert facts is not None
    shown_px = min(found.box_px, device.width)  # a box beyond the screen's edge shows no more
    share = min(1.0, shown_px * device.density / facts.width) ** 2
    return round((1 - share) * facts.bytes)


def _oversize(page: OnePage, shown: Shown, taken: list[tuple[Device, Taken]]) -> Iterator[Fault]:
    if not taken:
        return
    widest = max(found.box_px * max(_WIDEST_DENSITY, device.density if device.width < 600 else 0) for device, found in taken)
    limit = max(_SEARCHED_PX, round(widest))
    for row, option in shown.options():
        if option.facts is not None and option.format != "svg" and option.facts.width > limit * _OVERSIZE_PLAY:
            message = f"expected candidates of at most {limit} px, got /{option.file} of {option.facts.width} px"
            yield page.fault("image-oversize", message, row.tag, measured=option.facts.width, limit=limit)
            return


FAMILY = Family(name="screens", fingerprint=1, rules=RULES, page=_page)
