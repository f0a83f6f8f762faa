"""Whether a picture is `exact`, made in the environment that would make it here, or `equivalent`: the same recipe, elsewhere.

Takes recorded environments and that of this machine, yields what differs. A record may say besides that another environment
gave the very same pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..canonical import key_of
from ..model import Asset, Json
from ..recipe import differences
from ..store import Store
from .pictures import asset_key


def made_here_key(asset: Asset, environment: Mapping[str, Json]) -> str:
    """Key of the record that an environment gave exactly these pixels; the asset's own names the one that gave them first."""
    return key_of({"kind": "environment", "asset": asset_key(asset.recipe, asset.pixels), "environment": dict(environment)})


def is_of(recorded: Mapping[str, Json], here: Mapping[str, Json]) -> bool:
    """Whether a picture's recorded environment is `here` in all that may move its bits."""
    return not recorded.get("fallback") and not unlike(recorded, here)


def unlike(recorded: Mapping[str, Json], here: Mapping[str, Json]) -> dict[str, tuple[Json, Json]]:
    """What differs, by its path: (recorded, here)."""
    known = {name: recorded.get(name) for name in here}
    return {path: (before, now) for path, before, now in differences(known, dict(here))}


def is_exact(store: Store, asset: Asset, here: Mapping[str, Json]) -> bool:
    """By the asset's own record, or by one that says that it was made here too."""
    return is_of(asset.made.environment, here) or store.lookup(made_here_key(asset, here)) is not None
