"""Stops a run before it spends: what a plan would cost, held against the limits of the command line and of the site.

Takes counts and expectations, raises LimitError. It plans nothing and makes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..config import Config
from ..errors import LimitError
from ..plan.costs import past_costs
from ..plan.pictures import WantedAsset, with_cost
from ..plan.reading import Project
from ..store import Store

_HINT = "see `aibild plan`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None is no limit. `credits` is money in the engines' own unit, US dollars unless their prices say otherwise."""

    images: int | None = None
    seconds: float | None = None
    credits: float | None = None

    def over(self, config: Config) -> Limits:
        """These limits, and the site's own where one is not given."""
        return Limits(
            images=self.images if self.images is not None else config.limit_images,
            seconds=self.seconds if self.seconds is not None else config.limit_seconds,
            credits=self.credits if self.credits is not None else config.limit_credits,
        )

    @property
    def any(self) -> bool:
        return any(limit is not None for limit in (self.images, self.seconds, self.credits))

    def costed(self, project: Project, store: Store, wanted: tuple[WantedAsset, ...]) -> tuple[WantedAsset, ...]:
        """What is wanted, each picture with what it is expected to cost. Raises LimitError when that is over the limits."""
        if any(want.making for want in wanted):
            wanted = with_cost(wanted, past_costs(store, project.config.root))
        costs = [one.work.cost for want in wanted for one in want.making]
        self.refuse(
            images=len(costs),
            seconds=sum(cost.seconds or 0.0 for cost in costs),
            credits=sum(cost.credits for cost in costs),
        )
        return wanted

    def refuse(self, *, images: int, seconds: float, credits: float) -> None:
        """Raises LimitError when the work would make, take or cost more than it may."""
        if self.images is not None and images > self.images:
            raise LimitError(f"{images} pictures would be made, the limit is {self.images}", hint=_HINT)
        if self.seconds is not None and seconds > self.seconds:
            raise LimitError(f"the work is expected to take {seconds:.0f} s, the limit is {self.seconds:g} s", hint=_HINT)
        if self.credits is not None and round(credits, 6) > self.credits:
            raise LimitError(f"the pictures would cost {credits:.4g}, the limit is {self.credits:g}", hint=_HINT)
