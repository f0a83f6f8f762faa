"""`[credentials]`: how delivered pictures are signed. What is in the files named here is for `renditions.credentials` to say."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..source import Fields, nearest_hint
from .settings import Credentials

POLICIES = ("embed", "link", "auto", "off")
TRAINING = ("allowed", "constrained", "not-allowed")


def read_credentials(table: Fields) -> Credentials:
    """The settings, with defaults in place of what is wrong."""
    policy = table.text("policy", Credentials().policy)
    if policy not in POLICIES:
        table.wrong("policy", "one of " + ", ".join(POLICIES), hint=nearest_hint(policy, POLICIES))
        policy = Credentials().policy
    certificate, key = table.text("certificate"), table.text("key")
    if "PRIVATE KEY" in key:
        hint = "write it into a file that only you can read, or export it as AIBILD_C2PA_KEY; and have this one withdrawn"
        table.tell("source-value", "expected credentials.key as path of a file, got a key", "key", hint=hint)
        key = ""
    if key and not certificate:
        table.tell("source-missing", "expected credentials.certificate beside credentials.key, got nothing", "certificate")
    return Credentials(
        policy=policy,
        certificate=certificate,
        key=key,
        trust=table.text("trust"),
        time_stamp=_authority(table),
        training=table.choice("training", TRAINING, Credentials().training),
        warn_days=table.whole("warn_days", Credentials().warn_days, low=0, high=3650),
    )


def _authority(table: Fields) -> str:
    url = table.text("time_stamp")
    parts = urlsplit(url)
    if url and not (parts.scheme in ("http", "https") and parts.hostname):
        table.wrong("time_stamp", "address http://… or https://… of a time-stamp authority")
        return ""
    return url
