"""Empties caches after a deploy, and remembers what could not be emptied: `.aibild/purge-NAME.json`.

A purge that fails is a warning and a file, never a failed deploy: pages live for a few minutes in a cache anyway. The next deploy
tries the remembered addresses again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..canonical import canonical
from ..config import STATE_FOLDER, TargetSettings
from ..disk import write_atomic
from ..errors import DeployError
from ..model import Finding, Level
from ..purge import purge

SCHEMA = 1


def purge_file(root: Path, target: str) -> Path:
    return root / STATE_FOLDER / f"purge-{target}.json"


def empty_caches(
    root: Path, settings: TargetSettings, addresses: Sequence[str], environ: Mapping[str, str], *, now: str
) -> tuple[int, tuple[Finding, ...]]:
    """How many addresses were told, and a warning where the vendor would not listen. `now` is `20261123T201500Z`."""
    file = purge_file(root, settings.name)
    waiting = tuple(dict.fromkeys((*_remembered(file), *addresses)))
    if settings.purge is None or not waiting:
        return 0, ()
    try:
        purge(waiting, settings.purge, environ, now=now)
    except DeployError as error:
        kept = _remember(file, waiting)
        return 0, (
            Finding(
                rule="purge-failed",
                level=Level.WARNING,
                message=f"caches still hold {len(waiting)} addresses: {error.message}",
                subject=settings.name,
                measured=len(waiting),
                hint=f"{kept}; pages are fresh after {settings.edge_seconds} s in any case",
            ),
        )
    file.unlink(missing_ok=True)
    return len(waiting), ()


def _remembered(file: Path) -> tuple[str, ...]:
    try:
        return tuple(str(address) for address in json.loads(file.read_bytes())["addresses"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _remember(file: Path, addresses: Sequence[str]) -> str:
    try:
        write_atomic(file, canonical({"schema": SCHEMA, "addresses": list(addresses)}) + b"\n")
    except OSError as error:
        return f"they could not be written down ({error.strerror or error})"
    return f"{file.name} lists them, and the next deploy tries again"
