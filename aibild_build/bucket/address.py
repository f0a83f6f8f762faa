"""Addresses of buckets: text to parts, and back without anything secret. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import BucketError
from .terms import check_key

SCHEMES = ("s3", "gs", "az", "file", "memory")
_OPTIONS = {"s3": ("endpoint", "region"), "gs": ("endpoint",), "az": ("account", "endpoint"), "file": (), "memory": ()}
_EXAMPLE = "s3://bucket/folder, gs://bucket/folder, az://container/folder or file:///folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`name` is the bucket or container, or a folder's absolute path; `prefix` the folder inside, without outer slashes."""

    scheme: str
    name: str
    prefix: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        place = self.name if self.scheme == "file" else "/".join(filter(None, (self.name, self.prefix)))
        return f"{self.scheme}://{place}"


def read_address(text: str, *, base: Path | None = None) -> Address:
    """The parts of `s3://bucket/prefix?endpoint=https://host&region=eu-central-1` and its kin.

    `file://` takes an absolute path, or one relative to `base`. Raises BucketError for an unknown scheme or option, a place
    without a name, and for credentials, which belong into the environment.
    """
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES:
        raise BucketError(f"expected an address such as {_EXAMPLE}, got `{text}`")
    if "@" in parts.netloc:
        raise BucketError(f"expected `{parts.scheme}://` without credentials in it", hint="put them into environment variables")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    known = _OPTIONS[parts.scheme]
    for name in options:
        if name not in known:
            expected = " or ".join(f"`{one}`" for one in known) or "no options"
            raise BucketError(f"expected {expected} after `?` of `{parts.scheme}://`, got `{name}`")
    if parts.scheme == "file":
        return _folder(text, unquote(parts.netloc + parts.path), base)
    if parts.scheme != "memory" and not parts.netloc:
        raise BucketError(f"expected the name of a bucket in `{text}`")
    prefix = unquote(parts.path).strip("/")
    return Address(scheme=parts.scheme, name=parts.netloc, prefix=check_key(prefix) if prefix else "", options=options)


def _folder(text: str, path: str, base: Path | None) -> Address:
    folder = Path(path)
    if not path or not (folder.is_absolute() or base):
        raise BucketError(f"expected an absolute path such as file:///mnt/cache, got `{text}`")
    return Address(scheme="file", name=str(folder if folder.is_absolute() or base is None else base / folder))
