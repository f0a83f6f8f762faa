"""Gate `contrast`: whether the words that lie on a picture can be read, in each cut where a slot lays them.

Measured is WCAG 2.2's contrast ratio of the declared text colour over every pixel of each safe area, below the page's scrim;
it is the first percentile that counts, since a mean passes where a third of the pixels fail. The same at scrims from none to
nearly opaque is kept too, so that judging can say which scrim would pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..colour import luminance, luminances, parse
from ..model import Json, Outcome
from . import Judgement, Measured, Scored, Seen, number, rows
from .pixels import GREEN, RED, box_blur, box_of, evidence, small

READABLE = 4.5  # WCAG 2.2, 1.4.3: ordinary text
LARGE = 3.0  # text of 24 px, or 19 px bold
STRONGEST = 0.85  # a scrim beyond that leaves nothing of the picture to see
_LONGEST_PX = 640
_STEP = 0.05
_OPACITIES = tuple(round(step * _STEP, 2) for step in range(20))
_SHARE = 0.01  # of the pixels may fail


class Contrast(Scored):
    name = "contrast"
    what = "a contrast of text and ground"
    scope = "crop"
    facts = ("safe_areas", "scrim", "ratio")
    wants = ("safe_areas",)
    settings: Mapping[str, str] = {"review": "number", "block": "number", "apply": "flag", "strongest": "number"}
    review, block = READABLE, LARGE

    def measure(self, seen: Seen) -> Measured:
        """Score: the first percentile of contrast, 1–21, in the area where it is worst."""
        red, green, blue, opacity = rows(seen.facts.get("scrim")) or (0, 0, 0, 0.0)
        areas: list[Json] = []
        for area in rows(seen.facts["safe_areas"]):
            ground, text = _ground(seen, area), luminance(parse(area["colour"]))
            tint = (red, green, blue) if opacity else ((0, 0, 0) if text > 0.18 else (255, 255, 255))
            ratios = _ratios(ground, tint, opacity, text)
            areas.append(
                {
                    "colour": area["colour"],
                    "first": round(float(ratios[int(len(ratios) * _SHARE)]), 2),
                    "median": round(float(ratios[len(ratios) // 2]), 2),
                    "worst": round(float(ratios[0]), 2),
                    "share": round(float((ratios >= READABLE).mean()), 4),
                    "tint": list(tint),
                    "by_opacity": [
                        round(float(_ratios(ground, tint, step, text)[int(len(ratios) * _SHARE)]), 2) for step in _OPACITIES
                    ],
                }
            )
        score = min(float(area["first"]) for area in areas)  # type: ignore[index, call-overload, arg-type]
        return Measured(
            score=score, facts={"areas": areas, "ratio": seen.facts.get("ratio"), "opacity": round(float(opacity), 4)}
        )

    def judge(self, measured: Measured, settings: Mapping[str, Json]) -> Judgement:
        """As any score; with `apply` a scrim that passes may be laid, so that only what none can save fails."""
        judgement = super().judge(measured, settings)
        if judgement.outcome is Outcome.PASS or settings.get("apply") is not True:
            return judgement
        needed = self.opacity([measured], settings)
        return judgement if needed is None else Judgement(outcome=Outcome.PASS, threshold=judgement.threshold)

    def told(self, measured: Measured, at: float) -> str:
        needed = self.opacity([measured], {"review": READABLE})
        advice = f"a scrim of {needed:.0%} would pass" if needed is not None else "no scrim would save it"
        return f"{super().told(measured, at)} on the safe area; {advice}"

    def opacity(self, measured: Sequence[Measured], settings: Mapping[str, Json]) -> float | None:
        """The weakest scrim under which every safe area passes, 0–1; None where even the strongest allowed does not."""
        wanted, most = number(settings, "review", READABLE), number(settings, "strongest", STRONGEST)
        needed = 0.0
        for area in (area for one in measured for area in rows(one.facts.get("areas"))):
            passing = [
                step for step, ratio in zip(_OPACITIES, area["by_opacity"], strict=True) if ratio >= wanted and step <= most
            ]
            if not passing:
                return None
            needed = max(needed, passing[0])
        return needed

    def properties(self, measured: Sequence[Measured], settings: Mapping[str, Json]) -> Mapping[str, str]:
        """With `apply`, the `--scrim` of a hero whose cuts were measured so; nothing where the page's own is enough."""
        needed = self.opacity(measured, settings)
        if settings.get("apply") is not True or not needed or needed <= max(_own(one) for one in measured):
            return {}
        red, green, blue = next(area["tint"] for one in measured for area in rows(one.facts["areas"]))
        return {"--scrim": f"rgb({red} {green} {blue}/{needed:g})"}

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        """The cut with its safe areas, and in red the pixels on which the text cannot be read."""
        import numpy as np

        rgb = small(seen, _LONGEST_PX)
        red, green, blue, opacity = rows(seen.facts.get("scrim")) or (0, 0, 0, 0.0)
        lit = luminances(_under(rgb, (red, green, blue), opacity))
        failing = np.zeros(rgb.shape[:2], bool)
        boxes = []
        for area, found in zip(rows(seen.facts["safe_areas"]), rows(measured.facts["areas"]), strict=True):
            box = box_of(area, rgb.shape[1], rgb.shape[0])
            inside = np.s_[box[1] : box[3], box[0] : box[2]]
            failing[inside] |= _contrast(lit[inside], luminance(parse(area["colour"]))) < READABLE
            boxes.append((box, GREEN if found["first"] >= READABLE else RED))
        return evidence(rgb, failing, boxes)


def _own(measured: Measured) -> float:
    return float(str(measured.facts.get("opacity", 0)))


def _ground(seen: Seen, area: Mapping[str, Any]) -> Any:
    """The pixels below the text, blurred by one pixel each way: nobody reads by single pixels."""
    import numpy as np

    rgb = small(seen, _LONGEST_PX)
    left, top, right, bottom = box_of(area, rgb.shape[1], rgb.shape[0])
    cut = rgb[top:bottom, left:right].astype(np.float32)
    return np.stack([box_blur(cut[..., channel], 1) for channel in range(3)], axis=-1)


def _under(rgb: Any, tint: Sequence[float], opacity: float) -> Any:
    import numpy as np

    return (rgb * (1 - opacity) + np.array(tint, np.float32) * opacity + 0.5).clip(0, 255).astype(np.uint8)


def _ratios(ground: Any, tint: Sequence[float], opacity: float, text: float) -> Any:
    """Contrast of every pixel, ascending."""
    import numpy as np

    return np.sort(_contrast(luminances(_under(ground, tint, opacity)).ravel(), text))


def _contrast(lit: Any, text: float) -> Any:
    import numpy as np

    return (np.maximum(lit, text) + 0.05) / (np.minimum(lit, text) + 0.05)
