"""What work took in the past, read from the store's records.

Takes a store and the place of this machine's ledger, yields expectations with what they rest on; guesses nothing itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from .. import engines
from ..config import STATE_FOLDER
from ..model import Cost, Json, Recipe, Size
from ..store import Store

LEDGER = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class _Past:
    """One picture of the past. `work` is what its engine counts, megapixels where it counts nothing; `kind` keeps these apart."""

    kind: tuple[str, bool]
    device: str
    size: Size
    work: float
    seconds: float


class PastCosts:
    """`encodes` are median seconds a megapixel by format. `here` names the device that each engine last used on this machine."""

    def __init__(self, pictures: tuple[_Past, ...], encodes: Mapping[str, float], here: Mapping[str, str]) -> None:
        self.encodes = encodes
        self._pictures = pictures
        self._here = here

    def of(self, recipe: Recipe) -> Cost | None:
        """What pictures of that engine, size and work took on the device; else what their work did. None without any."""
        kind, work = _work(recipe.engine, recipe.parameters, recipe.size)
        device = self._device(kind)
        past = [one for one in self._pictures if one.kind == kind and one.device == device]
        if not past:
            return None
        alike = [one.seconds for one in past if one.size == recipe.size and one.work == work]
        on = f" on {past[0].device}" if past[0].device else ""
        if alike:
            return Cost(seconds=median(alike), basis=f"as {len(alike)} like it{on}")
        return Cost(seconds=median(one.seconds / one.work for one in past) * work, basis=f"from {len(past)} others{on}")

    def _device(self, kind: tuple[str, bool]) -> str:
        """This machine's, where it has made such pictures; else the one that made most."""
        devices = self._devices.get(kind, Counter())
        here = self._here.get(kind[0], "")
        return here if here in devices or not devices else devices.most_common(1)[0][0]

    @cached_property
    def _devices(self) -> dict[tuple[str, bool], Counter[str]]:
        counts: dict[tuple[str, bool], Counter[str]] = {}
        for one in self._pictures:
            counts.setdefault(one.kind, Counter())[one.device] += 1
        return counts


def past_costs(store: Store, root: Path) -> PastCosts:
    """From every record in the store, and the ledger of the project at `root`."""
    pictures: list[_Past] = []
    encodes: dict[str, list[float]] = {}
    for record in store.records():
        try:
            if record["kind"] == "recipe":
                pictures.append(_past(record))
            elif record["kind"] == "encode" and (found := _encode(record)) is not None:
                encodes.setdefault(found[0], []).append(found[1])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue
    medians = {name: median(rates) for name, rates in sorted(encodes.items())}
    return PastCosts(tuple(pictures), medians, _last_devices(root / STATE_FOLDER / LEDGER))


def _encode(record: Mapping[str, Any]) -> tuple[str, float] | None:
    """Format and seconds a megapixel; None for what was encoded in haste or at leisure."""
    if record["variant"].get("effort", "final") != "final":
        return None
    width, height = record["variant"]["size"]
    return str(record["variant"]["format"]), float(record["seconds"]) * 1e6 / (width * height)


def _past(record: Mapping[str, Any]) -> _Past:
    made, asked = record["asset"]["made"], record["recipe"]
    width, height = record["asset"]["size"]
    kind, work = _work(str(made["engine"]), asked["parameters"], (int(width), int(height)))
    return _Past(
        kind=kind,
        device=str(made["environment"].get("device", "")),
        size=(int(width), int(height)),
        work=work,
        seconds=float(made["seconds"]),
    )


def _work(engine: str, parameters: Mapping[str, Json], size: Size) -> tuple[tuple[str, bool], float]:
    counted = engines.counted_work(engine, parameters)
    return (engine, counted > 0), counted or size[0] * size[1] / 1e6


def _last_devices(ledger: Path) -> dict[str, str]:
    """The device that each engine last used here."""
    devices: dict[str, str] = {}
    for line in _lines(ledger):
        try:
            devices |= {str(engine): str(device) for engine, device in json.loads(line).get("devices", {}).items()}
        except (ValueError, AttributeError):
            continue
    return devices


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
