"""Cloudflare: `POST /zones/{zone}/purge_cache` with at most 100 addresses a request (API v4). Token: CLOUDFLARE_API_TOKEN."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..config import PurgeSettings
from ..errors import DeployError, TargetDenied
from .asking import ask

ENDPOINT = "https://api.cloudflare.com/client/v4"
_AT_ONCE = 100


def purge(addresses: Sequence[str], settings: PurgeSettings, environ: Mapping[str, str]) -> int:
    """Returns the number of requests. Raises DeployError."""
    token = environ.get("CLOUDFLARE_API_TOKEN", "")
    if not token:
        raise TargetDenied("CLOUDFLARE_API_TOKEN is not set", hint="a token with the right Zone.Cache Purge")
    url = f"{settings.endpoint or ENDPOINT}/zones/{settings.zone}/purge_cache"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    requests = 0
    for at in range(0, len(addresses), _AT_ONCE):
        body = json.dumps({"files": list(addresses[at : at + _AT_ONCE])}).encode()
        _expect_success(ask("Cloudflare", url, body, headers))
        requests += 1
    return requests


def _expect_success(answer: bytes) -> None:
    """A refusal may come with status 200: `success` says it."""
    try:
        found = json.loads(answer)
        good, said = bool(found["success"]), found.get("errors")
    except (ValueError, KeyError, TypeError) as error:
        raise DeployError("Cloudflare's answer to the purge cannot be read") from error
    if not good:
        raise DeployError(f"Cloudflare refuses the purge: {json.dumps(said)[:200]}")
