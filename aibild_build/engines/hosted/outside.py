"""What a hosted engine takes from the machine it runs on: variables, clocks, sleep, and a folder that processes share.

Handed in at construction, so that a test can run a minute of waiting in no time.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`now` is a clock in seconds that never goes back, `wall` one in seconds since 1970 that all processes share."""

    environ: Mapping[str, str]
    now: Callable[[], float]
    wall: Callable[[], float]
    sleep: Callable[[float], None]
    folder: Path


def this_machine() -> Outside:
    """The real ones."""
    return Outside(environ=os.environ, now=time.monotonic, wall=time.time, sleep=time.sleep, folder=Path(tempfile.gettempdir()))
