"""What a build says of its credentials: that there are none, or that they end soon. Pure: days are given, nothing is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ...config import CONFIG_FILE, Credentials
from ...model import Finding, Level, Origin
from .signer import TEST, Signer


def credential_findings(settings: Credentials, signer: Signer | None, today: str) -> Iterator[Finding]:
    """Findings on the signer. `today` (YYYY-MM-DD) is "" where nobody says what day it is; then nothing ends."""
    origin = Origin(path=CONFIG_FILE)
    if signer is None and settings.policy != "off":
        test = settings.certificate == TEST
        yield Finding(
            rule="credential-missing",
            level=Level.WARNING if test else Level.NOTE,
            message="pictures are not signed: " + ("this machine has no test chain" if test else "no certificate is named"),
            origin=origin,
            subject="credentials",
            hint="`aibild credentials init-test` makes a test chain"
            + ("" if test else '; `policy = "off"` says that none is wanted'),
        )
    if signer is None or signer.time_stamp or not today:
        return
    left = (date.fromisoformat(signer.ends) - date.fromisoformat(today)).days
    if left < settings.warn_days:
        yield Finding(
            rule="credential-ends",
            level=Level.WARNING,
            message=f"the signer's certificate ends on {signer.ends}, and with it all signatures: they carry no time stamp",
            origin=origin,
            subject="credentials",
            measured=left,
            limit=settings.warn_days,
            hint="sign with a new certificate before that day, or name a time-stamp authority with `time_stamp`",
        )
