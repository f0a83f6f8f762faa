"""Whether a picture at hand is `exact`: made in the environment that would make it here; all others are `equivalent`.

Takes a crew, whose workers know their machine, and the store; answers for one asset after another. `--strict` takes exact ones
only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import engines
from ..config import Config
from ..crews import Crew
from ..model import Asset, Recipe
from ..plan.exact import is_exact
from ..store import Store
from ..wire import to_json
from .jobs import environment_of
from .options import Manner
from .orders import engine_settings


class Exactness:
    """Asks a worker once for each recipe; engines whose pixels depend on no machine are never asked."""

    def __init__(self, config: Config, store: Store, crew: Crew, manner: Manner) -> None:
        self._config, self._store, self._crew, self._manner = config, store, crew, manner
        self._lanes: dict[str, str] = {}
        self._here: dict[str, Mapping[str, Any] | None] = {}

    def takes(self, recipe: Recipe, asset: Asset) -> bool:
        """Raises EngineUnavailable where the engine cannot run: nobody can tell then what would come out."""
        here = self._environment(recipe)
        return here is None or is_exact(self._store, asset, here)

    def _environment(self, recipe: Recipe) -> Mapping[str, Any] | None:
        settings = engine_settings(self._config, recipe.engine, self._manner)
        if recipe.engine not in self._lanes:
            engine = engines.load(recipe.engine)
            self._lanes[recipe.engine] = engine.lane if isinstance(engine, engines.Situated) else ""
        if not self._lanes[recipe.engine]:
            return None
        if recipe.key not in self._here:
            lane = self._crew.gpu if self._lanes[recipe.engine] == "gpu" else self._crew.cpu
            order = {"engine": recipe.engine, "settings": settings, "recipe": to_json(recipe)}
            self._here[recipe.key] = lane.submit(environment_of, order).result()["environment"]
        return self._here[recipe.key]
