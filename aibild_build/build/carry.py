"""Hands orders to a crew and takes the answers as they come. Knows jobs and lanes, and nothing of what is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from typing import Any

from ..crews import Crew
from ..model import Work
from .talk import Talk


def carry_out(
    kind: str,
    job: Callable[[Mapping[str, Any]], Any],
    orders: list[tuple[Work, dict[str, Any]]],
    crew: Crew,
    talk: Talk,
) -> Iterator[tuple[Work, Any]]:
    """Hand out all orders, yield answers as they come. On any error or Ctrl-C what has not begun is called off."""
    if not orders:
        return
    known = [work.cost.seconds for work, _ in orders]
    talk.begin(
        kind, sum(_pieces(order) for _, order in orders), None if None in known else sum(seconds or 0.0 for seconds in known)
    )
    notes: list[str] = []
    futures = {_lane(crew, order).submit(job, order): (work, _pieces(order)) for work, order in orders}
    try:
        for future in as_completed(futures):
            answer = future.result()
            work, pieces = futures[future]
            talk.did(work, answer["seconds"], pieces)
            notes.append(answer["note"])
            yield work, answer
    finally:
        for future in futures:
            future.cancel()
        talk.end()
        for note in sorted({note for note in notes if note})[:1]:
            talk.note(note)


def _lane(crew: Crew, order: Mapping[str, Any]) -> Executor:
    return crew.gpu if order.get("lane") == "gpu" else crew.cpu


def _pieces(order: Mapping[str, Any]) -> int:
    """How many things an order makes."""
    return len(order.get("wanted", ())) or 1
