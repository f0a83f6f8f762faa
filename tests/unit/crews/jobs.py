"""Jobs for the crews' tests: module-level, as every job is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aibild_build.crews import tell
from aibild_build.errors import TemplateError


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def process_number() -> int:
    return os.getpid()


def environment(name: str) -> str | None:
    return os.environ.get(name)


def fail(message: str) -> None:
    raise ValueError(message)


def fail_oddly() -> None:
    raise TemplateError("no such filter", path="a.html", line=3)


def unpicklable() -> Any:
    return lambda: None


def tell_and_double(number: int) -> int:
    tell({"number": number})
    return 2 * number


def leave() -> None:
    sys.exit(7)


def survive_interrupt() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return "alive"


def write_lines() -> None:
    sys.stdout.write("not data\n")
    sys.stdout.flush()
    subprocess.run(["echo", "not data either"], check=True)


def die_until(marks: Path, times: int) -> int:
    """Kill the own process the first `times` times; returns how often it was begun."""
    begun = len(list(marks.iterdir())) + 1
    (marks / str(begun)).touch()
    if begun <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun


def report_and_sleep(mark: Path) -> None:
    part = mark.with_suffix(".part")
    part.write_text(str(os.getpid()))
    part.rename(mark)
    time.sleep(60)
