"""Engines make pictures from recipes: an open set.

A member is one file in this folder and one row in `_MEMBERS`; outside packages join by the entry-point group `aibild.engines`.
Members do not know each other. To add one: write a class with the attributes of `Engine`, a loader function with a real import
in its body, its row, its page of docs; `tests/test_engines_contract.py` then asks it the same questions as all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from ..errors import EngineUnavailable
from ..model import Brief, Cost, Finding, Json, Recipe, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What an engine makes of a brief at one ratio: everything that decides pixels, defaults written out.

    `inputs` are (role, path relative to the project root); the caller turns them into digests. `noted` is recorded, not hashed.
    """

    prompt: str
    negative: str
    seed: int
    size: Size
    parameters: Mapping[str, Json]
    inputs: tuple[tuple[str, str], ...] = ()
    noted: Mapping[str, Json] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One finished picture: `samples` are width·height·len(mode) bytes of 8-bit sRGB, row by row, `mode` is "RGB" or "RGBA".

    `credits` is what was spent; `original` is the file as a service sent it where that is worth keeping, b"" otherwise.
    """

    samples: bytes
    size: Size
    mode: str
    source_type: str
    environment: Mapping[str, Json]
    credits: float = 0.0
    original: bytes = b""


Progress = Callable[[float], None]  # called with the share done, 0–1; may raise to cancel


@runtime_checkable
class Watching(Protocol):
    """What a `progress` is besides for one who counts steps and wants to look at the unfinished picture.

    `every` is the number of steps from one look to the next, 0 for none; a look is small 8-bit RGB and decides nothing.
    """

    every: int

    def step(self, done: int, total: int) -> None: ...

    def look(self, samples: bytes, size: Size) -> None: ...


class Engine(Protocol):
    """`fingerprint` is raised by hand when pixels move. `exact`: the same recipe gives the same pixels on every machine.

    `lane` is "cpu" or "gpu". `exact` engines need no lock entry's blob to be kept: they can make it again.
    """

    name: str
    fingerprint: int
    exact: bool
    lane: str

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """What this brief asks for at `ratio` ("master" or "16:9") and `size`. Light imports only; no file is opened."""
        ...

    def estimate(self, recipe: Recipe) -> Cost:
        """Expected cost, from the recipe alone."""
        ...

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """Make the picture. `inputs` maps role to file bytes. Raises EngineError only."""
        ...

    def close(self) -> None:
        """Let go of devices and memory."""
        ...


@runtime_checkable
class Probing(Protocol):
    """What an engine may have besides: pictures of its own choosing that show what a style profile does to it.

    `probes` are their names; `probe` changes a brief of that profile into one of them.
    """

    probes: tuple[str, ...]

    def probe(self, brief: Brief, name: str) -> Brief: ...


@runtime_checkable
class Modelled(Protocol):
    """What an engine has besides that works with models which aibild.toml declares.

    `models_of` names those that a brief may need; `resolve` is then given the lock's entry of each. An engine that says `staged =
    True` also takes briefs whose parameters name a `parent` (the picture to start from, input role "parent"), so that a brief may
    ask for `stages`, `overlays`, a `cutout`, and for ratios with `mode: outpaint`.
    """

    def models_of(self, brief: Brief) -> tuple[str, ...]: ...


@runtime_checkable
class Batching(Protocol):
    """What an engine has besides that can draw several pictures in one pass, `batch` of them at most.

    How many there were is no part of a recipe: whoever draws together sees to it that each picture is its own.
    """

    batch: int

    def together(self, recipe: Recipe) -> str:
        """Recipes of equal text may be drawn in one pass; "" for one that is drawn alone. Light imports only."""
        ...

    def generate_together(self, recipes: Sequence[Recipe], inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """One picture a recipe, in their order. All have the same inputs. Raises EngineError only."""
        ...


@runtime_checkable
class Situated(Protocol):
    """What an engine has besides whose last bits depend on where it runs."""

    def environment(self, recipe: Recipe) -> Mapping[str, Json]:
        """What of this machine may move the last bits of that picture, as its record would say. Raises EngineUnavailable."""
        ...


@runtime_checkable
class Counting(Protocol):
    """What an engine has besides whose encoders read only so much of a prompt: how much that is, for people to look at."""

    def tokens(self, brief: Brief) -> Json: ...


def _sketch(settings: Mapping[str, Json]) -> Engine:
    from .sketch import Sketch

    _refuse_settings("sketch", settings)
    return Sketch()


def _imported(settings: Mapping[str, Json]) -> Engine:
    from .imported import Imported

    _refuse_settings("imported", settings)
    return Imported()


def _flat(settings: Mapping[str, Json]) -> Engine:
    from .flat import Flat

    return Flat(settings)


def _sdxl(settings: Mapping[str, Json]) -> Engine:
    from .sdxl import Sdxl

    return Sdxl(settings)


def _openai(settings: Mapping[str, Json]) -> Engine:
    from . import hosted

    return hosted.load("openai", settings)


def _ideogram(settings: Mapping[str, Json]) -> Engine:
    from . import hosted

    return hosted.load("ideogram", settings)


def _firefly(settings: Mapping[str, Json]) -> Engine:
    from . import hosted

    return hosted.load("firefly", settings)


_MEMBERS: dict[str, Callable[[Mapping[str, Json]], Engine]] = {
    "sketch": _sketch,
    "imported": _imported,
    "sdxl": _sdxl,
    "openai": _openai,
    "ideogram": _ideogram,
    "firefly": _firefly,
    "flat": _flat,
}


def _refuse_settings(name: str, settings: Mapping[str, Json]) -> None:
    if settings:
        first = sorted(settings)[0]
        raise EngineUnavailable(f"engine `{name}` has no settings, got `engines.{name}.{first}`", hint="see aibild.toml")


_MODELLED = frozenset({"sdxl"})


def takes_models(name: str) -> bool:
    """Whether an engine's settings come with the models that aibild.toml declares. Outside engines get them as well."""
    return name in _MODELLED or name not in _MEMBERS


def counted_work(name: str, parameters: Mapping[str, Json]) -> float:
    """What an engine counts of the work in a recipe's parameters, in a unit of its own; seconds on one device are proportional.

    0 where it counts nothing.
    """
    if name != "sdxl":
        return 0.0
    from .sdxl import teraflop

    return teraflop(parameters)


@cache
def names() -> tuple[str, ...]:
    """All engines that can be named in a brief, outside ones included."""
    return tuple(sorted({*_MEMBERS, *(point.name for point in entry_points(group="aibild.engines"))}))


def load(name: str, settings: Mapping[str, Json] | None = None) -> Engine:
    """The engine of that name; `settings` is its table `[engines.NAME]`. Raises EngineUnavailable.

    A plug without a `fingerprint` is refused: nothing that it makes could be cached honestly.
    """
    loader = _MEMBERS.get(name)
    if loader is None:
        for point in entry_points(group="aibild.engines", name=name):
            loader = point.load()
    if loader is None:
        raise EngineUnavailable(f"there is no engine `{name}`", hint=f"known engines: {', '.join(names())}")
    try:
        engine = loader(settings or {})
    except ImportError as error:
        raise EngineUnavailable(f"engine `{name}` cannot be loaded: {error}", hint=f"pip install 'aibild[{name}]'") from error
    if not isinstance(getattr(engine, "fingerprint", None), int):
        raise EngineUnavailable(f"engine `{name}` has no fingerprint", hint="an engine must say when its pixels move")
    return engine
