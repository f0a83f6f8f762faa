"""Gate `size`: the engine must give the size that was asked for, since crops and safe areas are laid out on it."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Json
from . import Measured, Scored, Seen


class AskedSize(Scored):
    name = "size"
    facts = ("asked", "engine")
    settings: Mapping[str, str] = {}
    block = 1.0

    def measure(self, seen: Seen) -> Measured:
        """Score: 1 when the size is the one that was asked for, else 0. An imported file has the size it has."""
        right = list(seen.size) == list(seen.facts["asked"]) or seen.facts["engine"] == "imported"  # type: ignore[arg-type]
        return Measured(score=float(right), facts={"size": list(seen.size), "asked": seen.facts["asked"]})

    def told(self, measured: Measured, at: float) -> str:
        asked, got = (_text(measured.facts.get(name)) for name in ("asked", "size"))
        return f"expected a picture of {asked} px, got {got}"


def _text(size: Json) -> str:
    return "×".join(str(side) for side in size) if isinstance(size, list | tuple) else str(size)
