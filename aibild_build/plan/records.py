"""What the store's records name: the one place that knows their shapes by kind.

Takes a record, yields the digests of its blobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def digests_of(record: Mapping[str, Any]) -> Iterator[str]:
    """The blobs without which a record is worth nothing. Kinds: `recipe`, `asset`, `encode`, `delivery`, `signed`,
    `measure`."""
    kind = record.get("kind")
    if kind in ("recipe", "asset"):
        yield str(record["asset"]["digest"])
        if record["asset"].get("original"):
            yield str(record["asset"]["original"])
    elif kind == "encode":
        yield str(record["digest"])
    elif kind in ("delivery", "signed"):
        yield str(record["rendition"]["digest"])
        if record["rendition"].get("sidecar"):
            yield str(record["rendition"]["sidecar"])
    elif kind == "measure" and record["measured"].get("evidence"):
        yield str(record["measured"]["evidence"])
