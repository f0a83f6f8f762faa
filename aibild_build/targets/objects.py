"""Object storage as an origin: S3 and what speaks like it, Google Cloud Storage, Azure.

In place, pages lie at their own keys. In mode `release` each release's pages lie below `r/<id>/`, and the object `r/current` says
which is shown: an edge function or worker reads it and puts the folder before the path.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..bucket import Bucket, Headers, Patience, open_bucket
from ..config import TargetSettings

POINTER = "r/current"
_PATIENCE = Patience(connect_s=5, read_s=15, request_s=40, tries=3, retry_s=15)  # all of it fits into the lease of 60 s


class Objects:
    """The bucket at `address`, with credentials from the environment."""

    shares_assets = True

    def __init__(self, settings: TargetSettings, root: Path, environ: Mapping[str, str]) -> None:
        self._bucket = open_bucket(settings.address, environ=environ, patience=_PATIENCE, base=root)

    @property
    def bucket(self) -> Bucket:
        return self._bucket

    def folder_of(self, release: str) -> str:
        return f"r/{release}/"

    def point(self, release: str) -> None:
        headers = Headers(content_type="text/plain; charset=utf-8", cache_control="no-cache")
        self._bucket.put(POINTER, f"{release}\n".encode(), headers)
