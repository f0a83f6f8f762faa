"""What a device makes of responsive pictures: which media query holds, how wide a box is, which candidate it takes.

Takes attribute texts and a `Device`, yields numbers and choices. The five devices are those that every picture must serve;
Lighthouse's two are among them. Pure arithmetic on text: knows no file, no page and no slot.
"""

from __future__ import annotations

from .choose import choose
from .media import matches, media_edges
from .screens import DEVICES, Device, viewport
from .sizes import Sizes, parse_sizes, width_at
from .srcset import Entry, Srcset, parse_srcset

__all__ = [
    "DEVICES",
    "Device",
    "Entry",
    "Sizes",
    "Srcset",
    "choose",
    "matches",
    "media_edges",
    "parse_sizes",
    "parse_srcset",
    "viewport",
    "width_at",
]
