"""`python -m tests.support.deploying FOLDER ADDRESS EDITION [WAIT]`: a deploy that may be killed, with a short lease.

The edition `collect` deletes what is older than five minutes instead, and prints how many files that were.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from aibild_build.deploy import Clock, Manner, collect, deploy, read_built
from aibild_build.errors import AibildError
from aibild_build.lock import Lock
from aibild_build.targets import Target, load
from tests.support.shipping import settings_for


def main() -> None:
    folder, address, edition, wait = (*sys.argv[1:], "20")[:4]
    settings = settings_for("bucket", address)
    target = load(settings, Path(), os.environ)
    assert isinstance(target, Target)
    clock = Clock(monotonic=time.monotonic, sleep=time.sleep, moment=lambda: f"20261124T{edition}")
    if edition == "collect":
        done = collect(replace(settings, keep_releases=1, keep_days=300 / 86_400), target, clock)
        sys.stdout.write(f"{done.files}\n")
        return
    site = read_built(Path(folder), lambda digest: None)
    try:
        deploy(site, Lock(), settings, target, clock, Manner(lease_s=1.0, wait_s=float(wait)))
    except AibildError as error:
        sys.exit(f"{type(error).__name__}: {error.message} ({error.hint})")


if __name__ == "__main__":
    main()
