"""Looks after the certificate that pictures are signed with: the entry points of `aibild credentials`.

Takes settings, environment and the day; yields what is there. Never shows a key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..config import read_config
from ..errors import CredentialError, SourceError
from ..model import Level
from ..renditions.credentials import Signer, check_key, data_folder, find_signer, key_text, local_chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`policy` as configured; `source` is `none`, `test`, `file` or `environment`; `faults` keep it from signing."""

    policy: str
    source: str
    issuer: str = ""
    subject: str = ""
    fingerprint: str = ""
    ends: str = ""
    certificates: int = 0
    algorithm: str = ""
    test: bool = False
    key: str = ""
    time_stamp: str = ""
    faults: tuple[str, ...] = ()


def check_signer(signer: Signer, today: str) -> None:
    """Before the first picture is signed: is the key there and safe, the certificate one for signing? Raises CredentialError."""
    from ..renditions.credentials.profile import faults

    wrong = list(faults(signer.chain, key_text(signer, os.environ), today))
    if wrong:
        raise CredentialError(f"pictures cannot be signed: {wrong[0]}", hint="`aibild credentials status` tells all of it")


def init_test(environ: Mapping[str, str], now: datetime, *, again: bool = False) -> tuple[Signer, bool]:
    """This machine's test chain, made where there is none, or `again`; and whether it was made. Raises CredentialError."""
    from ..renditions.credentials.local import make_test_chain

    there = None if again else local_chain(environ)
    if there is not None and there.ends > now.date().isoformat():
        check_key(there)
        return there, False
    make_test_chain(data_folder(environ), now)
    made = local_chain(environ)
    if made is None:
        raise CredentialError(f"the test chain cannot be read back from {data_folder(environ)}")
    return made, True


def status(root: Path, environ: Mapping[str, str], today: str) -> Status:
    """What the project at `root` would sign with. Raises SourceError, and CredentialError where nothing can be read."""
    config, findings = read_config(root)
    if config is None or any(one.level is Level.FATAL for one in findings):
        raise SourceError(tuple(one for one in findings if one.level is Level.FATAL))
    settings = config.credentials
    signer = find_signer(settings, root, environ)
    if signer is None:
        return Status(policy=settings.policy, source="none", time_stamp=settings.time_stamp)
    from ..renditions.credentials.profile import algorithm, certificates, faults

    chain = certificates(signer.chain)
    wrong: list[str] = []
    try:
        key = key_text(signer, environ)
    except CredentialError as error:
        key, wrong = "", [error.message]
    try:
        kind = algorithm(signer.chain)
    except CredentialError as error:
        kind = ""
        wrong.append(error.message)
    named = "environment" if signer.key_variable else "file"
    return Status(
        policy=settings.policy,
        source="test" if signer.test else named,
        issuer=chain[-1].issuer.rfc4514_string(),
        subject=chain[0].subject.rfc4514_string(),
        fingerprint=signer.fingerprint,
        ends=signer.ends,
        certificates=len(chain),
        algorithm=kind,
        test=signer.test,
        key=named if key else "",
        time_stamp=signer.time_stamp,
        faults=(*wrong, *faults(signer.chain, key, today)),
    )
