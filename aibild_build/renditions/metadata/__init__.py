"""Words and rights inside the files: one record, written as XMP and EXIF in every format and as IIM in JPEG.

`compose` makes the record from brief and site; `embed_arguments` and `finish_jpeg` write it with an encode; `replace` puts
another one into an encode that exists, and `read_back` says what a file holds. Loads no image library. To add a format, teach
`imagefile` its container, `splicing` included.
"""

from __future__ import annotations

from .embed import embed_arguments, finish_jpeg, read_back, replace
from .record import WRITER, Metadata, compose
from .xmp import expected_fields, packet

__all__ = [
    "Metadata",
    "WRITER",
    "compose",
    "embed_arguments",
    "expected_fields",
    "finish_jpeg",
    "packet",
    "read_back",
    "replace",
]
