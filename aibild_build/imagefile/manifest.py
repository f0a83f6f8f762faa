"""Whether the C2PA manifest of a file holds: the one door to the library that verifies it.

Takes a file's bytes, yields a state. Nothing is fetched unless it is asked for: remote manifests and revocation lists stay
unread, so the answer depends on the file alone. Source: C2PA 2.2, section 15 (validation).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

# Extended key usages whose holders may sign content; without them the library knows only those of before C2PA 2.
SIGNING_PURPOSES = "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.8\n1.3.6.1.5.5.7.3.9\n"


class ManifestState(NamedTuple):
    """`state` is `valid`, `trusted` or `invalid`; `faults` are the codes of what failed, `signingCredential.untrusted` among
    them where the certificate is on no trust list. `manifest` is the active manifest as the library tells it."""

    state: str
    faults: tuple[str, ...]
    manifest: Mapping[str, Any] = {}


def verify_manifest(
    data: bytes, media_type: str, *, manifest: bytes = b"", trust: str = "", fetch: bool = False
) -> ManifestState:
    """Verify the manifest embedded in an image file, or `manifest` (a store from beside it) against the file.

    `trust` are roots as PEM. A file without a manifest, or one that cannot be read, is `invalid`. Only with `fetch` is a manifest
    followed that the file merely names.
    """
    import c2pa

    context = _context(trust, fetch)
    try:
        reader = c2pa.Reader(media_type, io.BytesIO(data), manifest or None, context=context)
        with reader:
            found = json.loads(reader.json())
    except (c2pa.C2paError, ValueError) as error:
        return ManifestState("invalid", (" ".join(str(error).split())[:160],))
    failed = [str(one.get("code", "")) for one in found.get("validation_status") or ()]
    active = (found.get("manifests") or {}).get(str(found.get("active_manifest"))) or {}
    return ManifestState(str(found.get("validation_state", "Invalid")).lower(), tuple(dict.fromkeys(failed)), active)


@lru_cache(maxsize=4)
def _context(trust: str, fetch: bool) -> Any:
    import c2pa

    settings = {
        "version": 1,
        "trust": {"trust_config": SIGNING_PURPOSES, **({"user_anchors": trust} if trust else {})},
        "verify": {"remote_manifest_fetch": fetch},
    }
    return c2pa.Context(c2pa.Settings.from_dict(settings))
