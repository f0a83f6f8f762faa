"""Models that `aibild.toml` declares: what kind they are, where they lie, and by which fingerprint a lock knows them.

Takes tables and paths, yields plain entries for the lock. Reads headers and digests, never weights; loads no library, so that a
machine without torch can list, inspect and verify models. `single` writes the configuration that a single file lacks.
"""

from __future__ import annotations

from .declared import Declared, declared, hub_folder
from .digests import Digests
from .headers import KINDS, kind_of, read_header, read_json
from .pins import files_of, pin
from .single import own_config

MEMORY = "weights.json"

__all__ = [
    "Declared",
    "Digests",
    "KINDS",
    "MEMORY",
    "declared",
    "files_of",
    "hub_folder",
    "kind_of",
    "own_config",
    "pin",
    "read_header",
    "read_json",
]
