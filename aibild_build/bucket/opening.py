"""Opens buckets, and asks one whether it keeps its word about conditional writes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from ..errors import BucketError
from .address import Address, read_address
from .folder import FolderBucket
from .terms import Bucket, Patience

_CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")


def open_bucket(
    address: Address | str, *, environ: Mapping[str, str], patience: Patience | None = None, base: Path | None = None
) -> Bucket:
    """The bucket at an address; nothing is asked of it yet.

    `environ` gives credentials and, where the address is silent, endpoint and region, under the names that the clouds' own tools
    use (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `AZURE_STORAGE_ACCOUNT_KEY`, `GOOGLE_APPLICATION_CREDENTIALS`, …). A relative
    `file://` path begins at `base`. Raises BucketError for a wrong address or a missing extra.
    """
    where = read_address(address, base=base) if isinstance(address, str) else address
    if where.scheme == "file":
        return FolderBucket(Path(where.name))
    from .cloud import open_cloud

    return open_cloud(where, environ, patience or Patience())


def scoped(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """An environment in which `<prefix>AWS_ACCESS_KEY_ID` stands for `AWS_ACCESS_KEY_ID`: two buckets, two sets of credentials.

    Once one name of a cloud is given with the prefix, that cloud's names without it are left out.
    """
    own = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    clouds = tuple(cloud for cloud in _CREDENTIALS if any(name.startswith(cloud) for name in own))
    return {name: value for name, value in environ.items() if not (clouds and name.startswith(clouds))} | own


def bucket_time(bucket: Bucket, folder: str = ".aibild/clock") -> float:
    """Now, by the bucket's clock, in seconds since the epoch: ours may be wrong.

    Writes and removes one small object in `folder`. Raises BucketError.
    """
    key = f"{folder}/{secrets.token_hex(8)}"
    bucket.put(key, b"now\n")
    try:
        found = bucket.head(key)
    finally:
        bucket.delete([key])
    if found is None:
        raise BucketError(f"`{key}` was written to {bucket.address} and is not there")
    return found.modified


def honours_conditions(bucket: Bucket, folder: str = ".aibild/probe") -> bool:
    """Whether `create` and `replace` refuse what they must: some stores that speak S3 ignore the condition and overwrite.

    Writes and removes one small object in `folder`. Raises BucketError; BucketDenied where writing is not allowed.
    """
    key = f"{folder}/{secrets.token_hex(8)}"
    first = bucket.create(key, b"first " + key.encode())
    if first is None:
        raise BucketError(f"`{bucket.address}` says that a key which nobody knew was taken")
    try:
        if bucket.create(key, b"second") is not None:
            return False
        second = bucket.replace(key, b"third", first)
        return second is not None and bucket.replace(key, b"fourth", first) is None
    finally:
        bucket.delete([key])
