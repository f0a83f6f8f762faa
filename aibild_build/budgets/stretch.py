"""Rules on pictures out of shape: a box that styles make has the ratio of the picture's file, or says how the file fits."""

from __future__ import annotations

from collections.abc import Iterator

from ..devices import DEVICES
from ..model import Level
from . import Family, Rule
from .reading import Fault, OnePage

_PLAY_PX, _PLAY_RATIO = 2.0, 0.02  # Lighthouse's two pixels; 2 % as elsewhere in layout
_LEAST_PX = 5

RULES = (
    Rule(
        id="img-stretched",
        level=Level.WARNING,
        title="styles keep a picture in the ratio of its file, or say how it fits",
        source="Lighthouse 13 `image-aspect-ratio`; CSS Images 3, section 5.5",
        hint="write `height: auto`, or `object-fit: cover` where the box has to be as it is",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    for shown in page.pictures:
        for device in (DEVICES[1], DEVICES[3]) if not shown.img.unseen else ():
            box = page.box(shown, device)
            taken = shown.taken(device) if box is not None else None
            facts = taken.option.facts if taken is not None else None
            if box is None or taken is None or facts is None or taken.option.format == "svg":
                continue
            height = box.width * facts.height / facts.width if facts.width else 0.0
            over = box.height - height
            play = max(_PLAY_PX, _PLAY_RATIO * height)
            if height > _LEAST_PX and (over > play or (over < -play and not box.at_most)):
                size = f"{'at most ' if box.at_most else ''}{box.width:.0f} × {box.height:.0f}"
                message = f"expected a box in the file's ratio ({facts.width} × {facts.height}), got {size} px on a {device.name}"
                limit = round(facts.width / facts.height, 3)
                yield page.fault("img-stretched", message, shown.img.tag, measured=box.width / box.height, limit=limit)
                break


FAMILY = Family(name="stretch", fingerprint=1, rules=RULES, page=_page)
