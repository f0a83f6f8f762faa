"""Gate `palette`: how far the colours of a picture lie from those that its brief or profile names.

Measured is CIEDE2000 from each of the picture's main colours to the nearest palette colour, or to the line between two of them,
since shades between two palette colours belong to it; weighed by area.
"""

from __future__ import annotations

import io
from typing import Any

from ..colour import difference, parse, to_lab
from . import Measured, Scored, Seen, rows
from .pixels import image

_COLOURS = 12
_BETWEEN = (0.25, 0.5, 0.75)
_SIZE = (160, 90)


class Palette(Scored):
    name = "palette"
    what = "a colour distance to the palette"
    better = "lower"
    facts = ("palette",)
    wants = ("palette",)
    review, block = 12.0, 20.0

    def measure(self, seen: Seen) -> Measured:
        """Score: the mean CIEDE2000 over the picture's area; facts: its main colours with share and distance."""
        named = _named(rows(seen.facts["palette"]))
        colours = [
            (colour, share, min(difference(to_lab(colour), lab) for lab in named)) for colour, share in _main_colours(seen)
        ]
        score = sum(share * distance for _, share, distance in colours)
        return Measured(
            score=round(score, 2),
            facts={
                "colours": [
                    ["#{:02x}{:02x}{:02x}".format(*colour), round(share, 4), round(distance, 2)]
                    for colour, share, distance in colours
                ]
            },
        )

    def told(self, measured: Measured, at: float) -> str:
        worst = max(rows(measured.facts.get("colours")), key=lambda one: float(one[1]) * float(one[2]), default=None)
        said = f"; `{worst[0]}` on {float(worst[1]):.0%} of it is farthest" if worst else ""
        return f"{super().told(measured, at)} (CIEDE2000){said}"

    def overlay(self, seen: Seen, measured: Measured) -> bytes:
        """The picture with its main colours above and the palette below, as wide as their shares."""
        from PIL import Image, ImageDraw

        shown = image(seen).copy()
        shown.thumbnail((480, 480))
        sheet = Image.new("RGB", (shown.width, shown.height + 48), "white")
        sheet.paste(shown, (0, 24))
        draw = ImageDraw.Draw(sheet)
        found = [(str(one[0]), float(one[1])) for one in rows(measured.facts["colours"])]
        wanted = [(str(one[0]), float(one[1])) for one in rows(seen.facts["palette"])]
        for top, bars in ((0, found), (shown.height + 24, wanted)):
            left, total = 0.0, sum(weight for _, weight in bars)
            for colour, weight in bars:
                right = left + weight / total * shown.width
                draw.rectangle((left, top, right, top + 23), fill=colour)
                left = right
        target = io.BytesIO()
        sheet.save(target, "WEBP", quality=70, method=2)
        return target.getvalue()


def _named(palette: Any) -> list[tuple[float, float, float]]:
    """The palette's colours in Lab, and shades between each two of them."""
    labs = [to_lab(parse(str(colour))) for colour, _ in palette]
    between = [
        tuple(one[axis] * (1 - at) + other[axis] * at for axis in range(3))
        for index, one in enumerate(labs)
        for other in labs[index + 1 :]
        for at in _BETWEEN
    ]
    return [*labs, *between]  # type: ignore[list-item]


def _main_colours(seen: Seen) -> list[tuple[tuple[int, int, int], float]]:
    from PIL import Image

    tiny = image(seen).resize(_SIZE, Image.Resampling.BOX)
    few = tiny.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    values = few.getpalette() or []
    counted = few.getcolors() or []
    total = _SIZE[0] * _SIZE[1]
    return [
        ((values[3 * index], values[3 * index + 1], values[3 * index + 2]), count / total)
        for count, index in sorted(counted, key=lambda one: (-one[0], str(one[1])))
        if isinstance(index, int)
    ]
