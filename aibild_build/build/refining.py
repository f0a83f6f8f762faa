"""Makes files smaller that are delivered already.

Takes what a site shows, leaves records in the store; the next build swaps what is worth it. Publishes nothing, replaces no
record, and can be ended at any instant: what is recorded stands, all else is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..crews import Crew
from ..model import Cost, FileFacts, RenditionReason, Variant, Work
from ..plan.refining import at_hand, refinable, refined_key
from ..plan.renditions import WantedBrief
from ..renditions.metadata import Metadata
from ..store import Store
from ..wire import from_json, to_json
from .carry import carry_out
from .jobs import StoreArguments, master_of, open_store, stand
from .talk import Talk


@dataclass(frozen=True, slots=True, kw_only=True)
class Improved:
    """Counted from what was done. `swaps` are files that the next build takes instead, if the site has it take them (`taken`);
    `left` are files that were not tried yet."""

    tried: int
    swaps: int
    saved_bytes: int
    left: int
    seconds: float
    taken: bool = True


def refine_files(
    briefs: tuple[WantedBrief, ...],
    store: Store,
    arguments: StoreArguments,
    crew: Crew,
    talk: Talk,
    started: float,
    seconds: float | None,
) -> Improved:
    """Refine the files of `briefs` that are at hand and were not tried yet, until `seconds` after `started`."""
    orders = _orders(briefs, store, arguments)
    tried = swaps = saved = 0
    if orders and (seconds is None or time.perf_counter() - started < seconds):
        for _, answer in carry_out("refinement", improve, orders, crew, talk):
            tried += answer["tried"]
            swaps += answer["swaps"]
            saved += answer["saved_bytes"]
            if seconds is not None and time.perf_counter() - started >= seconds:
                break
    spent = round(time.perf_counter() - started, 3)
    return Improved(tried=tried, swaps=swaps, saved_bytes=saved, left=len(orders) - tried, seconds=spent)


def _orders(briefs: tuple[WantedBrief, ...], store: Store, arguments: StoreArguments) -> list[tuple[Work, dict[str, Any]]]:
    """One order a file, the largest first, since they save most and browsers of large screens wait longest."""
    asked: dict[str, tuple[Variant, str, Metadata]] = {}
    for brief in briefs:
        for one in brief.renditions:
            if refinable(one.variant) and at_hand(store, one.variant.encode) and store.lookup(refined_key(one.variant)) is None:
                asked[one.variant.encode] = one.variant, one.asset, replace(brief.metadata, provenance=one.provenance)
    sized = sorted(asked.values(), key=lambda one: (-one[0].size[0] * one[0].size[1], one[0].encode))
    return [
        (
            Work(
                kind="refinement",
                key=variant.encode,
                subject=f"{variant.pixels[:8]}-{variant.size[0]}.{variant.format}",
                reason=RenditionReason.NEW,
                cost=Cost(),
            ),
            {"store": arguments, "asset": asset, "variant": to_json(variant), "metadata": to_json(metadata)},
        )
        for variant, asset, metadata in sized
    ]


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
