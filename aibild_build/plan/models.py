"""What is known of the models that briefs name: by the lock, or by their files where the lock says nothing yet.

Takes a project, yields the lock's entries. The lock speaks first, so that a machine without the models composes the same recipes
as one that has them; where the files are at hand they are held against it, and a difference is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import engines
from ..config import Config
from ..model import Finding, Json, Level, Origin
from ..weights import MEMORY, Declared, Digests, declared, pin
from .reading import Project

_STATE = ".aibild"


def settings_of(config: Config, engine: str) -> dict[str, Json]:
    """An engine's table; where models are declared they come with it, and the folder that their paths start from."""
    table = dict(config.engines.get(engine, {}))
    if config.models and engines.takes_models(engine):
        table |= {"models": {name: dict(model) for name, model in sorted(config.models.items())}, "root": str(config.root)}
    return table


class Pins:
    """Entries of models, had once a run. `save` keeps what was read from files, for the next run."""

    def __init__(self, project: Project) -> None:
        self._config = project.config
        self._locked = project.lock.models
        self._digests = Digests(project.config.root / _STATE / MEMORY)
        self._found: dict[str, Mapping[str, Json] | None] = {}
        self._faults: dict[str, str] = {}

    def of(self, names: Iterable[str]) -> dict[str, Json]:
        """The entry of each model that has one: the lock's, else what its files say."""
        entries: dict[str, Json] = {}
        for name in names:
            locked = self._locked.get(name)
            entry = locked if isinstance(locked, Mapping) else self._from_files(name)
            if entry is not None:
                entries[name] = entry
        return entries

    def changed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those whose files are here and are not what the lock says."""
        found = []
        for name in names:
            locked = self._locked.get(name)
            here = self._from_files(name) if isinstance(locked, Mapping) else None
            if here is not None and isinstance(locked, Mapping) and here["fingerprint"] != locked.get("fingerprint"):
                found.append(name)
        return tuple(found)

    def fault(self, name: str) -> str:
        """Why a declared model's files cannot be used; "" when they can, or are not here."""
        return self._faults.get(name, "")

    def save(self) -> None:
        self._digests.save()

    def _from_files(self, name: str) -> Mapping[str, Json] | None:
        if name not in self._found:
            self._found[name] = None
            model = declared_model(self._config, name)
            if model is not None and model.here:
                try:
                    self._found[name] = pin(model, self._digests)
                except (OSError, ValueError) as error:
                    self._faults[name] = str(error)
        return self._found[name]


def declared_model(config: Config, name: str) -> Declared | None:
    table = config.models.get(name)
    return declared(name, table, config.root) if table is not None else None


def changed_finding(name: str) -> Finding:
    """A model whose files are not what the lock pins: pictures at hand are used, none can be made."""
    return Finding(
        rule="model-differs",
        level=Level.WARNING,
        message=f"the files of model `{name}` are not those that aibild.lock pins",
        origin=Origin(path="aibild.toml"),
        subject=name,
        hint=f"bring the old files back, or take the new ones with `aibild models update {name}`",
    )


def fault_finding(name: str, why: str) -> Finding:
    return Finding(
        rule="source-model",
        level=Level.FATAL,
        message=f"model `{name}` cannot be used: {why}",
        origin=Origin(path="aibild.toml"),
        subject=name,
    )
