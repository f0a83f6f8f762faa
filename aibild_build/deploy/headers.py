"""What is sent with each file: content type from our own table, lifetime by what the name promises, encoding by the target.

Takes the rows of a built folder and the target's settings, yields `Headers`. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

from ..bucket import Headers
from ..compression import MIN_BYTES, SUFFIXES, is_text
from ..config import TargetSettings
from ..imagefile.media import media_type_of
from ..model import Cache, Output

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "public, max-age=0, must-revalidate"
STALE_SECONDS = 86_400
WORKERS = frozenset({"sw.js", "service-worker.js"})  # a browser asks for these by their address alone
_ENCODINGS = {suffix: name for name, suffix in SUFFIXES.items()}


def headers_of(one: Output, settings: TargetSettings, paths: Collection[str]) -> Headers:
    """`paths` are all of the site: `x.html.br` beside `x.html` is sent as what it is a copy of."""
    for suffix, encoding in _ENCODINGS.items():
        if one.path.endswith(suffix) and one.path.removesuffix(suffix) in paths:
            kind = media_type_of(one.path.removesuffix(suffix))
            return Headers(content_type=kind, cache_control=_lifetime(one, settings), content_encoding=encoding)
    return Headers(
        content_type=one.media_type,
        cache_control=_lifetime(one, settings),
        content_encoding=settings.compress if _is_compressed(one, settings) else "",
    )


def _lifetime(one: Output, settings: TargetSettings) -> str:
    if one.cache is Cache.IMMUTABLE:
        return IMMUTABLE
    if settings.edge_seconds == 0 or one.path.rpartition("/")[2] in WORKERS:
        return REVALIDATE
    return f"public, max-age=0, s-maxage={settings.edge_seconds}, stale-while-revalidate={STALE_SECONDS}"


def _is_compressed(one: Output, settings: TargetSettings) -> bool:
    return settings.compress != "off" and one.bytes >= MIN_BYTES and is_text(one.path)
