"""Makes files better that are shown already: the usual ones where only fast ones are there, then smaller ones.

Takes what a site shows, leaves records in the store; the next build swaps what is worth it. Publishes nothing, replaces no
record, and can be ended at any instant: what is recorded stands, all else is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..crews import Crew
from ..model import Cost, FileFacts, RenditionReason, Variant, Work
from ..plan.refining import at_hand, fast_variant, refinable, refined_key
from ..plan.renditions import WantedBrief, WantedRendition
from ..renditions.metadata import Metadata
from ..store import Store
from ..wire import from_json, to_json
from .carry import Orders, carry_out
from .jobs import StoreArguments, make_files, master_of, open_store, stand
from .making import with_quality
from .talk import Talk

Want = Callable[[], tuple[WantedBrief, ...]]
Over = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Improved:
    """Counted from what was done. `usual` files were made where only fast ones were; `swaps` are those of the `tried` that the
    next build takes instead, if the site has it take them (`taken`); `left` are files that were not come to."""

    usual: int
    tried: int
    swaps: int
    saved_bytes: int
    left: int
    seconds: float
    taken: bool = True


def improve_files(
    want: Want,
    store: Store,
    arguments: StoreArguments,
    crew: Crew,
    talk: Talk,
    *,
    started: float,
    seconds: float | None,
    slow: bool = True,
) -> Improved:
    """Make the usual files where `want` finds but fast ones, and then, if `slow`, try slow settings on all that are there.

    It ends `seconds` after `started` (of `time.perf_counter`), None for when all is done. Raises EncodeError.
    """

    def over() -> bool:
        return seconds is not None and time.perf_counter() - started >= seconds

    usual, left = _make_usual(want, store, arguments, crew, talk, over)
    tried = swaps = saved = 0
    if slow:
        orders = _orders(want(), store, arguments)
        left += len(orders)
        if orders and not over():
            for _, answer in carry_out("refinement", improve, orders, crew, talk):
                tried += answer["tried"]
                swaps += answer["swaps"]
                saved += answer["saved_bytes"]
                if over():
                    break
    spent = round(time.perf_counter() - started, 3)
    return Improved(usual=usual, tried=tried, swaps=swaps, saved_bytes=saved, left=left - tried, seconds=spent)


def _make_usual(want: Want, store: Store, arguments: StoreArguments, crew: Crew, talk: Talk, over: Over) -> tuple[int, int]:
    """How many usual files were made where only fast ones were, and how many such are left."""

    def hurried() -> tuple[WantedBrief, ...]:
        """The briefs with such files, and no others of theirs."""
        briefs = (replace(one, renditions=tuple(_only_fast(store, one))) for one in want() if not one.draft)
        return tuple(brief for brief in briefs if brief.renditions)

    briefs = hurried() if over() else with_quality(hurried, arguments, crew, talk, over)
    left, made = sum(len(brief.renditions) for brief in briefs), 0
    orders = _usual_orders(briefs, arguments)
    if orders and not over():
        for _, answer in carry_out("rendition", make_files, orders, crew, talk):
            made += len(answer["files"])
            if over():
                break
    return made, left - made


def _only_fast(store: Store, brief: WantedBrief) -> list[WantedRendition]:
    return [
        one
        for one in brief.renditions
        if one.variant.effort == "final"
        and not at_hand(store, one.variant.encode)
        and at_hand(store, fast_variant(one.variant).encode)
    ]


def _usual_orders(briefs: tuple[WantedBrief, ...], arguments: StoreArguments) -> Orders:
    """One order a size, the largest first: its formats share their pixels, and a box that ends is not overrun by much.

    Files whose quality was not found in time are left out.
    """
    groups: dict[tuple[object, ...], tuple[WantedBrief, list[WantedRendition]]] = {}
    for brief in briefs:
        for one in brief.renditions:
            if not isinstance(one.variant.settings.get("quality"), str):
                groups.setdefault((brief.slug, one.asset, one.variant.crop, one.variant.size), (brief, []))[1].append(one)
    sized = sorted(groups.values(), key=lambda group: -_area(group[1][0].variant))
    return [
        (
            _work("rendition", files[0].variant, files[0].delivery),
            {
                "store": arguments,
                "asset": files[0].asset,
                "metadata": to_json(brief.metadata),
                "wanted": [
                    {"variant": to_json(one.variant), "delivery": one.delivery, "provenance": one.provenance} for one in files
                ],
                "again": False,
                "signer": None,  # the build that shows them signs them
            },
        )
        for brief, files in sized
    ]


def _orders(briefs: tuple[WantedBrief, ...], store: Store, arguments: StoreArguments) -> Orders:
    """One order a file, the largest first, since they save most and browsers of large screens wait longest."""
    asked: dict[str, tuple[Variant, str, Metadata]] = {}
    for brief in briefs:
        for one in brief.renditions:
            if refinable(one.variant) and at_hand(store, one.variant.encode) and store.lookup(refined_key(one.variant)) is None:
                asked[one.variant.encode] = one.variant, one.asset, replace(brief.metadata, provenance=one.provenance)
    sized = sorted(asked.values(), key=lambda one: (-_area(one[0]), one[0].encode))
    return [
        (
            _work("refinement", variant, variant.encode),
            {"store": arguments, "asset": asset, "variant": to_json(variant), "metadata": to_json(metadata)},
        )
        for variant, asset, metadata in sized
    ]


def _work(kind: str, variant: Variant, key: str) -> Work:
    subject = f"{variant.pixels[:8]}-{variant.size[0]}.{variant.format}"
    return Work(kind=kind, key=key, subject=subject, reason=RenditionReason.NEW, cost=Cost())


def _area(variant: Variant) -> int:
    return variant.size[0] * variant.size[1]


def improve(order: Mapping[str, Any]) -> dict[str, Any]:
    """Try slow settings on one file, and record what came. Raises EncodeError."""
    started = time.perf_counter()
    store = open_store(*order["store"])
    final: Variant = from_json(Variant, order["variant"])
    key = refined_key(final)
    answer = {"tried": 1, "swaps": 0, "saved_bytes": 0}
    with store.single_flight(key):
        record = store.lookup(final.encode)
        before = store.get(str(record["digest"])) if record is not None else None
        if record is not None and before is not None and store.lookup(key) is None:
            from ..renditions.make import decoded
            from ..renditions.refine import refine as tried

            known: FileFacts = from_json(FileFacts, record["facts"])
            done = tried(decoded(master_of(store, order["asset"])), final, before, known, from_json(Metadata, order["metadata"]))
            fields: dict[str, Any] = {"worth": done.worth, "saved_ratio": done.saved_ratio, "score": done.score}
            fields["score_before"] = done.score_before
            if done.variant is not None and done.facts is not None:
                digest = store.put(done.data).digest
                seconds = round(time.perf_counter() - started, 4)
                encode = {"digest": digest, "variant": to_json(done.variant), "seconds": seconds, "facts": to_json(done.facts)}
                stand(store, done.variant.encode, "encode", encode, digest)
                fields["variant"] = to_json(done.variant)
                answer |= {"swaps": 1, "saved_bytes": len(before) - len(done.data)}
            store.record(key, "refined", fields)
    return {**answer, "seconds": time.perf_counter() - started, "note": store.degraded}
