"""Hands orders to a crew and takes the answers as they come. Knows jobs and lanes, and nothing of what is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

from ..crews import Crew, Telling
from ..model import Json, Work
from .talk import Talk
from .telling import news_of

Orders = list[tuple[Work, dict[str, Any]]]


def carry_out(
    kind: str, job: Callable[[Mapping[str, Any]], Any], orders: Orders, crew: Crew, talk: Talk
) -> Iterator[tuple[Work, Any]]:
    """Hand out all orders, yield answers as they come. On any error or Ctrl-C what has not begun is called off."""
    if not orders:
        return
    known = [work.cost.seconds for work, _ in orders]
    talk.begin(
        kind, sum(_pieces(order) for _, order in orders), None if None in known else sum(seconds or 0.0 for seconds in known)
    )
    notes: list[str] = []
    coming: SimpleQueue[Future[Any] | Json] = SimpleQueue()  # answers and news in one line, so that nobody polls
    futures: dict[Future[Any], tuple[Work, int]] = {}
    try:
        _listen(crew, orders, talk, coming)
        for work, order in orders:
            future = _lane(crew, order).submit(job, order)
            futures[future] = (work, _pieces(order))
            future.add_done_callback(coming.put)
        works = {work.key: work for work, _ in orders}
        left = len(futures)
        while left:
            came = coming.get()
            if not isinstance(came, Future):
                _pass_on(came, works, talk)
                continue
            left -= 1
            answer = came.result()
            work, pieces = futures[came]
            talk.did(work, answer["seconds"], pieces)
            notes.append(answer["note"])
            yield work, answer
    finally:
        for future in futures:
            future.cancel()
        talk.end()
        for note in sorted({note for note in notes if note})[:1]:
            talk.note(note)


def _listen(crew: Crew, orders: Orders, talk: Talk, coming: SimpleQueue[Future[Any] | Json]) -> None:
    """News of a job that runs in this very thread are told at once; all others wait in line until this thread takes them."""
    if not isinstance(crew, Telling):
        return
    here = threading.get_ident()
    works = {work.key: work for work, _ in orders}

    def hear(news: Json) -> None:
        if threading.get_ident() == here:
            _pass_on(news, works, talk)
        else:
            coming.put(news)

    crew.listen(hear)


def _pass_on(told: Json, works: Mapping[str, Work], talk: Talk) -> None:
    news = news_of(told)
    if news is not None and news.key in works:
        talk.step(works[news.key], news.done, news.total)


def _lane(crew: Crew, order: Mapping[str, Any]) -> Executor:
    return crew.gpu if order.get("lane") == "gpu" else crew.cpu


def _pieces(order: Mapping[str, Any]) -> int:
    """How many things an order makes."""
    return len(order.get("wanted") or order.get("orders") or ()) or 1
