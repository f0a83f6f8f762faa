"""How far the newer pictures of a style profile have drifted from the older ones: the entry point of `aibild report drift`.

Takes a project with its store, yields one figure a profile. It is a Fréchet distance between two normal distributions, as FID
is (Heusel et al. 2017, arXiv:1706.08500), over features of our own instead of Inception's, with diagonal covariances, since a
profile has dozens of pictures and not fifty thousand. Makes and pins nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .. import plan
from ..errors import SourceError
from ..gates.brisque import warped
from ..gates.naturalness import features_of
from ..gates.pixels import luma, small
from ..gates.terms import Seen
from ..lock import Pin
from ..plan.pictures import find_pinned
from ..plan.reading import Project, open_project
from ..source import fatal, nearest_hint
from ..store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Features: TypeAlias = NDArray[np.float64]

LEAST = 4  # pictures on each side: below it a mean says nothing
_SIDE_PX = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Older and newer pictures of a profile, parted at `since`. `distance` is in spreads of the older ones; `usual` is what
    the older ones, parted in two, differ by themselves. Both are None where there are too few pictures.
    """

    profile: str
    since: str
    older: int
    newer: int
    distance: float | None = None
    usual: float | None = None


def drift(root: Path, *, since: str, profile: str = "", store_dir: Path | None = None) -> tuple[Drift, ...]:
    """The drift of `profile`, or of every profile in use. `since` is a day YYYY-MM-DD: pictures made from it on are the newer.

    Raises SourceError for faults of the project, and for a profile that no brief uses.
    """
    project = open_project(root)
    store = Store(store_dir or plan.store_path(project), read_only=True)
    profiles = sorted({brief.profile for brief in project.site.briefs.values() if brief.profile})
    if profile and profile not in profiles:
        message = f"there is no style profile `{profile}` in use"
        raise SourceError((fatal("source-reference", message, "briefs/profiles", hint=nearest_hint(profile, profiles)),))
    return tuple(_of_profile(project, store, name, since) for name in ([profile] if profile else profiles))


def distance(older: Sequence[Features], newer: Sequence[Features]) -> float:
    """Root of the mean over all features of (difference of means)² + (difference of spreads)², in spreads of `older`."""
    import numpy as np

    before, after = np.array(older), np.array(newer)
    unit = before.std(0) + 0.05 * np.abs(before.mean(0)) + 1e-3  # what hardly varies is no measure for anything
    apart = ((after.mean(0) - before.mean(0)) / unit) ** 2 + ((after.std(0) - before.std(0)) / unit) ** 2
    return float(np.sqrt(apart.mean()))


def look_of(samples: bytes, size: tuple[int, int], mode: str) -> Features:
    """42 numbers: fine structure (BRISQUE's 36 features), and mean and spread of lightness, red–green, yellow–blue."""
    import numpy as np

    view = small(Seen(samples=samples, size=size, mode=mode), _SIDE_PX)
    bright = luma(view).astype(np.float64)
    red, green, blue = (view[:, :, channel].astype(np.float64) for channel in range(3))
    planes = (bright, red - green, (red + green) / 2 - blue)
    colours = [value for plane in planes for value in (float(plane.mean()) / 32, float(plane.std()) / 32)]
    found: Features = np.concatenate([warped(features_of(bright)), np.array(colours)])
    return found


def _of_profile(project: Project, store: Store, profile: str, since: str) -> Drift:
    older: list[Features] = []
    newer: list[Features] = []
    for brief_id, brief in sorted(project.site.briefs.items()):
        for name, pinned in sorted(project.lock.briefs.get(brief_id, {}).items()) if brief.profile == profile else ():
            if "/" not in name:  # a step on the way is no picture of the profile
                look = _look(store, pinned.picked)
                if look is not None:
                    (newer if pinned.picked.made >= since else older).append(look)
    enough = min(len(older), len(newer)) >= LEAST
    return Drift(
        profile=profile,
        since=since,
        older=len(older),
        newer=len(newer),
        distance=round(distance(older, newer), 3) if enough else None,
        usual=round(distance(older[::2], older[1::2]), 3) if enough and len(older) >= 2 * LEAST else None,
    )


def _look(store: Store, pin: Pin) -> Features | None:
    from ..imagefile import decode_png

    asset = find_pinned(store, pin)
    data = store.get(asset.digest) if asset is not None else None
    return look_of(*decode_png(data)) if data is not None else None
