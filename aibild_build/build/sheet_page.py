"""The page of a look book: what it shows, and its file.

Takes the probes of a profile and their JPEGs, writes one HTML page with the pictures beside it or in it. It makes no picture.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..disk import write_atomic
from ..errors import OutputError
from ..model import Size

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """WCAG contrast of the pixels of one safe area against the colour of its text: first percentile, median and worst."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    first_percentile: float
    median: float
    worst: float

    @property
    def readable(self) -> bool:
        return self.first_percentile >= READABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One picture of a sheet. `file` is its path beside the page, "" where the page holds it; `borrowed` names the ratio that its
    safe areas were declared for, where that is another.
    """

    name: str
    ratio: str
    size: Size
    seed: int
    recipe: str
    file: str
    borrowed: str
    contrast: tuple[Contrast, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What was written. `made` and `reused` count pictures."""

    profile: str
    engine: str
    file: str
    palette: tuple[tuple[str, float], ...]
    probes: tuple[Probe, ...]
    made: int
    reused: int
    seconds: float


def write_sheet(page: Path, done: Sheet, jpegs: Sequence[bytes]) -> None:
    """The pictures first, so that the page never names a file that is not there. Raises OutputError."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        for probe, data in zip(done.probes, jpegs, strict=True):
            if probe.file:
                write_atomic(page.parent / probe.file, data)
        write_atomic(page, _html(done, jpegs).encode())
    except OSError as error:
        raise OutputError(f"cannot write {page}: {error.strerror or error}", hint="name another file with --output") from error


def _html(done: Sheet, jpegs: Sequence[bytes]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aibild_build", "build"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sources = [
        probe.file or "data:image/jpeg;base64," + base64.b64encode(data).decode()
        for probe, data in zip(done.probes, jpegs, strict=True)
    ]
    names = dict.fromkeys(probe.name for probe in done.probes)
    groups = [
        (name, [(probe, source) for probe, source in zip(done.probes, sources, strict=True) if probe.name == name])
        for name in names
    ]
    return environment.get_template("sheet.html").render(sheet=done, groups=groups, readable=READABLE)
