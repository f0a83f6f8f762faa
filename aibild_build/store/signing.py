"""Signatures of records: an Ed25519 key signs on machines that are trusted, public keys verify everywhere.

Takes and yields bytes and text; opens no file. A record's second line is `ed25519 PUBLIC SIGNATURE`, both in base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from ..errors import StoreError

_KIND = "ed25519"
_PURPOSE = b"aibild record 1\n"  # so that a signature made for anything else says nothing here


def new_key() -> tuple[bytes, str]:
    """A private key as PEM (PKCS #8, without a password), and its public key as text."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, RecordKey(pem).public


class RecordKey:
    """A private key. Raises StoreError for what is no Ed25519 key in PEM."""

    def __init__(self, pem: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError) as error:
            raise StoreError(
                "the key of the shared store is no private key in PEM", hint="`aibild cache key` makes one"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError("the key of the shared store is no Ed25519 key", hint="`aibild cache key` makes one")
        self._key = key
        self.public = base64.b64encode(key.public_key().public_bytes_raw()).decode()

    def signed(self, line: bytes) -> bytes:
        """A record's line with its signature below."""
        signature = base64.b64encode(self._key.sign(_PURPOSE + line)).decode()
        return line + f"{_KIND} {self.public} {signature}\n".encode()


def line_of(data: bytes) -> bytes:
    """A record without its signature."""
    return data.partition(b"\n")[0] + b"\n"


def is_signed(data: bytes, trusted: Collection[str]) -> bool:
    """Whether a record is signed by one of the public keys."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    line = line_of(data)
    try:
        kind, public, signature = data[len(line) :].decode("ascii").split()
        if kind != _KIND or public not in trusted:
            return False
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), _PURPOSE + line)
    except (ValueError, binascii.Error, InvalidSignature):
        return False
    return True
