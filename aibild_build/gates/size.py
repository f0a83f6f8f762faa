"""Gate `size`: the engine must give the size that was asked for, since crops and safe areas are laid out on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import Json, Outcome
from . import Judgement, Measured, Pair, Seen


class AskedSize:
    name = "size"
    fingerprint = 1
    scope = "asset"
    settings: tuple[str, ...] = ()

    def measure(self, seen: Seen) -> Measured:
        """Score: 1 when the size is the one that was asked for, else 0. An imported file has the size it has."""
        right = seen.size == seen.asked or seen.engine == "imported"
        return Measured(score=float(right), facts={"size": list(seen.size), "asked": list(seen.asked)})

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """Block every other size; there is no setting."""
        if measured.score == 1:
            return Judgement(outcome=Outcome.PASS, threshold=1)
        asked, got = (_text(measured.facts.get(name)) for name in ("asked", "size"))
        return Judgement(outcome=Outcome.BLOCK, threshold=1, message=f"expected a picture of {asked} px, got {got}")

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        return iter(())


def _text(size: Json) -> str:
    return "×".join(str(side) for side in size) if isinstance(size, list | tuple) else str(size)
