"""A store that a build can always use: what the real one cannot keep (read-only, full) lies in a folder that ends with the build.

Takes the store's folder and a folder beside the output; everything that `Store` can be asked works here. The spill is made only
when it is needed, by whichever process needs it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..model import Json
from ..store import RESERVED, Remote, Store, Stored


class SpillingStore(Store):
    """`Store`, with `spill` as the second place. Losing the spill loses nothing that was not lost anyway."""

    def __init__(
        self,
        root: Path,
        *,
        spill: Path,
        max_bytes: int = 0,
        read_only: bool = False,
        remote: Remote | None = None,
        pack: str = "",
    ) -> None:
        super().__init__(root, max_bytes=max_bytes, read_only=read_only, remote=remote, pack=pack)
        self._spill = Store(spill)

    def put(self, data: bytes, *, durable: bool = False) -> Stored:
        stored = super().put(data, durable=durable)
        return stored if stored.kept else self._spill.put(data)

    def get(self, digest: str) -> bytes | None:
        found = super().get(digest)
        return self._spill.get(digest) if found is None else found

    def size(self, digest: str) -> int | None:
        found = super().size(digest)
        return self._spill.size(digest) if found is None else found

    def size_here(self, digest: str) -> int | None:
        found = super().size_here(digest)
        return self._spill.size_here(digest) if found is None else found

    def record(
        self, key: str, kind: str, fields: Mapping[str, Json], *, needs: Iterable[str] = (), durable: bool = False
    ) -> Mapping[str, Any]:
        """In the store when its blobs are there, else in the spill: no record outlives what it names."""
        wanted = tuple(needs)
        if all(Store.size(self, digest) is not None for digest in wanted):
            stands = super().record(key, kind, fields, needs=wanted, durable=durable)
            if self.keeps(key):
                return stands
            # The shared store may have it now, but this run's other processes listed that before.
            told = {name: value for name, value in stands.items() if name not in RESERVED}
            return self._spill.record(key, kind, told)
        return self._spill.record(key, kind, fields, needs=wanted)

    def lookup(self, key: str) -> Mapping[str, Any] | None:
        found = super().lookup(key)
        return self._spill.lookup(key) if found is None else found
