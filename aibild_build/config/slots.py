"""`[slots]` → layout slots: CSS widths, aspect ratios, which slot is the priority one, what a picture feeds besides.

Takes the file's fields, yields slots by name. The four slots of the built-in templates are always there; a table of the same name
replaces one. Widths are sums of `vw`, `px` and `rem`, so that `sizes`, stylesheet and file widths come from the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..model import Breakpoint, Slot, ratio_value
from ..source import Fields, nearest_hint
from .values import read_quality

_TERM = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?|\.\d+)(vw|px|rem)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(px|rem)")
_REM_PX = 16.0
_NARROWEST_PX = 320

DEFAULT_SLOTS: Mapping[str, Slot] = {
    "hero": Slot(
        name="hero",
        priority=True,
        also=("card", "thumb"),
        breakpoints=(
            Breakpoint(min_width=0, ratio="4:5"),
            Breakpoint(min_width=640, ratio="16:9", offset=-64.0, max_width=1200.0),
        ),
    ),
    "card": Slot(
        name="card",
        breakpoints=(
            Breakpoint(min_width=0, ratio="3:2", offset=-32.0),
            Breakpoint(min_width=640, ratio="3:2", vw=50.0, offset=-48.0),
            Breakpoint(min_width=1024, ratio="3:2", vw=33.0, offset=-48.0, max_width=384.0),
        ),
    ),
    "prose": Slot(name="prose", breakpoints=(Breakpoint(min_width=0, ratio="16:9", offset=-32.0, max_width=704.0),)),
    "thumb": Slot(name="thumb", breakpoints=(Breakpoint(min_width=0, ratio="1:1", vw=0.0, offset=96.0),)),
}


def read_slots(settings: Fields, formats: Sequence[str]) -> dict[str, Slot]:
    """All slots by name, sorted. `formats` are those that a slot may choose from."""
    written: dict[str, Slot] = {}
    tables = settings.named("slots")
    for name, table in tables:
        written[name] = _slot(name, table, formats)
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", name):
            settings.tell("source-value", f"expected slot names in kebab-case, got `{name}`", ("slots", name))
    slots = {**DEFAULT_SLOTS, **written}
    if any(slot.priority for slot in written.values()):
        slots = {name: slot if name in written else replace(slot, priority=False) for name, slot in slots.items()}
    _check_references(tables, slots)
    _check_priority(settings, written)
    return dict(sorted(slots.items()))


def _slot(name: str, table: Fields, formats: Sequence[str]) -> Slot:
    breakpoints = read_breakpoints(table)
    if not breakpoints and not table.has("breakpoints"):
        hint = 'breakpoints = [{min=0, ratio="16:9", width="100vw"}]'
        table.tell("source-missing", f"expected slots.{name}.breakpoints as list of tables, got nothing", (), hint=hint)
    chosen = table.texts("formats")
    for index, format in enumerate(chosen):
        if format not in formats:
            table.wrong(("formats", index), "one of images.formats", hint=nearest_hint(format, formats))
    return Slot(
        name=name,
        breakpoints=breakpoints or DEFAULT_SLOTS["prose"].breakpoints,
        priority=table.flag("priority"),
        also=table.texts("also"),
        formats=chosen,
        quality=read_quality(table),
    )


def read_breakpoints(table: Fields, ratio: str = "") -> tuple[Breakpoint, ...]:
    """`breakpoints`, ascending from 0. Each must name a ratio, unless `ratio` says which one counts without."""
    breakpoints = tuple(_breakpoint(point, ratio) for point in table.each("breakpoints"))
    for index, point in enumerate(breakpoints):
        if index == 0 and point.min_width != 0:
            table.wrong(("breakpoints", 0, "min"), "0 in the first breakpoint")
        elif index and point.min_width <= breakpoints[index - 1].min_width:
            table.wrong(("breakpoints", index, "min"), f"more than {breakpoints[index - 1].min_width}, the breakpoint before")
    return breakpoints


def _breakpoint(table: Fields, usual: str) -> Breakpoint:
    min_width = table.whole("min", 0, low=0, high=10000)
    ratio = table.text("ratio", usual or "16:9", required=not usual)
    try:
        if ratio != usual:
            ratio_value(ratio)
    except ValueError:
        table.wrong("ratio", "ratio of whole numbers 1–100, like 16:9")
        ratio = "16:9"
    vw, offset = _width(table)
    max_width = 0.0
    if cap := table.text("max"):
        length = _LENGTH.fullmatch(cap)
        if length is None:
            table.wrong("max", "length in px or rem, like 1200px")
        else:
            max_width = float(length[1]) * (_REM_PX if length[2] == "rem" else 1.0)
    point = Breakpoint(min_width=min_width, ratio=ratio, vw=vw, offset=offset, max_width=max_width)
    narrowest = max(min_width, _NARROWEST_PX)
    if point.box_width(narrowest) < 1:
        table.wrong("width", f"width that leaves something at {narrowest} px")
    return point


def _width(table: Fields) -> tuple[float, float]:
    """`"100vw - 64px"` → (100.0, -64.0): share of the viewport in percent, offset in CSS px."""
    text = table.text("width", "100vw", required=True)
    total = {"vw": 0.0, "px": 0.0, "rem": 0.0}
    at = 0
    while term := _TERM.match(text, at):
        if at and not term[1]:
            break
        total[term[3]] += float(term[2]) * (-1.0 if term[1] == "-" else 1.0)
        at = term.end()
    if at == 0 or text[at:].strip() or not 0 <= total["vw"] <= 100:
        table.wrong("width", "sum of vw (0–100), px and rem", hint="for instance `100vw - 64px`")
        return 100.0, 0.0
    return total["vw"], total["px"] + total["rem"] * _REM_PX


def _check_references(tables: Sequence[tuple[str, Fields]], slots: Mapping[str, Slot]) -> None:
    for name, table in tables:
        for index, other in enumerate(slots[name].also):
            if other == name or other not in slots:
                known = [slot for slot in slots if slot != name]
                table.wrong(("also", index), "another slot", rule="source-reference", hint=nearest_hint(other, known))


def _check_priority(settings: Fields, written: Mapping[str, Slot]) -> None:
    names = [name for name, slot in written.items() if slot.priority]
    for name in names[1:]:
        message = f"expected at most one priority slot, got `{names[0]}` and `{name}`"
        settings.tell("source-duplicate", message, ("slots", name, "priority"), hint="only one picture can be loaded first")
