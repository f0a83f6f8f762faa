"""A local test chain: a root, and a signer's certificate that it issued. Nobody outside this machine trusts it, and it says so.

Takes a folder and the time, writes four files. Loads cryptography. The root's key is thrown away: a new leaf is a new chain.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ...disk import write_atomic
from ...errors import CredentialError
from .signer import CHAIN_FILE, KEY_FILE, ROOT_FILE, TEST_ORGANISATION

DAYS = 825
_CLAIM_SIGNING = "1.3.6.1.4.1.62558.2.1"  # C2PA 2.2 section 14.5.1
_EARLIER = timedelta(hours=1)  # clocks differ


def make_test_chain(folder: Path, now: datetime, days: int = DAYS) -> None:
    """Write chain, key and root into `folder`, which only its owner may enter. Raises CredentialError."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("aibild test root")
    root = _issue(root_name, root_key.public_key(), root_name, root_key, now, days + 1, authority=True)
    leaf = _issue(_name("aibild test signer"), key.public_key(), root_name, root_key, now, days, authority=False)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_secret(folder / KEY_FILE, secret)
        write_atomic(folder / ROOT_FILE, root.public_bytes(serialization.Encoding.PEM))
        write_atomic(folder / CHAIN_FILE, leaf.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise CredentialError(f"the test chain cannot be written into {folder}: {error.strerror or error}") from error


def _write_secret(path: Path, secret: bytes) -> None:
    """The key is never readable by others, not even for a moment."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
    os.replace(beside, path)


def _name(common: str) -> Any:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = ((NameOID.ORGANIZATION_NAME, TEST_ORGANISATION), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _issue(subject: Any, public: Any, issuer: Any, issuer_key: Any, now: datetime, days: int, *, authority: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    uses = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    uses |= {"encipher_only": False, "decipher_only": False, "crl_sign": authority}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, **uses), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier(_CLAIM_SIGNING)])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
