"""Image files: what they are by header, what is embedded in them, and their pixels as 8-bit sRGB.

Takes bytes, yields plain values. `probe` reads headers only and loads no library; `decode` is the door for foreign pictures,
`encode_png` and `decode_png` for masters. Every fault of the bytes is an `ImageFault` with one clear sentence. Knows nothing of
briefs, engines, the store or the site.
"""

from __future__ import annotations

from .fields import NAMESPACES, fields, fields_of_xmp
from .found import Probe
from .marks import embedded_source_type
from .media import EXTENSIONS, format_of_name, media_type_of
from .pixels import MAX_PIXELS, decode, decode_png, encode_png, pixels_digest
from .plain import Decoded, ImageFault
from .probing import probe
from .source_types import AI_SOURCE_TYPES, SOURCE_TYPE_BASE, SOURCE_TYPES, is_ai, source_type_of

__all__ = [
    "AI_SOURCE_TYPES",
    "Decoded",
    "EXTENSIONS",
    "ImageFault",
    "MAX_PIXELS",
    "NAMESPACES",
    "Probe",
    "SOURCE_TYPES",
    "SOURCE_TYPE_BASE",
    "decode",
    "decode_png",
    "embedded_source_type",
    "encode_png",
    "fields",
    "fields_of_xmp",
    "format_of_name",
    "is_ai",
    "media_type_of",
    "pixels_digest",
    "probe",
    "source_type_of",
]
