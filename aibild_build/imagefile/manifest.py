"""Whether the C2PA manifest in a file holds: the one door to the library that verifies it.

Takes a file's bytes, yields a state. Nothing is fetched: remote manifests, time stamps and revocation lists stay unread, so the
answer depends on the file alone. Source: C2PA 2.2, section 15 (validation).
"""

from __future__ import annotations

import io
import json
from typing import NamedTuple


class ManifestState(NamedTuple):
    """`state` is `valid`, `trusted` or `invalid`; `faults` are the codes of what failed, `signingCredential.untrusted` among
    them where the certificate is on no trust list."""

    state: str
    faults: tuple[str, ...]


def verify_manifest(data: bytes, media_type: str) -> ManifestState:
    """Verify the manifest embedded in an image file. A file without one, or one that cannot be read, is `invalid`."""
    import c2pa

    try:
        with c2pa.Reader(media_type, io.BytesIO(data)) as reader:
            found = json.loads(reader.json())
    except (c2pa.C2paError, ValueError) as error:
        return ManifestState("invalid", (" ".join(str(error).split())[:160],))
    failed = [str(one.get("code", "")) for one in found.get("validation_status") or ()]
    return ManifestState(str(found.get("validation_state", "Invalid")).lower(), tuple(dict.fromkeys(failed)))
