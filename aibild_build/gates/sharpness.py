"""Gate `sharpness`: whether what should be sharp is: a blurred decode, an enlargement, a picture out of focus.

Measured is the blur effect (Crété-Roffet et al., "The Blur Effect", SPIE 6492, 2007) at full size, in the tiles that have the
strongest edges: blurring what is blurred already takes little from its steps between neighbours. A picture without edges, like a
colour field, has nothing that could be sharp and passes.
"""

from __future__ import annotations

from typing import Any

from . import Measured, Scored, Seen
from .pixels import AMBER, evidence, image, small

_TILE_PX = 96
_TILES = 16
_REACH = 4  # the box of nine pixels that the paper blurs with
_STEP = 12.0  # levels between neighbours, at the 99th percentile of a tile, from which on it has an edge


class Sharpness(Scored):
    name = "sharpness"
    what = "a sharpness"
    review, block = 0.50, 0.30

    def measure(self, seen: Seen) -> Measured:
        """Score: 0–1, one minus the blur effect, median over the tiles with edges; 1 where there are none."""
        import numpy as np

        tiles = _strongest(seen)
        if not tiles:
            return Measured(score=1.0, facts={"tiles": []})
        grey = np.asarray(image(seen).convert("L"), np.float32)
        found = [
            round(max(_sharp(tile), _sharp(tile.T)), 4)
            for tile in (grey[top : top + _TILE_PX, left : left + _TILE_PX] for left, top in tiles)
        ]
        return Measured(score=round(float(np.median(found)), 4), facts={"tiles": [list(tile) for tile in tiles]})

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        rgb = small(seen, 640)
        scale = rgb.shape[1] / seen.size[0]
        side = max(2, round(_TILE_PX * scale))
        boxes = [
            ((x, y, x + side, y + side), AMBER) for x, y in ((round(a * scale), round(b * scale)) for a, b in _strongest(seen))
        ]
        return evidence(rgb, None, boxes)


def _strongest(seen: Seen) -> list[tuple[int, int]]:
    """Left and top of the tiles with the steepest steps, those without an edge left out."""
    import numpy as np

    if "sharpness tiles" in seen.memo:
        known: list[tuple[int, int]] = seen.memo["sharpness tiles"]
        return known
    grey = np.asarray(image(seen).convert("L"), np.int16)
    rows_, columns = grey.shape[0] // _TILE_PX, grey.shape[1] // _TILE_PX
    found: list[tuple[float, int, int]] = []
    if rows_ and columns:
        whole = grey[: rows_ * _TILE_PX, : columns * _TILE_PX]
        steps = np.zeros(whole.shape, np.int16)
        # over four pixels, so that a blurred edge counts as an edge, too
        steps[:, 4:] = abs(whole[:, 4:] - whole[:, :-4])
        steps[4:] = np.maximum(steps[4:], abs(whole[4:] - whole[:-4]))
        tiles = steps.reshape(rows_, _TILE_PX, columns, _TILE_PX).swapaxes(1, 2).reshape(rows_, columns, -1)
        high = np.sort(tiles, axis=-1)[..., -(_TILE_PX * _TILE_PX // 100)]
        found = [(float(high[row, column]), row, column) for row in range(rows_) for column in range(columns)]
    best = sorted((one for one in found if one[0] >= _STEP), key=lambda one: (-one[0], one[1], one[2]))[:_TILES]
    seen.memo["sharpness tiles"] = [(column * _TILE_PX, row * _TILE_PX) for _, row, column in best]
    return [(column * _TILE_PX, row * _TILE_PX) for _, row, column in best]


def _sharp(tile: Any) -> float:
    """One minus the blur effect along the rows of a tile."""
    import numpy as np

    side = 2 * _REACH + 1
    summed = np.pad(tile, ((0, 0), (_REACH + 1, _REACH)), mode="edge").cumsum(axis=1)
    blurred = (summed[:, side:] - summed[:, :-side]) / side
    sharp_steps, blurred_steps = abs(np.diff(tile, axis=1)), abs(np.diff(blurred, axis=1))
    lost = np.maximum(0.0, sharp_steps - blurred_steps).sum()
    total = sharp_steps.sum()
    return float(lost / total) if total else 0.0
