"""Signs a finished file, and reads it back before anybody has it. The last step: whoever touches the file later breaks the seal.

Takes a file's bytes, yields the signed bytes and, for a linked manifest, the sidecar's. Loads c2pa. Settings come by a `Context`:
unknown keys pass silently in the library, so they are all written here and nowhere else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ... import __version__
from ...errors import CredentialError
from ...imagefile.manifest import SIGNING_PURPOSES, verify_manifest
from .manifest import Seal
from .signer import Signer, key_text

_HINT = "`aibild credentials status` says what is wrong with the certificate"


def sign(data: bytes, seal: Seal, signer: Signer, environ: Mapping[str, str], original: bytes = b"") -> tuple[bytes, bytes]:
    """The signed file and the manifest store that was made for it. With policy `link` the file comes back as it was.

    `original` is the parent with its own manifest, where the seal names one. Raises CredentialError when the library refuses the
    certificate or the time-stamp authority does not answer, and when the signed file does not verify.
    """
    import c2pa

    media_type = str(seal.manifest["format"])
    signed = io.BytesIO()
    try:
        builder = c2pa.Builder(_definition(seal), context=_context(signer.trust))
        if seal.original:
            ingredient = {"title": seal.manifest["title"], "relationship": "parentOf", "label": "parent"}
            builder.add_ingredient(json.dumps(ingredient), seal.original_format, io.BytesIO(original))
        if seal.policy == "link":
            builder.set_no_embed()
        store = builder.sign(_signer(signer, key_text(signer, environ)), media_type, io.BytesIO(data), signed)
    except c2pa.C2paError as error:
        raise _refused(error, signer) from error
    written = signed.getvalue() if seal.policy != "link" else data
    sidecar = bytes(store) if seal.policy == "link" else b""
    state = verify_manifest(written, media_type, manifest=sidecar, trust=signer.trust)
    if state.state not in ("valid", "trusted") or (signer.test and state.state != "trusted"):
        raise CredentialError(
            f"a picture does not verify after it was signed: {', '.join(state.faults) or state.state}", hint=_HINT
        )
    return written, sidecar


def _definition(seal: Seal) -> dict[str, Any]:
    """The manifest as the library takes it: with the versions that no name and no key knows."""
    parts = {name: value for name, value in seal.manifest.items() if name != "manifest"}
    return {"claim_generator_info": [{"name": "aibild", "version": __version__}], **parts}


@lru_cache(maxsize=4)
def _signer(signer: Signer, key: str) -> Any:
    """The library's own signer. Never the one with a callback: it reserves ten thousand bytes in every file."""
    import c2pa

    asked = c2pa.C2paSignerInfo(_algorithm(signer), signer.chain.encode(), key.encode(), signer.time_stamp.encode() or None)
    return c2pa.Signer.from_info(asked)


def _algorithm(signer: Signer) -> bytes:
    from .profile import algorithm

    return algorithm(signer.chain).encode()


@lru_cache(maxsize=4)
def _context(trust: str) -> Any:
    import c2pa

    settings = {
        "version": 1,
        "builder": {"thumbnail": {"enabled": False}},
        "core": {"prefer_compress_manifests": False},
        "trust": {"trust_config": SIGNING_PURPOSES, **({"user_anchors": trust} if trust else {})},
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},  # `sign` reads back what it wrote, once
    }
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _refused(error: Exception, signer: Signer) -> CredentialError:
    said = " ".join(str(error).split())[:200]
    if signer.time_stamp and "http" in said:
        hint = "leave `time_stamp` out of [credentials] to sign without one; signatures then end with the certificate"
        return CredentialError(f"the time-stamp authority {signer.time_stamp} did not answer, and nothing was signed", hint=hint)
    return CredentialError(f"a picture could not be signed: {said}", hint=_HINT)
