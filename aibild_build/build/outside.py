"""What of the world a run may use that speaks to other machines: passed in, so that tests wait for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`environ` holds secrets, `sleep` takes seconds, `wall` gives seconds since 1970."""

    environ: Mapping[str, str]
    sleep: Callable[[float], None]
    wall: Callable[[], float]
