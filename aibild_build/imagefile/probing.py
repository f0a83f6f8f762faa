"""What a file is, by its header: format, size, orientation, and the blocks that are embedded in it.

Takes a whole file's bytes, yields a `Probe`. The first bytes decide, never the file's name. Nothing is decoded, no library is
loaded (SVG alone is read with lxml), and hostile lengths end in `ImageFault`.
"""

from __future__ import annotations

from collections.abc import Callable

from .avif import probe_avif
from .found import Probe
from .jpeg import probe_jpeg
from .plain import ImageFault
from .png import SIGNATURE, probe_png
from .reading import Reader
from .svg import looks_like_svg, probe_svg
from .tiff import probe_tiff
from .webp import probe_webp

_KNOWN_OTHERS = (
    (b"BM", "BMP"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"v/1\x01", "OpenEXR"),
    (b"II*\0\x10\0\0\0CR", "camera raw"),
)


def probe(data: bytes) -> Probe:
    """Format, size and embedded blocks of an image file. Raises ImageFault with one sentence for everything else."""
    if not data:
        raise ImageFault("the file is empty")
    found = _reader_for(data)(data)
    if found.format != "svg" and not (found.width and found.height):
        raise ImageFault(f"the {found.format.upper()} file is damaged: its picture has no size")
    return found


def _reader_for(data: bytes) -> Callable[[bytes], Probe]:
    if data.startswith(b"\xff\xd8"):
        return probe_jpeg
    if data.startswith(SIGNATURE):
        return probe_png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return probe_webp
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _probe_gif
    for start, name in _KNOWN_OTHERS:
        if data.startswith(start):
            raise ImageFault(f"this is a {name} file, which is not read; export it as JPEG, PNG or TIFF")
    if data[:4] in (b"II*\0", b"MM\0*"):
        return probe_tiff
    if looks_like_svg(data):
        return probe_svg
    raise ImageFault("the file is no image of a known format (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG)")


def _by_brand(data: bytes) -> Callable[[bytes], Probe]:
    """ISO base media files share one beginning; their brands tell AVIF from HEIC and video."""
    size = int.from_bytes(data[:4])
    brands = {data[at : at + 4] for at in (8, *range(16, min(size, 256, len(data)), 4))}
    if brands & {b"avif", b"avis"}:
        return probe_avif
    if brands & {b"heic", b"heix", b"mif1", b"hevc"}:
        raise ImageFault("this is a HEIC file, which is not read; export it as JPEG, PNG or TIFF")
    raise ImageFault("this is a video or audio file, not an image")


def _probe_gif(data: bytes) -> Probe:
    """Source: GIF89a specification section 18. Alpha is possible in any frame, so it is said to be."""
    reader = Reader(data, 6)
    width, height = reader.uint(2, "little"), reader.uint(2, "little")
    return Probe(format="gif", media_type="image/gif", width=width, height=height, alpha=True)
