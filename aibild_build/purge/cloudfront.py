"""CloudFront: `POST /2020-05-31/distribution/{id}/invalidation` with at most 3,000 paths, signed (AWS Signature Version 4).

Credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. 1,000 paths a month are free, later ones cost money, so
a folder of which many addresses changed is named once, with `*`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from ..canonical import digest_of
from ..config import PurgeSettings
from ..errors import TargetDenied
from .asking import ask

ENDPOINT = "https://cloudfront.amazonaws.com"
_VERSION = "2020-05-31"
_MOST_PATHS = 3_000
_MOST_WILDCARDS = 15
_FOLD_FROM = 20
_REGION, _SERVICE = "us-east-1", "cloudfront"


def purge(addresses: Sequence[str], settings: PurgeSettings, environ: Mapping[str, str], now: str) -> int:
    """Returns the number of requests, which is one. Raises DeployError."""
    key, secret = environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise TargetDenied("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", hint="with cloudfront:CreateInvalidation")
    paths = folded(addresses)
    items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
    reference = f"aibild-{now}-{digest_of(items.encode())[:12]}"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/{_VERSION}/">'
        f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
        f"<CallerReference>{reference}</CallerReference></InvalidationBatch>"
    ).encode()
    url = f"{settings.endpoint or ENDPOINT}/{_VERSION}/distribution/{settings.zone}/invalidation"
    signed = signature(url, body, key, secret, environ.get("AWS_SESSION_TOKEN", ""), now)
    ask("CloudFront", url, body, {**signed, "Content-Type": "application/xml"})
    return 1


def folded(addresses: Sequence[str]) -> tuple[str, ...]:
    """Paths, percent-encoded; the fullest folders become `folder/*` first, and all becomes `/*` where that is not enough."""
    paths = {quote(urlsplit(address).path, safe="/%~!$&'()*+,;=:@") for address in addresses}
    for _ in range(_MOST_WILDCARDS):
        folders = Counter(path[: path.find("/", 1) + 1] for path in paths if not path.endswith("*") and path.find("/", 1) > 0)
        folder, count = max(folders.items(), key=lambda one: (one[1], one[0]), default=("", 0))
        if count < _FOLD_FROM:
            break
        paths = {path for path in paths if not path.startswith(folder)} | {f"{folder}*"}
    return tuple(sorted(paths)) if len(paths) <= _MOST_PATHS else ("/*",)


def signature(url: str, body: bytes, key: str, secret: str, token: str, now: str, *, service: str = _SERVICE) -> dict[str, str]:
    """The headers that sign a POST of `body` (AWS Signature Version 4, header form)."""
    parts = urlsplit(url)
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest_of(body), "x-amz-date": now}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(("POST", parts.path, parts.query, lines, names, digest_of(body)))
    scope = f"{now[:8]}/{_REGION}/{service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", now, scope, digest_of(request.encode())))
    derived = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        derived = hmac.new(derived, part.encode(), hashlib.sha256).digest()
    signed = hmac.new(derived, text.encode(), hashlib.sha256).hexdigest()
    named = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signed}"
    return {**{name: value for name, value in headers.items() if name != "host"}, "Authorization": named}
