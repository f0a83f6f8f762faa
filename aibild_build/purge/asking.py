"""One request to a vendor's API, and what its refusals mean. Standard library alone."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from ..errors import DeployError, TargetDenied

_PATIENCE_S = 30
_SHOWN = 200


def ask(vendor: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """POST. Raises TargetDenied for refused credentials, DeployError for every other failure, with what the vendor said."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            data: bytes = answer.read(1 << 20)
            return data
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN).decode("utf-8", "replace").strip()
        kind = TargetDenied if error.code in (401, 403) else DeployError
        raise kind(f"{vendor} answers {error.code} to the purge: {said or error.reason}") from error
    except OSError as error:
        raise DeployError(f"{vendor} does not answer to the purge: {error}") from error
