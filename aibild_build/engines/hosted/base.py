"""What all hosted engines have in common: from a brief to parameters, from parameters to one call, from its bytes to a picture.

Takes the engine's table and the outside world, yields an `Engine`. A vendor fills in options, sizes, words, price and the call.
Nothing here opens a connection before `generate`, so a plan needs neither network nor key nor HTTP library.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import EngineRefused
from ...model import Brief, Cost, Finding, Json, Level, Recipe, Size
from .. import Drawn, Progress, Resolved
from .account import Account, read_account
from .client import Answer, Client, library
from .landing import land
from .options import Option, choose
from .outside import Outside, this_machine
from .sizes import SHAPE_TOLERANCE, nearest_size, shape_error

# The day on which the built-in prices and bounds were read from the vendors' public pages.
PRICES_OF = "2026-11-23"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a vendor is told in words: the prompt, the negative prompt where it takes one, and what is wrong with them."""

    prompt: str
    negative: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a call brought: the file, what it cost, and what is worth knowing of it (usage, seed, ids; never an address)."""

    data: bytes
    answer: Answer
    spent: float
    basis: str
    noted: Mapping[str, Json] = field(default_factory=dict)


class Hosted(ABC):
    """An engine that asks a service. `seeded` says whether the service takes a seed at all."""

    name: str
    fingerprint = 1
    exact = False
    lane = "cpu"
    seeded = True
    defaults: Account
    prices: tuple[str, ...]
    seconds: float

    def __init__(self, settings: Mapping[str, Json] | None = None, outside: Outside | None = None) -> None:
        self.outside = outside or this_machine()
        self.account = read_account(self.defaults, settings or {}, self.prices)
        self.client = Client(self.account, self.outside)

    @abstractmethod
    def options(self) -> Mapping[str, Option]:
        """The vendor's parameters by name."""

    @abstractmethod
    def sizes(self, chosen: Mapping[str, str], asked: Size) -> Iterable[Size]:
        """The sizes that the service makes, or those around the one asked for."""

    @abstractmethod
    def words(self, brief: Brief) -> Words:
        """The brief in the words that the service takes."""

    def fixed(self, brief: Brief) -> Mapping[str, Json]:
        """Further parameters that decide pixels."""
        return {}

    @abstractmethod
    def quote(self, recipe: Recipe) -> float:
        """What one picture is expected to cost."""

    @abstractmethod
    def call(self, recipe: Recipe, progress: Progress) -> Delivery:
        """One picture from the service."""

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """Every parameter that decides pixels, defaults written out, and the size that the service will make.

        Findings: `source-*` of brief and settings, `picture-shape` where the shape cannot be had, `parameter-unused`.
        """
        chosen, findings = choose(brief, self.name, self.options())
        words = self.words(brief)
        fitting = nearest_size(size, self.sizes(chosen, size))
        return Resolved(
            prompt=words.prompt,
            negative=words.negative,
            seed=brief.seed if self.seeded else 0,
            size=fitting,
            parameters={**chosen, "n": 1, **self.fixed(brief)},
            noted={"asked_size": list(size)},
            findings=(*self.account.faults, *findings, *words.findings, *self._shape(brief, size, fitting)),
        )

    def estimate(self, recipe: Recipe) -> Cost:
        """The quote from the price table; seconds are a guess until past pictures say better."""
        return Cost(seconds=self.seconds, credits=round(self.quote(recipe), 6))

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """One picture. Raises EngineUnavailable, EngineRefused, EngineTransient. `progress` may cancel before money is spent."""
        options = self.options()
        for name, option in options.items():
            if not option.accepts(recipe.parameters.get(name)) and recipe.parameters.get(name) != option.default:
                raise EngineRefused(f"expected {name} as {option.expected}, got {recipe.parameters.get(name)!r}")
        if self.account.faults:
            raise EngineRefused(self.account.faults[0].message, hint=self.account.faults[0].hint)
        progress(0.0)
        try:
            delivery = self.call(recipe, progress)
        finally:
            self.client.close()
        environment: dict[str, Json] = {
            "service": self.name,
            "client": library(),
            "recreatable": False,
            "price": {"credits": round(delivery.spent, 6), "basis": delivery.basis},
            "attempts": delivery.answer.attempts,
            **({"lost": delivery.answer.lost} if delivery.answer.lost else {}),
            **delivery.noted,
        }
        drawn = land(self.name, delivery.data, recipe.size, environment, delivery.spent)
        progress(1.0)
        return (drawn,)

    def close(self) -> None:
        """Nothing is held between two pictures but a token."""
        self.client.close()

    def price(self, row: str, listed: Mapping[str, float]) -> tuple[float, str]:
        """What a row of the price table says, and whose word it is. An unknown row costs as much as the dearest."""
        own = self.account.price
        if isinstance(own, Mapping):
            if row in own:
                return own[row], "your price"
        elif own is not None:
            return own, "your price"
        return listed.get(row, max(listed.values())), f"list price of {PRICES_OF}"

    def _shape(self, brief: Brief, asked: Size, got: Size) -> tuple[Finding, ...]:
        if shape_error(asked, got) <= SHAPE_TOLERANCE:
            return ()
        sizes = [f"{one[0]} × {one[1]}" for one in (asked, got)]
        message = f"engine `{self.name}` makes no picture in the shape of {sizes[0]}; {sizes[1]} is nearest"
        hint = "crops will lose what lies at the edges; ask for a size of another ratio, or let another engine make it"
        return (
            Finding(rule="picture-shape", level=Level.WARNING, message=message, origin=brief.origin, subject=brief.id, hint=hint),
        )


def said(answer: Answer) -> dict[str, Json]:
    """The service's own number for a request, where it gives one."""
    number = answer.headers.get("x-request-id", "")
    return {"request": number} if number else {}


def number_of(value: object) -> float:
    """A count out of an answer; 0.0 for anything that is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12 else 0.0
