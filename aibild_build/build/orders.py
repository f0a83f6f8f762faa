"""What a worker is told to make one picture.

Takes wanted assets, yields orders: plain JSON beside the work that each of them is.
"""

from __future__ import annotations

from typing import Any

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
    """One order for each candidate that is to be made, those of one model one after another, so that it is loaded once."""
    orders = [_order(project, want, making, store, today, manner) for want in wanted for making in want.making]
    return sorted(orders, key=_by_model)


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
        "again": making.work.reason in _AGAIN,
        "looks": (str(manner.looks.absolute()), manner.every) if manner.looks is not None else (),
    }
    return making.work, order


def _by_model(order: Order) -> tuple[str, str, str]:
    """Within a model those of one set of adapters."""
    noted = order[1]["recipe"]["noted"]
    return str(order[1]["engine"]), str(noted.get("model", "")), canonical(noted.get("models") or {}).decode()
