"""What a worker is told to make one picture.

Takes wanted assets, yields orders: plain JSON beside the work that each of them is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from .. import engines
from ..canonical import canonical
from ..config import Config
from ..model import PictureReason, Work
from ..plan.models import settings_of
from ..plan.pictures import Making, WantedAsset
from ..plan.reading import Project
from ..wire import to_json
from .jobs import StoreArguments
from .options import Manner

Order = tuple[Work, dict[str, Any]]
_AGAIN = (PictureReason.FORCED, PictureReason.REPINNED, PictureReason.OTHER_ENVIRONMENT)
STRICT = frozenset({"sdxl"})  # engines with a setting `strict`, for bits that repeat on one machine


def picture_orders(
    project: Project, wanted: tuple[WantedAsset, ...], store: StoreArguments, today: str, manner: Manner
) -> list[Order]:
    """The orders for all candidates that are to be made, those of one model one after another, so that it is loaded once.

    What an engine can draw in one pass is one order. A run that expects certain pixels draws one at a time.
    """
    loaded: dict[tuple[str, str], engines.Engine] = {}
    sorted_by: list[tuple[tuple[str, ...], Order]] = []
    for want in wanted:
        for making in want.making:
            order = _order(project, want, making, store, today, manner)
            name = want.engine, order[1]["settings"]
            if name not in loaded:
                loaded[name] = engines.load(want.engine, json.loads(name[1]))
            sorted_by.append(((*_by_model(order), _together(loaded[name], making)), order))
    sorted_by.sort(key=lambda one: one[0])
    return _in_batches(sorted_by, loaded)


def _together(engine: engines.Engine, making: Making) -> str:
    """Pictures of equal text are drawn together; "" alone."""
    return engine.together(making.recipe) if isinstance(engine, engines.Batching) and not making.expected else ""


def _in_batches(orders: list[tuple[tuple[str, ...], Order]], loaded: Mapping[tuple[str, str], engines.Engine]) -> list[Order]:
    made: list[Order] = []
    for name, group in groupby(orders, key=lambda one: one[0]):
        alike = [order for _, order in group]
        engine = loaded[alike[0][1]["engine"], alike[0][1]["settings"]]
        size = engine.batch if name[-1] and isinstance(engine, engines.Batching) else 1
        made += [_one_order(alike[at : at + size]) for at in range(0, len(alike), size)]
    return made


def _one_order(orders: list[Order]) -> Order:
    """Several orders as one; what it is expected to take is what they are."""
    if len(orders) == 1:
        return orders[0]
    work, first = orders[0]
    costs = [one.cost for one, _ in orders]
    known = [cost.seconds for cost in costs if cost.seconds is not None]
    cost = replace(costs[0], seconds=sum(known) if known else None, credits=sum(one.credits for one in costs))
    return replace(work, cost=cost), {"lane": first["lane"], "orders": [order for _, order in orders]}


def engine_settings(config: Config, engine: str, manner: Manner) -> str:
    """An engine's table as workers get it: JSON, so that it is also the name under which a loaded engine is kept."""
    table = settings_of(config, engine)
    return canonical({**table, "strict": True} if manner.strict and engine in STRICT else table).decode()


def _order(
    project: Project, want: WantedAsset, making: Making, store: StoreArguments, today: str, manner: Manner
) -> tuple[Work, dict[str, Any]]:
    root = project.config.root
    order = {
        "store": store,
        "lane": want.lane,
        "engine": want.engine,
        "settings": engine_settings(project.config, want.engine, manner),
        "recipe": to_json(making.recipe),
        "inputs": [(role, str(root / path)) for role, path in making.inputs],
        "parent": want.parent.digest if want.parent is not None else "",
        "expected": making.expected,
        "subject": f"`{want.subject}`",
        "today": today,
        "watermark_key": str(root / project.config.watermark_key) if project.config.watermark_key else "",
        "again": making.work.reason in _AGAIN,
        "looks": (str(manner.looks.absolute()), manner.every) if manner.looks is not None else (),
    }
    return making.work, order


def _by_model(order: Order) -> tuple[str, ...]:
    """Within a model those of one set of adapters."""
    noted = order[1]["recipe"]["noted"]
    return str(order[1]["engine"]), str(noted.get("model", "")), canonical(noted.get("models") or {}).decode()
