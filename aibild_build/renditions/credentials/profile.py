"""What is wrong with a signing certificate, before a library says it in its own words.

Takes PEM texts, yields sentences. Source: C2PA 2.2 section 14.5.1 (certificate profile), RFC 5280. Loads cryptography.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ...errors import CredentialError
from ...imagefile.manifest import SIGNING_PURPOSES

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def certificates(chain: str) -> list[Any]:
    """The certificates of a chain, the leaf first. Raises CredentialError."""
    from cryptography import x509

    try:
        return list(x509.load_pem_x509_certificates(chain.encode()))
    except ValueError as error:
        raise CredentialError("the certificate chain is damaged: it cannot be read") from error


def algorithm(chain: str) -> str:
    """The signature algorithm that the leaf's key is for (C2PA 2.2 section 13.2). Raises CredentialError for other keys."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = certificates(chain)[0].public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return "ps256"
    raise CredentialError("expected a certificate for ECDSA (P-256, P-384, P-521), Ed25519 or RSA of 2048 bits, got another")


def faults(chain: str, key: str, today: str) -> Iterator[str]:
    """All that keeps this chain from signing `today` (YYYY-MM-DD), a sentence each. `key` is PEM, "" where it is not at hand."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    found = certificates(chain)
    leaf = found[0]
    if leaf.issuer == leaf.subject:
        yield "expected a certificate that somebody issued, got one that signed itself"
    if today > leaf.not_valid_after_utc.date().isoformat():
        yield f"expected a certificate that holds today, got one that ended on {leaf.not_valid_after_utc.date()}"
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    named = {purpose.dotted_string for purpose in purposes} if purposes else set()
    if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string in named or not named & set(SIGNING_PURPOSES.split()):
        got = ", ".join(sorted(named)) or "none"
        yield f"expected a certificate for signing content (1.3.6.1.4.1.62558.2.1), got extended key usage {got}"
    basic, usage = _extension(leaf, x509.BasicConstraints), _extension(leaf, x509.KeyUsage)
    if basic is not None and basic.ca:
        yield "expected the signer's certificate first in the chain, got an authority's"
    if usage is None or not usage.digital_signature:
        yield "expected key usage digitalSignature, got it without"
    for child, parent in pairwise(found):
        if child.issuer != parent.subject:
            yield "expected each certificate of the chain to be issued by the next, got another order"
            break
    if key:
        yield from _key_faults(leaf, key)


def _key_faults(leaf: Any, key: str) -> Iterator[str]:
    from cryptography.hazmat.primitives import serialization

    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    try:
        private = serialization.load_pem_private_key(key.encode(), None)
    except TypeError:
        yield "expected a key without a password, got one with"
    except ValueError:
        yield "expected a private key as PEM text, got something else"
    else:
        if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
            yield "expected the key of this certificate, got another's"


def _extension(certificate: Any, kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
