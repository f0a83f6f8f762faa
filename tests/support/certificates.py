"""Certificates for tests, good ones and bad ones: a folder `certs/` with chain, key and root, and settings that name them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

SIGNING, WEB_SERVER, MAIL = "1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"
SETTINGS = '\n[credentials]\ncertificate = "certs/chain.pem"\nkey = "certs/key.pem"\ntrust = "certs/root.pem"\n'
_PEM = serialization.Encoding.PEM


def write_chain(
    folder: Path,
    *,
    purposes: tuple[str, ...] = (SIGNING,),
    starts: datetime | None = None,
    ends: datetime | None = None,
    itself: bool = False,
    other_key: bool = False,
    algorithm: str = "p256",
    password: bytes = b"",
    mode: int = 0o600,
    intermediate: bool = False,
) -> Path:
    """Write `chain.pem`, `key.pem` and `root.pem`; each argument makes one thing other than it should be."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    starts, ends = starts or now - timedelta(days=1), ends or now + timedelta(days=400)
    root_key = ec.generate_private_key(ec.SECP256R1())
    key: Any = ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(_curve(algorithm))
    root = _issue("Harbour Root", root_key.public_key(), "Harbour Root", root_key, starts, ends + timedelta(days=1), ca=True)
    issuer, issuer_key, above = "Harbour Root", root_key, b""
    if intermediate:
        issuer, issuer_key = "Harbour Issuer", ec.generate_private_key(ec.SECP256R1())
        between = _issue(issuer, issuer_key.public_key(), "Harbour Root", root_key, starts, ends, ca=True)
        above = between.public_bytes(_PEM)
    if itself:
        issuer, issuer_key = "Harbour Signer", key
    leaf = _issue("Harbour Signer", key.public_key(), issuer, issuer_key, starts, ends, purposes=purposes)
    shown = ec.generate_private_key(ec.SECP256R1()) if other_key else key
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / "chain.pem").write_bytes(leaf.public_bytes(_PEM) + above)
    (folder / "root.pem").write_bytes(root.public_bytes(_PEM))
    (folder / "key.pem").write_bytes(shown.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, lock))
    (folder / "key.pem").chmod(mode)
    return folder


def signed_by(settings: str = "", *, without: str = "", lose: str = "", **wrong: Any) -> Callable[[Path], None]:
    """What puts a chain with `wrong` into a project and names it in its settings, but for `without` and the file `lose`."""

    def go(root: Path) -> None:
        write_chain(root / "certs", **wrong)
        if lose:
            (root / "certs" / lose).unlink()
        path = root / "aibild.toml"
        path.write_text(
            path.read_text("utf-8") + (SETTINGS.replace(without, "") if without else SETTINGS) + settings, encoding="utf-8"
        )

    return go


def _curve(algorithm: str) -> ec.EllipticCurve:
    return ec.SECP384R1() if algorithm == "p384" else ec.SECP256R1()


def _issue(
    subject: str,
    public: Any,
    issuer: str,
    issuer_key: Any,
    starts: datetime,
    ends: datetime,
    *,
    ca: bool = False,
    purposes: tuple[str, ...] = (),
) -> x509.Certificate:
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **uses), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if purposes:
        named = [x509.ObjectIdentifier(one) for one in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(named), critical=False)
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Harbour Office"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )
