"""An outside world for hosted engines whose time passes only when somebody sleeps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aibild_build.engines.hosted.outside import Outside

START_S = 1_795_000_000.0


@dataclass(slots=True)
class Clock:
    """`slept` are the waits in seconds, in their order."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))

    def wall(self) -> float:
        return START_S + sum(self.slept)

    def now(self) -> float:
        """Real time, too: a connection that hangs is given up in it."""
        return time.monotonic() + sum(self.slept)

    def outside(self, folder: Path, environ: Mapping[str, str]) -> Outside:
        return Outside(environ=environ, now=self.now, wall=self.wall, sleep=self.sleep, folder=folder)
