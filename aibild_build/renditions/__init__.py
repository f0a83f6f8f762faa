"""From one asset to the files that are delivered: crop, ladder, codecs, metadata, and the picture that a page sees.

`lay_out` says what a picture in a slot needs, `make.make` and `make.deliver` produce the files, `compose` sets them together.
What is named here loads no image library, so a plan can ask without cost; import `renditions.make` to encode. To add a format,
add a row to `codecs.CODECS` and its container to `metadata`.
"""

from __future__ import annotations

from .bands import DEVICES, MIN_DENSITY, Band, bands, chosen
from .compose import compose, file_name
from .crop import close_crop, crop, text_areas
from .ladder import Group, Layout, Row, device_width, focal_at, lay_out, shown_crop

__all__ = [
    "Band",
    "DEVICES",
    "Group",
    "Layout",
    "MIN_DENSITY",
    "Row",
    "bands",
    "chosen",
    "close_crop",
    "compose",
    "crop",
    "device_width",
    "file_name",
    "focal_at",
    "lay_out",
    "shown_crop",
    "text_areas",
]
