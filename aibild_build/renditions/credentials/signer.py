"""Who signs here: the certificate chain and where its key lies, by settings and environment.

Takes settings, the project's folder and the environment, yields a `Signer` that may travel to workers: the chain is public and
goes along, of the key only the place does. Reads the few fields it needs out of the certificates itself (X.690, RFC 5280 section
4.1), since a build that signs nothing should load no library for it; `profile` judges the whole certificate.
"""

from __future__ import annotations

import base64
import binascii
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...canonical import digest_of
from ...config import Credentials
from ...errors import CredentialError

TEST = "test"
TEST_ORGANISATION = "aibild test chain (not trusted)"
CERTIFICATE_VARIABLE, KEY_VARIABLE = "AIBILD_C2PA_CERTIFICATE", "AIBILD_C2PA_KEY"
CHAIN_FILE, KEY_FILE, ROOT_FILE = "chain.pem", "key.pem", "root.pem"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.S)
_SEQUENCE, _UTC_TIME, _VERSION = 0x30, 0x17, 0xA0
_INIT = "`aibild credentials init-test` makes a test chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A chain that can sign. `fingerprint` is over its certificates; `ends` the leaf's last day (YYYY-MM-DD).

    The key is `key_file`, or in the environment variable `key_variable`. `trust` holds the roots that readers of ours trust.
    """

    chain: str
    fingerprint: str
    ends: str
    test: bool
    key_file: str = ""
    key_variable: str = ""
    trust: str = ""
    time_stamp: str = ""

    @property
    def name(self) -> str:
        """What stands for the certificate in file names: all test chains look alike there, so that trees have equal names."""
        return TEST if self.test else self.fingerprint


def data_folder(environ: Mapping[str, str]) -> Path:
    """Where this machine's test chain lies, outside of every project (XDG Base Directory Specification 0.8)."""
    base = environ.get("XDG_DATA_HOME", "")
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return home / "aibild" / "credentials"


def credential_folders(settings: Credentials, root: Path, environ: Mapping[str, str]) -> set[str]:
    """The folders that a build reads for its signer, whether they are there or not."""
    if settings.policy == "off":
        return set()
    if settings.certificate == TEST:
        return {str(data_folder(environ))}
    named = (environ.get(CERTIFICATE_VARIABLE, "").strip() or settings.certificate, settings.key, settings.trust)
    return {str(_path(one, root).parent) for one in named if one and "BEGIN" not in one}


def find_signer(settings: Credentials, root: Path, environ: Mapping[str, str]) -> Signer | None:
    """The chain that signs here, None where no certificate is named or the test chain is not there. The environment goes first.

    Raises CredentialError when what is named cannot be read or is no certificate chain.
    """
    if settings.policy == "off":
        return None
    written = environ.get(CERTIFICATE_VARIABLE, "").strip()
    if not written and settings.certificate == TEST:
        return local_chain(environ, time_stamp=settings.time_stamp)
    where = written or settings.certificate
    if not where:
        return None
    chain = where if "BEGIN CERTIFICATE" in where else _read(_path(where, root), "the certificate chain")
    in_environment = bool(environ.get(KEY_VARIABLE, "").strip())
    trust = _read(_path(settings.trust, root), "the trusted roots") if settings.trust else ""
    return _signer(
        chain,
        key_file=str(_path(settings.key, root)) if settings.key and not in_environment else "",
        key_variable=KEY_VARIABLE if in_environment else "",
        trust=trust,
        time_stamp=settings.time_stamp,
    )


def local_chain(environ: Mapping[str, str], *, time_stamp: str = "") -> Signer | None:
    """This machine's test chain, None where there is none. Raises CredentialError when it is damaged."""
    folder = data_folder(environ)
    if not (folder / CHAIN_FILE).exists():
        return None
    chain, trust = (_read(folder / name, "the test chain") for name in (CHAIN_FILE, ROOT_FILE))
    return _signer(chain, key_file=str(folder / KEY_FILE), trust=trust, time_stamp=time_stamp)


def check_key(signer: Signer) -> None:
    """Raises CredentialError when the key is not there, or is a file that others than its owner can read."""
    if signer.key_variable:
        return
    if not signer.key_file:
        hint = f"name its file with `key` in [credentials], or export {KEY_VARIABLE}"
        raise CredentialError("there are pictures to sign, and no key for the certificate is named", hint=hint)
    path = Path(signer.key_file)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CredentialError(f"the key cannot be read: {path}: {error.strerror or error}") from error
    if not stat.S_ISREG(mode):
        raise CredentialError(f"expected the key as a file, got something else at {path}")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"expected a key that only its owner can read, got mode {stat.S_IMODE(mode):04o} at {path}"
        raise CredentialError(message, hint=f"chmod 600 {path}; and if others could read it, have the certificate withdrawn")


def key_text(signer: Signer, environ: Mapping[str, str]) -> str:
    """The key as PEM. Raises CredentialError; its text is never part of a message."""
    check_key(signer)
    if not signer.key_variable:
        return _read(Path(signer.key_file), "the key")
    value = environ.get(signer.key_variable, "").strip()
    if not value:
        raise CredentialError(f"the variable {signer.key_variable} is empty where pictures are signed")
    if "BEGIN" in value:
        return value
    check_key(Signer(chain="", fingerprint="", ends="", test=False, key_file=value))
    return _read(Path(value), f"the key that {signer.key_variable} names")


def _signer(chain: str, *, key_file: str = "", key_variable: str = "", trust: str = "", time_stamp: str = "") -> Signer:
    certificates = [_der(match) for match in _PEM.findall(chain)]
    if not certificates:
        raise CredentialError("expected a certificate chain as PEM text, got none", hint=_INIT)
    try:
        ends, subject = _leaf(certificates[0])
    except (IndexError, StopIteration, ValueError) as error:
        raise CredentialError("the certificate is damaged: its fields cannot be read", hint=_INIT) from error
    return Signer(
        chain=chain,
        fingerprint=digest_of(b"".join(certificates)),
        ends=ends,
        test=TEST_ORGANISATION.encode() in subject,
        key_file=key_file,
        key_variable=key_variable,
        trust=trust,
        time_stamp=time_stamp,
    )


def _path(written: str, root: Path) -> Path:
    return root / Path(written).expanduser()


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("ascii")
    except UnicodeDecodeError as error:
        raise CredentialError(f"expected {what} as PEM text, got other bytes at {path}") from error
    except OSError as error:
        raise CredentialError(f"{what} cannot be read: {path}: {error.strerror or error}", hint=_INIT) from error


def _der(body: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as error:
        raise CredentialError("the certificate is damaged: it is no base64", hint=_INIT) from error


def _leaf(der: bytes) -> tuple[str, bytes]:
    """(last day, subject's bytes) of a certificate: tbsCertificate is version, serial, algorithm, issuer, validity, subject."""
    tbs = next(_parts(next(_parts(der))[1]))[1]
    parts = list(_parts(tbs))
    parts = parts[1:] if parts[0][0] == _VERSION else parts
    tag, after = list(_parts(parts[3][1]))[1]
    text = after.decode("ascii")
    if tag == _UTC_TIME:  # RFC 5280 section 4.1.2.5.1: years 50–99 are those of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    return f"{int(text[:4]):04}-{int(text[4:6]):02}-{int(text[6:8]):02}", parts[4][1]


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of the DER values that stand one after another. Raises ValueError or IndexError where they do not."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count])
            at += count
        if at + length > len(data):
            raise ValueError("a value leaves the certificate")
        yield tag, data[at : at + length]
        at += length
