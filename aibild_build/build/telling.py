"""What a job says while an engine draws: how many steps are done, and a look at the unfinished picture where one is asked for.

Takes an order, yields the `progress` that its engine is given. News go through the crew; looks are files in a user's folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..crews import tell
from ..disk import write_atomic
from ..model import Recipe, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How far a picture is: `key` is its recipe's, `done` of `total` steps."""

    key: str
    done: int
    total: int


class Teller:
    """Engines call it with the share done; those that count steps call `step` and `look` as well."""

    def __init__(self, key: str, every: int = 0, file: Path | None = None) -> None:
        self.every = every
        self._key = key
        self._file = file

    def __call__(self, share: float) -> None:
        return None

    def step(self, done: int, total: int) -> None:
        tell({"key": self._key, "done": done, "total": total})

    def look(self, samples: bytes, size: Size) -> None:
        """The newest look takes the place of the one before, so that a viewer on that file follows."""
        from ..imagefile import encode_png

        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, encode_png(samples, size, "RGB"))


def teller_of(order: Mapping[str, Any], recipe: Recipe) -> Teller:
    """The progress of one order. A look's file is called after the picture and its seed: `harbour-master-draft-7.png`."""
    folder, every = order.get("looks") or ("", 0)
    if not folder:
        return Teller(recipe.key)
    name = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in str(order["subject"]).strip("`"))
    return Teller(recipe.key, int(every), Path(folder) / f"{name}-{recipe.seed}.png")


def news_of(told: Any) -> News | None:
    """What was told, if it is news of a picture."""
    try:
        return News(key=str(told["key"]), done=int(told["done"]), total=int(told["total"]))
    except (KeyError, TypeError, ValueError):
        return None
