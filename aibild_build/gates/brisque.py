"""Gate `brisque`: blur, noise and blocks in encoded files, told from the file alone; advises.

The features are BRISQUE's; the regression on them is our own, since no trained one with a permissive licence was to be had in a
safe format. It was trained on pictures damaged by rule (`scripts/slow/train_brisque.py`) and says how much damage they look
like, 0 to 100: no number of a paper can be compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from . import Measured, Scored, Seen, by_rule
from .naturalness import LEAST_PX, features_of
from .pixels import image, luma

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PATCH_PX = 512
_PATCHES = ((0.5, 0.5), (0.15, 0.2), (0.85, 0.8))  # centres, as fractions: three say as much as all of a large file


class Brisque(Scored):
    name = "brisque"
    what = "signs of damage"
    scope = "rendition"
    sample = "ends"
    better = "lower"
    level = "warning"
    facts = ("engine",)
    settings: Mapping[str, str] = {"review": "number", "block": "number", "always": "flag"}
    measured_with = ("always",)
    review = 50.0
    block = 75.0

    def measure(self, seen: Seen) -> Measured:
        """Score: 0 (like undamaged ones) to 100; the median of up to three patches. Files under 32 px have none."""
        import numpy as np

        if by_rule(seen) or min(seen.size) < LEAST_PX:
            return Measured(score=0.0)
        bright = luma(np.asarray(image(seen))).astype(np.float64)
        scores = [score_of(features_of(patch)) for patch in patches_of(bright)]
        return Measured(score=round(float(np.median(scores)), 2), facts={"patches": [round(score, 2) for score in scores]})

    def told(self, measured: Measured, at: float) -> str:
        return f"expected signs of damage of at most {at:g} of 100, got {measured.score:g}: blur, noise or blocks"


def patches_of(bright: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The whole of a small picture, three patches of a large one."""
    height, width = bright.shape
    if max(height, width) <= PATCH_PX * 3 // 2:
        return [bright]
    tall, wide = min(PATCH_PX, height), min(PATCH_PX, width)
    corners = [(round((height - tall) * down), round((width - wide) * across)) for across, down in _PATCHES]
    return [bright[top : top + tall, left : left + wide] for top, left in corners]


def score_of(features: NDArray[np.float64]) -> float:
    """Radial basis functions around fixed centres, weighed and summed; 0–100."""
    import numpy as np

    model = _model()
    normal = np.clip((warped(features) - model["mean"]) / model["spread"], -4, 4)
    near = np.exp(-model["gamma"] * ((model["centres"] - normal) ** 2).sum(axis=1))
    return float(np.clip(near @ model["weights"] + model["bias"], 0, 100))


def warped(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features whose values span decades by their logarithm, signs kept."""
    import numpy as np

    found: NDArray[np.float64] = np.sign(features) * np.log1p(np.abs(features) * 20)
    return found


@cache
def _model() -> Mapping[str, Any]:
    import numpy as np

    written = json.loads((files("aibild_build.gates") / "brisque.json").read_text("utf-8"))
    return {name: np.array(value) for name, value in written.items() if name != "about"}
