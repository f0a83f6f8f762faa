"""Outside judges: where they are, and what their absence means.

A judge that is not installed skips the test with its reason; where `CI=true` is set its absence is a failure, so that no check
goes missing unseen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

NODE = Path(__file__).parents[1] / "real" / "node"
NU = NODE / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"

_PACKAGES = {
    "avifdec": "libavif-bin",
    "chromium": "chromium",
    "djpeg": "libjpeg-turbo-progs",
    "dwebp": "webp",
    "exiftool": "libimage-exiftool-perl",
    "faketime": "faketime",
    "java": "default-jre-headless",
    "node": "nodejs",
    "openssl": "openssl",
    "webpinfo": "webp",
}


def command(name: str) -> str:
    """The path of an installed judge. Skips or fails the running test when there is none."""
    return shutil.which(name) or absent(f"`{name}` is not installed (Debian package {_PACKAGES[name]})")


def nu_checker() -> list[str]:
    """The command of the Nu HTML Checker."""
    if not NU.is_file():
        absent("the Nu HTML Checker is not installed (npm ci --prefix tests/real/node)")
    return [command("java"), "-Xss1024k", "-jar", str(NU)]


def node_file(path: str) -> Path:
    """A file of a judge from the npm registry, for example `axe-core/axe.min.js`."""
    file = NODE / "node_modules" / path
    if not file.is_file():
        absent(f"`{path.split('/bin/')[0]}` is not installed (npm ci --prefix tests/real/node)")
    return file


def absent(reason: str) -> str:
    """Skip locally, fail in CI. Never returns."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def ask(
    arguments: Sequence[str | Path], *, stdin: str = "", timeout_s: float = 240, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a judge and return what it said; its exit status is for the caller to read."""
    command = [str(part) for part in arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout_s, cwd=cwd)
