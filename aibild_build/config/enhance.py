"""`[[enhance.slots]]`: which pictures of other people's pages fill which box, told by CSS selectors instead of measured.

Takes the table and the slots of the site, yields `DeclaredSlot`s in the order in which they are asked. No page is known here.
"""

from __future__ import annotations

from collections.abc import Collection

from ..model import MASTER
from ..source import Fields, nearest_hint
from .settings import DeclaredSlot
from .slots import read_breakpoints


def read_enhance(table: Fields, known: Collection[str]) -> tuple[DeclaredSlot, ...]:
    """Every entry that can be used; the others are findings."""
    return tuple(one for entry in table.each("slots") if (one := _declared(entry, known)) is not None)


def _declared(entry: Fields, known: Collection[str]) -> DeclaredSlot | None:
    selector, slot, priority = entry.text("selector", required=True).strip(), entry.text("slot"), entry.flag("priority")
    breakpoints = read_breakpoints(entry, ratio=MASTER)
    good = bool(selector)
    if selector and (fault := _selector_fault(selector)):
        entry.wrong("selector", "CSS selector", hint=fault)
        good = False
    if slot and slot not in known:
        hint = nearest_hint(slot, known) or "slots: " + ", ".join(sorted(known))
        entry.wrong("slot", "name of a slot", rule="source-reference", hint=hint)
        good = False
    if slot and breakpoints:
        entry.wrong("slot", "either a slot or breakpoints, not both")
        good = False
    if good and not any(map(entry.has, ("slot", "breakpoints", "priority"))):
        entry.tell("source-missing", f"expected slot, breakpoints or priority for `{selector}`, got none of them", "selector")
        good = False
    return DeclaredSlot(selector=selector, slot=slot, breakpoints=breakpoints, priority=priority) if good else None


def _selector_fault(selector: str) -> str:
    """What the parser that will be asked says of it; "" for a selector that it understands."""
    import turbohtml

    try:
        turbohtml.parse(b"").select(selector)
    except (turbohtml.SelectorSyntaxError, ValueError) as error:
        return str(error).splitlines()[0]
    return ""
