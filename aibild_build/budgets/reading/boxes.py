"""How large styles make a picture: what a page's own CSS surely says of the box of an `<img>`, on one device.

Takes a picture and the page's style sheets, yields a box or None. No layout: a width in percent is at most that of the screen.
Where a selector, a condition or a unit leaves anything open, nothing is said. Sources: CSS Cascade 5, section 6; CSS Sizing 3,
section 5; HTML standard, section 15.4.3 (attributes are presentational hints).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...devices import Device, matches
from .css import Boxed, Css
from .page import Tag
from .pictures import Shown, whole_px
from .selectors import keys_of

_LENGTH = re.compile(r"(\d+\.?\d*|\.\d+)(px|r?em|vw|vh|svh|dvh|lvh|%)?")
_RATIO = re.compile(r"(\d+\.?\d*|\.\d+)(?:\s*/\s*(\d+\.?\d*|\.\d+))?")
_LOGICAL = {"inline-size": "width", "block-size": "height"}
_INLINE = (1, 0, 0, 0)
_EM_PX = 16

Sheets = Iterable[tuple[Css, str, Tag]]
Styles = Sequence[tuple[tuple[int, ...], Boxed, str]]


class Box(NamedTuple):
    """Width and height in CSS px. `at_most`: the width may be smaller, since it depends on what is around."""

    width: float
    height: float
    at_most: bool


class Length(NamedTuple):
    px: float
    at_most: bool


def styles_on(shown: Shown, sheets: Sheets) -> Styles:
    """Declarations that may be about a picture's box: their weight, themselves, and the medium of their sheet."""
    line = shown.img.line
    found: list[tuple[tuple[int, ...], Boxed, str]] = []
    for at, (css, _, tag) in enumerate(sorted(sheets, key=lambda sheet: sheet[2].line)):
        if not css.boxes or not line:
            continue
        own = tag.name not in ("style", "link")
        if own and tag.path != shown.img.tag.path:
            continue
        for key in keys_of(line[-1]):
            for place, one in enumerate(css.boxes.get(key, ())):
                if not one.property.startswith("background") and (own or one.selector.meets(line) is not False):
                    weight = _INLINE if own else (0, *one.selector.specificity)
                    important = "!" in one.value
                    found.append(((important, *weight, at, place), one, "" if own else tag.get("media")))
    return found


def box_on(shown: Shown, styles: Styles, device: Device) -> Box | None:
    """The box that styles give a picture on a device; None where they leave it to the file, or where it cannot be told."""
    said = _cascaded(shown, styles, device)
    if not said or shown.taken(device) is None or said.get("object-fit", "fill") != "fill":
        return None
    width, height = _sides(said, shown, device)
    if width is None or height is None:
        return None
    if width.px and height.px:
        return Box(width.px, height.px, width.at_most)
    by = ratio_in(said.get("aspect-ratio", ""))
    if not by or not (width.px or height.px):
        return None
    return Box(width.px, width.px / by, False) if width.px else Box(height.px * by, height.px, False)


def sides_on(shown: Shown, styles: Styles, device: Device) -> tuple[float, float]:
    """Width and height in CSS px that styles surely give a picture, however its file fits in; 0 for a side that is not sure."""
    width, height = _sides(_cascaded(shown, styles, device) or {}, shown, device)
    return _sure_px(width), _sure_px(height)


def _sure_px(side: Length | None) -> float:
    return side.px if side is not None and not side.at_most else 0.0


def _sides(said: Mapping[str, str], shown: Shown, device: Device) -> tuple[Length | None, Length | None]:
    """Both sides, from what is said of them and else from attributes; None for one that cannot be told."""
    if any(one.startswith("min-") for one in said):
        return None, None
    row, own = shown.row_at(device).tag, shown.img.tag
    width = _side(said, "width", whole_px(row.get("width")) or whole_px(own.get("width")), device)
    height = _side(said, "height", whole_px(row.get("height")) or whole_px(own.get("height")), device)
    return width, height


def _cascaded(shown: Shown, styles: Styles, device: Device) -> Mapping[str, str] | None:
    """The values that win; None where any of them is not sure."""
    said: dict[str, str] = {}
    for _, one, media in sorted(styles, key=lambda style: style[0]):
        holds = holds_on(one.conditions, media, device)
        if holds is False:
            continue
        if holds is None or one.selector.meets(shown.img.line) is None:
            return None
        name = one.property
        for logical, physical in _LOGICAL.items():
            name = name.replace(logical, physical)
        said[name] = one.value.partition("!")[0].strip().lower()
    return said


def holds_on(conditions: Sequence[str], media: str, device: Device) -> bool | None:
    """Whether a declaration inside of at-rules, in a sheet for a medium, counts on a device; None where it cannot be told."""
    if media and not matches(media, device):
        return False
    for one in conditions:
        if not one.lower().startswith("@media"):
            return None
        if not matches(one[len("@media") :].strip(), device):
            return False
    return True


def ratio_in(value: str) -> float:
    """Width by height of an `aspect-ratio`, 0 where it is left to the file."""
    found = _RATIO.fullmatch(value)
    return float(found[1]) / float(found[2] or 1) if found is not None and float(found[2] or 1) else 0.0


def _side(said: Mapping[str, str], name: str, hint: int | None, device: Device) -> Length | None:
    """One side: 0 px where it is left to the other; None where it cannot be told."""
    value = said.get(name, "")
    side = length_px(value, name, device) if value else Length(hint or 0, False)
    most = said.get(f"max-{name}", "none")
    if side is None or most == "none" or not side.px:
        return side if most == "none" else None
    limit = length_px(most, name, device)
    if limit is None or not limit.px:
        return None
    return limit if limit.px < side.px else side if not limit.at_most or name == "height" else Length(side.px, True)


def length_px(value: str, name: str, device: Device) -> Length | None:
    """A length for the side `name`: 0 px for `auto`, None where it cannot be told."""
    if value == "auto":
        return Length(0, False)
    found = _LENGTH.fullmatch(value)
    if found is None:
        return None
    number, unit = float(found[1]), found[2] or ""
    if unit == "%":
        return Length(number / 100 * device.width, True) if name == "width" else None
    if unit.endswith("vh"):
        return Length(number / 100 * device.height, False)
    scale = {"px": 1, "em": _EM_PX, "rem": _EM_PX, "vw": device.width / 100}.get(unit)
    return Length(number * scale, False) if scale is not None else None
