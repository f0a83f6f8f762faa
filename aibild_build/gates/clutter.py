"""Gate `clutter`: whether the place where words lie is calm enough to read them.

Measured is the share of each safe area, in each cut where a slot lays text, whose brightness changes steeply from pixel to pixel.
"""

from __future__ import annotations

from ..model import Json
from . import Measured, Scored, Seen, rows
from .pixels import GREEN, RED, box_blur, box_of, edges, evidence, luma, small

_LONGEST_PX = 640
_STEEP = 8.0  # levels a pixel: an outline of 16 levels; film grain after scaling down stays below


class Clutter(Scored):
    name = "clutter"
    what = "a share of edges in the safe area"
    scope = "crop"
    better = "lower"
    facts = ("safe_areas", "ratio")
    wants = ("safe_areas",)
    review, block = 0.07, 0.20

    def measure(self, seen: Seen) -> Measured:
        """Score: the share (0–1) of edge pixels in the busiest safe area."""
        rgb = small(seen, _LONGEST_PX)
        steep = edges(box_blur(luma(rgb), 1)) > _STEEP
        shares: list[Json] = []
        for area in rows(seen.facts["safe_areas"]):
            left, top, right, bottom = box_of(area, rgb.shape[1], rgb.shape[0])
            shares.append(round(float(steep[top:bottom, left:right].mean()), 4))
        return Measured(
            score=max(float(str(share)) for share in shares), facts={"areas": shares, "ratio": seen.facts.get("ratio")}
        )

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        rgb = small(seen, _LONGEST_PX)
        boxes = [
            (box_of(area, rgb.shape[1], rgb.shape[0]), GREEN if float(str(share)) <= (self.review or 0) else RED)
            for area, share in zip(rows(seen.facts["safe_areas"]), rows(measured.facts["areas"]), strict=True)
        ]
        return evidence(rgb, edges(box_blur(luma(rgb), 1)) > _STEEP, boxes)
