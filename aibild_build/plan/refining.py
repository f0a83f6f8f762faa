"""Which effort a file is taken in: the refined one where it was worth it, a fast one where time is short.

Takes the variant as it is made usually, yields the one to deliver. Records alone decide: no file is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..canonical import key_of
from ..model import Variant
from ..renditions.codecs import CODECS
from ..store import Store
from ..wire import from_json

OFF, IDLE = "off", "idle"
_FINGERPRINT = 2  # raised by hand when refining would decide otherwise


def refinable(variant: Variant) -> bool:
    """Whether slow settings exist that could save enough, for a file that was made with the usual ones."""
    return variant.effort == "final" and not variant.draft and bool(CODECS[variant.format].slow)


def refined_key(variant: Variant) -> str:
    """Names what came of refining a file that was made with the usual settings."""
    slow = CODECS[variant.format].slow
    return key_of({"kind": "refined", "fingerprint": _FINGERPRINT, "encode": variant.encode, "slow": dict(slow)})


@dataclass(frozen=True, slots=True)
class Efforts:
    """Settles the effort of each file. `refined` takes what was refined, `hurried` fast files where usual ones are not at hand.

    `asked` are the keys that were looked up, `untried` the encodes that slow settings may make smaller.
    """

    store: Store
    refined: bool
    hurried: bool
    asked: list[str] = field(default_factory=list)
    untried: set[str] = field(default_factory=set)

    def settle(self, variant: Variant) -> Variant:
        if variant.effort != "final":
            return variant
        found = self._refined(variant) if self.refined else None
        if found is not None:
            return found
        return fast_variant(variant) if self.hurried and not at_hand(self.store, variant.encode) else variant

    def _refined(self, variant: Variant) -> Variant | None:
        if not refinable(variant):
            return None
        key = refined_key(variant)
        self.asked.extend((key, variant.encode))
        record = self.store.lookup(key)
        if record is None:
            self.untried.add(variant.encode)
        if record is None or not record.get("worth"):
            return None
        try:
            slow: Variant = from_json(Variant, record["variant"])
        except (KeyError, ValueError):
            return None
        return slow if at_hand(self.store, slow.encode) else None


def fast_variant(variant: Variant) -> Variant:
    """The same picture with fast settings. No quality that was found or fixed is in them, so that no probe comes before them."""
    usual: Mapping[str, Any] = CODECS[variant.format].settings(effort="fast")
    kept = {name: value for name, value in variant.settings.items() if name == "background"}
    return replace(variant, effort="fast", settings={**usual, **kept})


def at_hand(store: Store, encode: str) -> bool:
    """Whether a file with these pixels is in the store."""
    record = store.lookup(encode)
    return record is not None and store.has(str(record.get("digest", "")))
