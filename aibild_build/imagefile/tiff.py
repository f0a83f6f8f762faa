"""TIFF headers: the first directory. Source: TIFF 6.0 section 2.

XMP lies in tag 700 (XMP specification part 3 section 1.1.6), IIM in tag 33723.
"""

from __future__ import annotations

from .exif import ORIENTATION, first_directory
from .found import Probe
from .plain import ImageFault

_WIDTH, _HEIGHT, _EXTRA_SAMPLES, _XMP, _IIM = 256, 257, 338, 700, 33723


def probe_tiff(data: bytes) -> Probe:
    """Header of a TIFF's first picture. Raises ImageFault when it has no size."""
    order, tags = first_directory(data)
    numbers = {tag: int.from_bytes(value, order) for tag, (kind, value) in tags.items() if kind in (3, 4) and len(value) <= 4}
    width, height = numbers.get(_WIDTH, 0), numbers.get(_HEIGHT, 0)
    if not (width and height):
        raise ImageFault("the TIFF file is damaged: its picture has no size")
    orientation = numbers.get(ORIENTATION, 1)
    return Probe(
        format="tiff",
        media_type="image/tiff",
        width=width,
        height=height,
        alpha=_EXTRA_SAMPLES in tags,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        xmp=tags.get(_XMP, (1, b""))[1],
        iim=tags.get(_IIM, (1, b""))[1],
    )
