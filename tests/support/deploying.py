"""`python -m tests.support.deploying FOLDER ADDRESS EDITION`: a deploy that may be killed, with a short lease."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from aibild_build.deploy import Clock, Manner, deploy, read_built
from aibild_build.lock import Lock
from aibild_build.targets import Target, load
from tests.support.shipping import settings_for


def main() -> None:
    folder, address, edition = sys.argv[1:]
    settings = settings_for("bucket", address)
    target = load(settings, Path(), os.environ)
    assert isinstance(target, Target)
    clock = Clock(monotonic=time.monotonic, sleep=time.sleep, moment=lambda: f"20261124T{edition}")
    deploy(read_built(Path(folder), lambda digest: None), Lock(), settings, target, clock, Manner(lease_s=1.0, wait_s=20))


if __name__ == "__main__":
    main()
