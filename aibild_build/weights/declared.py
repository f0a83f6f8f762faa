"""A model as `[models.NAME]` in aibild.toml declares it, and where its files lie.

Takes the normalised table and the project's root, yields `Declared`. Hub models are looked up in the hub's cache by repository
and revision; nothing is fetched here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """`path` is where its files should be; None for a hub model that has not been pulled."""

    name: str
    path: Path | None
    hub: str = ""
    revision: str = ""
    file: str = ""
    variant: str = ""
    config: Path | None = None
    token: str = ""
    license: str = ""
    card: str = ""
    training: str = ""
    owner: str = ""
    contract: str = ""
    native: int = 1024

    @property
    def here(self) -> bool:
        return self.path is not None and self.path.exists()


def declared(name: str, table: Mapping[str, Json], root: Path) -> Declared:
    """The model of that name. The table is as `config` normalised it; keys left out have their defaults."""

    def text(key: str) -> str:
        return str(table.get(key) or "")

    hub, revision, file = text("hub"), text("revision"), text("file")
    path = (root / text("path")) if text("path") else hub_folder(hub, revision)
    if path is not None and file:
        path = path / file
    return Declared(
        name=name,
        path=path,
        hub=hub,
        revision=revision,
        file=file,
        variant=text("variant"),
        config=(root / text("config")) if text("config") else None,
        token=text("token"),
        license=text("license"),
        card=text("card"),
        training=text("training"),
        owner=text("owner"),
        contract=text("contract"),
        native=int(str(table.get("native") or 1024)),
    )


def hub_folder(hub: str, revision: str) -> Path | None:
    """Where the hub's library keeps that revision: `models--OWNER--NAME/snapshots/COMMIT`; None when it is not there."""
    if not hub:
        return None
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    folder = cache / ("models--" + hub.replace("/", "--"))
    commit = revision
    reference = folder / "refs" / revision
    if reference.is_file():
        commit = reference.read_text().strip()
    snapshot = folder / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None
