"""Who runs a command: a service that runs us, else git, else nobody. The only place that asks them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ..model import Actor

# (source, variable that says we run there, name, address): what the services' own documentation names.
_SERVICES = (
    ("github", "GITHUB_ACTIONS", "GITHUB_ACTOR", ""),
    ("gitlab", "GITLAB_CI", "GITLAB_USER_NAME", "GITLAB_USER_EMAIL"),
    ("buildkite", "BUILDKITE", "BUILDKITE_BUILD_CREATOR", "BUILDKITE_BUILD_CREATOR_EMAIL"),
    ("circleci", "CIRCLECI", "CIRCLE_USERNAME", ""),
    ("azure", "TF_BUILD", "BUILD_REQUESTEDFOR", "BUILD_REQUESTEDFOREMAIL"),
    ("bitbucket", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_TRIGGERER_UUID", ""),
)


def actor(root: Path, environment: Mapping[str, str] | None = None) -> Actor:
    """The one whom the trail names, with the time of now; `who` is "" where nobody is known.

    `source` says who says so. SOURCE_DATE_EPOCH is obeyed.
    """
    said = os.environ if environment is None else environment
    epoch = said.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    when = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    for source, sign, name, address in _SERVICES:
        if said.get(sign) and said.get(name):
            return Actor(who=_written(said[name], said.get(address, "")), source=source, when=when)
    git = _git(root)
    name, address = (said.get(f"GIT_AUTHOR_{key.upper()}") or git.get(f"user.{key}", "") for key in ("name", "email"))
    who = _written(name, address)
    return Actor(who=who, source="git" if who else "", when=when)


def _written(name: str, address: str) -> str:
    """`Ada Lovelace <ada@example.org>`, on one line."""
    name, address = " ".join(name.split()), "".join(address.split())
    return f"{name} <{address}>".strip() if address else name


def _git(root: Path) -> dict[str, str]:
    asked = ["git", "config", "--get-regexp", r"^user\.(name|email)$"]
    try:
        done = subprocess.run(asked, cwd=root, capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return {}
    return {key: value for key, _, value in (line.partition(" ") for line in done.stdout.splitlines())}
