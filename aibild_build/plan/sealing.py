"""What the files of one brief are signed with: how the picture came to be, and where a linked manifest will lie.

Takes a project and the store's records, yields a `Seal` a file. Signs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import Asset, Variant
from ..renditions.credentials import Parent, Seal, Story, seal_of, sidecar_name
from ..store import Store
from .pictures import asset_key
from .reading import Project

PICTURES_FOLDER = "pictures"


@dataclass(frozen=True, slots=True)
class Sealing:
    """The files of the brief `slug`, whose pixels came on `day`. Those of a `draft` are not signed."""

    project: Project
    store: Store
    slug: str
    day: str
    draft: bool
    _stories: dict[str, Story] = field(default_factory=dict)

    def seal(self, variant: Variant, asset: Asset) -> Seal | None:
        signer = self.project.signer
        if signer is None or self.draft or variant.draft:
            return None
        if asset.pixels not in self._stories:
            self._stories[asset.pixels] = story_of(self.store, asset, self.slug, self.day)
        return seal_of(self._stories[asset.pixels], variant, self.project.config.credentials, signer)

    def provenance(self, variant: Variant, seal: Seal | None, metadata: str) -> str:
        """Address of the linked manifest, "" where it is embedded."""
        if seal is None or seal.policy != "link":
            return ""
        return self.project.config.base_url + sidecar_path(self.slug, variant, seal, metadata)


def sidecar_path(slug: str, variant: Variant, seal: Seal, metadata: str) -> str:
    """Path below the site's root of the manifest that a file links to; `metadata` is the digest of its words and rights."""
    return f"{PICTURES_FOLDER}/{sidecar_name(slug, variant, seal, metadata)}"


def story_of(store: Store, asset: Asset, title: str, day: str) -> Story:
    """How a picture came to be, by the record of its recipe."""
    record = store.lookup(asset_key(asset.recipe, asset.pixels)) or store.lookup(asset.recipe) or {}
    imported = asset.made.engine == "imported" or bool(asset.original)
    environment = asset.made.environment
    agent = str(environment.get("model") or "") or str(_table(record, "noted").get("model") or "")
    return Story(
        title=title,
        source_type=asset.source_type,
        agent=agent or f"aibild {asset.made.engine}",
        day=day,
        size=asset.size,
        parent=_parent(asset, title, _table(record, "recipe"), imported),
        imported=imported,
    )


def _parent(asset: Asset, title: str, asked: Mapping[str, Any], imported: bool) -> Parent | None:
    """The file that was imported, or the picture that this one was painted over."""
    if imported:
        file = _table(asset.made.environment, "file") or asset.made.environment
        return Parent(title=f"{title} as it came", format=str(file.get("format") or "png"), original=asset.original)
    if asked.get("parents"):
        return Parent(title=f"picture {str(_table(asked, 'inputs').get('parent', ''))[:12]}".strip(), format="png")
    return None


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, Mapping) else {}
