"""`Probe`: what a container's parser found in the header of a file."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Size

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a file says of itself. Width and height are as stored, before `orientation` (EXIF, 1–8) is applied.

    `alpha`: pixels may be transparent. `exif` is the TIFF block without the `Exif` marker, `iim` the IPTC-IIM records, `c2pa` the
    JUMBF manifest store. The spans are (start, end) of uncompressed `xmp` and `exif` in the file, None where they do not lie in
    one piece. `colour` names colours that are wider than sRGB and carry no ICC profile, "" otherwise.
    """

    format: str
    media_type: str
    width: int
    height: int
    alpha: bool = False
    orientation: int = 1
    xmp: bytes = b""
    exif: bytes = b""
    iim: bytes = b""
    c2pa: bytes = b""
    xmp_span: Span | None = None
    exif_span: Span | None = None
    colour: str = ""

    @property
    def displayed(self) -> Size:
        """Width and height as a viewer shows them."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)
