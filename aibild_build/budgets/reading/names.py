"""File names of pictures: which picture a file shows, whatever its size and its hash.

Takes an address, yields the readable part of its name: `hills-1200.22dc1153.jpg` and `hills-640w.webp` both show `hills`. Image
services keep the picture in the path or query; then the whole of it counts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_ENDING = re.compile(r"\.(?:avif|webp|jpe?g|png|gif|svg|tiff?|bmp)$", re.I)
_HEX = r"(?=[0-9a-f]*\d)[0-9a-f]{6,64}"
_MIXED = r"(?=[A-Za-z0-9_]*\d)(?=[A-Za-z0-9_]*[A-Z])[A-Za-z0-9_]{5,14}"  # base64 and base62 hashes
_SIZE = r"\d{2,4}(?:x\d{2,4})?(?:w|h|px)?|@?[1-4]x|[1-9]\d?x[1-9]\d?|scaled|small|medium|large|thumb(?:nail)?|og|hu_?\w+"
_TAIL = re.compile(rf"[._@-]+(?:{_HEX}|{_MIXED}|{_SIZE})$")
_HASH = re.compile(r"(?:[0-9a-f]{8}-?){1,8}(?:[0-9a-f-]*)|(?=.*\d)(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9_-]{8,24}")


@lru_cache(maxsize=1024)
def picture_name(url: str) -> str:
    """The name of the picture behind an address, without size, hash and ending; "" when nothing is left."""
    name = unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])
    name = _ENDING.sub("", name)
    while (shorter := _TAIL.sub("", name)) != name and shorter:
        name = shorter
    return name


def is_hash(name: str) -> bool:
    """Whether a name says nothing: a digest, a UUID, a random id."""
    return _HASH.fullmatch(name) is not None and any(letter.isdigit() for letter in name)
