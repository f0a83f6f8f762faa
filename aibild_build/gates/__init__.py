"""Gates look at a picture before any page may show it: an open set.

A gate *measures* once for given pixels, which is recorded, and *judges* what was measured against its settings, which is free:
changing a threshold measures nothing again, and a frozen build needs no gate library. Members do not know each other. To add
one: one file with the attributes of `Gate`, one row in `_MEMBERS`, one heading on the docs page "Gates". Outside packages join
by the entry-point group `aibild.gates`; a gate without a `fingerprint` is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol

from ..canonical import key_of
from ..errors import AibildError
from ..model import Json, Outcome, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a gate measures: 8-bit sRGB samples (width·height·len(mode) bytes), and the size that was asked for."""

    samples: bytes
    size: Size
    mode: str
    asked: Size
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A score in the gate's own unit and whatever else judging needs, as plain JSON."""

    score: float
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    outcome: Outcome
    threshold: float
    message: str = ""


class Gate(Protocol):
    """`fingerprint` is raised by hand when the same pixels would measure differently; `scope` is `asset` or `assets`.

    An `asset` gate judges one picture; an `assets` gate is judged over all published ones with `compare`.
    """

    name: str
    fingerprint: int
    scope: str

    def measure(self, seen: Seen) -> Measured:
        """Look at the pixels. May import heavy libraries."""
        ...

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """Hold what was measured against the gate's settings `[gates.NAME]`. Pure."""
        ...

    def compare(self, measured: Mapping[str, Measured], settings: Mapping[str, Json]) -> Iterator[Pair]:
        """Pairs of subjects that may not be published together. Pure; nothing for gates of scope `asset`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two subjects that are too much alike; `distance` in the gate's unit."""

    first: str
    second: str
    distance: int
    judgement: Judgement


def _blank(settings: Mapping[str, Json]) -> Gate:
    from .blank import Blank

    return Blank()


def _size(settings: Mapping[str, Json]) -> Gate:
    from .size import AskedSize

    return AskedSize()


def _duplicate(settings: Mapping[str, Json]) -> Gate:
    from .duplicate import Duplicate

    return Duplicate()


_MEMBERS: dict[str, Callable[[Mapping[str, Json]], Gate]] = {"blank": _blank, "duplicate": _duplicate, "size": _size}


def names() -> tuple[str, ...]:
    """All gates that can be named, outside ones included."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.gates"))}))


def load(name: str, settings: Mapping[str, Json] | None = None) -> Gate:
    """The gate of that name. Raises AibildError for one that is unknown, cannot be imported, or has no fingerprint."""
    loader = _MEMBERS.get(name)
    if loader is None:
        for point in entry_points(group="aibild.gates", name=name):
            loader = point.load()
    if loader is None:
        raise AibildError(f"there is no gate `{name}`", hint=f"known gates: {', '.join(names())}")
    try:
        gate = loader(settings or {})
    except ImportError as error:
        raise AibildError(f"gate `{name}` cannot be loaded: {error}", hint="pip install 'aibild[gates]'") from error
    if not isinstance(getattr(gate, "fingerprint", None), int):
        raise AibildError(f"gate `{name}` has no fingerprint", hint="a gate must say when it measures differently")
    return gate


def numbers_of(name: str) -> tuple[str, ...] | None:
    """The settings of a gate beside `level`, all numbers; None for a gate that does not tell them (attribute `settings`)."""
    settings: tuple[str, ...] | None = getattr(load(name), "settings", None)
    return settings


def measure_key(gate: Gate, pixels: str, asked: Size) -> str:
    """Key of what a gate measured on given pixels."""
    return key_of({"kind": "measure", "gate": gate.name, "fingerprint": gate.fingerprint, "pixels": pixels, "asked": list(asked)})


def number(settings: Mapping[str, Json], name: str, default: float) -> float:
    """A setting as a number; what is no number counts as not set, which whoever opened the project has told the user."""
    value = settings.get(name, default)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
