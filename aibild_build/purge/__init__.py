"""Purgers tell a cache that addresses are out of date: one small member a vendor.

Takes addresses, yields how many were told. A purge is a hint, and the short lifetime of pages is the promise: what fails here
fails no deploy. To add a member: one file with a function of this signature, its row, its line in the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..config import PurgeSettings
from ..errors import DeployError

Purger = Callable[[Sequence[str], PurgeSettings, Mapping[str, str], str], int]


def _cloudflare(addresses: Sequence[str], settings: PurgeSettings, environ: Mapping[str, str], now: str) -> int:
    from .cloudflare import purge

    return purge(addresses, settings, environ)


def _cloudfront(addresses: Sequence[str], settings: PurgeSettings, environ: Mapping[str, str], now: str) -> int:
    from .cloudfront import purge

    return purge(addresses, settings, environ, now)


_MEMBERS: dict[str, Purger] = {"cloudflare": _cloudflare, "cloudfront": _cloudfront}


def purge(addresses: Sequence[str], settings: PurgeSettings, environ: Mapping[str, str], *, now: str) -> int:
    """Tell the cache; returns the number of requests. `now` is `20261123T201500Z`, which signatures contain.

    Raises DeployError when credentials are absent, or the vendor refuses or does not answer.
    """
    member = _MEMBERS.get(settings.kind)
    if member is None:
        raise DeployError(f"there is no purger `{settings.kind}`", hint="known: " + ", ".join(sorted(_MEMBERS)))
    return member(tuple(dict.fromkeys(addresses)), settings, environ, now) if addresses else 0
