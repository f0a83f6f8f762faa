"""What work took in the past, read from the store's records.

Takes a store, yields medians; guesses nothing where nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCosts:
    """Median seconds a megapixel: of making a picture, by engine; of an encode, by format."""

    pictures: Mapping[str, float]
    encodes: Mapping[str, float]


def past_costs(store: Store) -> PastCosts:
    """The medians over every record in the store."""
    pictures: dict[str, list[float]] = {}
    encodes: dict[str, list[float]] = {}
    for kind, name, rate in _rates(store):
        (pictures if kind == "recipe" else encodes).setdefault(name, []).append(rate)
    return PastCosts(
        pictures={name: median(rates) for name, rates in sorted(pictures.items())},
        encodes={name: median(rates) for name, rates in sorted(encodes.items())},
    )


def _rates(store: Store) -> Iterator[tuple[str, str, float]]:
    for record in store.records():
        try:
            yield from _rate(record)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue


def _rate(record: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    if record["kind"] == "recipe":
        asset = record["asset"]
        width, height = asset["size"]
        yield "recipe", str(asset["made"]["engine"]), float(asset["made"]["seconds"]) * 1e6 / (width * height)
    elif record["kind"] == "encode":
        width, height = record["variant"]["size"]
        yield "encode", str(record["variant"]["format"]), float(record["seconds"]) * 1e6 / (width * height)
