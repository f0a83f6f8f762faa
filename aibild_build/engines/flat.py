"""`flat`: one colour, at once. For tests of sites and pipelines, ours and yours; no picture that anybody should ship.

Takes a recipe whose parameter `colour` is #rrggbb (left out: taken from the seed), yields that colour at the recipe's size. With
`[engines.flat] exact = false` it says of itself that it cannot make the same picture again, as models on a GPU must; `drift =
N` then shifts the colour by N, as another driver would. Calls are counted in `calls`, so a test can say "second build: none".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import EngineRefused, EngineUnavailable
from ..model import Brief, Cost, Finding, Json, Level, Recipe, Size
from . import Drawn, Progress, Resolved


class Flat:
    name = "flat"
    fingerprint = 1
    lane = "cpu"

    def __init__(self, settings: Mapping[str, Json] | None = None) -> None:
        given = settings or {}
        self.exact = bool(given.get("exact", True))
        drift = given.get("drift", 0)
        if not isinstance(drift, int):
            raise EngineUnavailable(f"expected engines.flat.drift as integer, got {drift!r}", hint="see aibild.toml")
        self.drift = drift
        self.calls = 0

    def resolve(self, brief: Brief, ratio: str, size: Size, models: Mapping[str, Json]) -> Resolved:
        """The colour written out; a colour that is none is a finding."""
        colour = brief.parameters.get("colour", f"#{brief.seed % 0x1000000:06x}")
        findings: tuple[Finding, ...] = ()
        if _rgb(colour) is None:
            message = f"expected colour as #rrggbb, got {colour!r}"
            findings = (Finding(rule="source-value", level=Level.FATAL, message=message, origin=brief.origin, subject=brief.id),)
        return Resolved(
            prompt=brief.prompt,
            negative=brief.negative,
            seed=brief.seed,
            size=size,
            parameters={"colour": colour},
            findings=findings,
        )

    def estimate(self, recipe: Recipe) -> Cost:
        return Cost(seconds=0.01)

    def generate(self, recipe: Recipe, inputs: Mapping[str, bytes], progress: Progress) -> Sequence[Drawn]:
        """One picture of one colour. Raises EngineRefused when `colour` is no colour."""
        self.calls += 1
        rgb = _rgb(recipe.parameters.get("colour"))
        if rgb is None:
            raise EngineRefused(f"expected colour as #rrggbb, got {recipe.parameters.get('colour')!r}")
        moved = bytes((channel + self.drift) % 256 for channel in rgb)
        progress(1.0)
        width, height = recipe.size
        return (
            Drawn(
                samples=moved * (width * height),
                size=recipe.size,
                mode="RGB",
                source_type="algorithmicMedia",
                environment={"drift": self.drift},
            ),
        )

    def close(self) -> None:
        return None


def _rgb(colour: Json) -> bytes | None:
    if isinstance(colour, str) and len(colour) == 7 and colour.startswith("#"):
        try:
            return bytes.fromhex(colour[1:])
        except ValueError:
            return None
    return None
