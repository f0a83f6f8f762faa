"""The devices that every picture is held against."""

from __future__ import annotations

from typing import NamedTuple


class Device(NamedTuple):
    """`width` and `height` of the viewport in CSS px, `density` in device pixels to a CSS px."""

    name: str
    width: float
    height: float
    density: float

    def __str__(self) -> str:
        return f"{self.width:g}×{self.height:g} at {self.density:g}"


# 412×823 at 1.75 and 1350×940 at 1 are Lighthouse 13's mobile and desktop screens.
DEVICES = (
    Device("small phone", 360, 800, 3),
    Device("phone", 412, 823, 1.75),
    Device("tablet", 768, 1024, 2),
    Device("laptop", 1350, 940, 1),
    Device("desktop", 1920, 1080, 1),
)


def viewport(width: float, density: float = 2) -> Device:
    """A device of any width, for looking at what lies on both sides of a breakpoint."""
    return Device(f"{width:g} px", width, 800, density)
