"""Metadata into files: arguments for the encoder, and new words and rights in an encode that exists.

`replace` splices XMP and EXIF where they lie, with the lengths and offsets of their container, and gives byte for byte what a
fresh encode with that metadata would give. Pixels are never touched. Signing comes after.
"""

from __future__ import annotations

from ...errors import EncodeError
from ...imagefile import ImageFault, Probe, fields, probe
from ...imagefile.jpeg import APP0, APP2, APP13, EXIF_MARK, PHOTOSHOP_MARK, segments
from ...imagefile.splicing import spliced
from . import exif, iim, xmp
from .record import Metadata


def embed_arguments(metadata: Metadata) -> tuple[bytes, bytes]:
    """The XMP packet and the EXIF block with its marker, as an encoder takes them. Raises EncodeError."""
    return xmp.packet(metadata), EXIF_MARK + exif.block(metadata)


def finish_jpeg(data: bytes, metadata: Metadata) -> bytes:
    """The JPEG with the IIM records of this metadata, in the place of older ones. Raises EncodeError when it is no JPEG."""
    try:
        found = list(segments(data))
    except ImageFault as fault:
        raise EncodeError(f"the jpeg cannot be given its IIM records: {fault}") from fault
    leading = 2
    kept = data[:2]
    for segment in found:
        if not APP0 <= segment.marker <= APP2 or segment.start != leading:
            break
        leading = segment.end
    kept += data[2:leading] + iim.segment(iim.records(metadata))
    at = leading
    for segment in found:
        if segment.marker == APP13 and data[segment.body : segment.end].startswith(PHOTOSHOP_MARK):
            kept += data[at : segment.start]
            at = segment.end
    return kept + data[at:]


def replace(data: bytes, format: str, metadata: Metadata) -> bytes:
    """The same pixels with other words and rights: byte-identical to a fresh encode with `metadata`.

    Raises EncodeError when the file was not written by us, is signed already, or does not read back as it should.
    """
    found = _probe(data)
    if found.format != format:
        raise EncodeError(f"expected a {format} to put metadata into, got a {found.format}")
    if found.c2pa:
        raise EncodeError("metadata cannot be replaced in a signed file", hint="replace it in the unsigned encode, then sign")
    packet, block = embed_arguments(metadata)
    try:
        data = spliced(data, found, xmp=packet, exif=block.removeprefix(EXIF_MARK))
    except ImageFault as fault:
        raise EncodeError(f"other words cannot be put into a file: {fault}") from fault
    if format == "jpeg":
        data = finish_jpeg(data, metadata)
    read_back(data, metadata)
    return data


def read_back(data: bytes, metadata: Metadata | None = None) -> dict[str, str]:
    """The embedded fields of a file by XMP name (see `imagefile.fields`).

    With `metadata`, XMP, EXIF and in JPEG IIM must be what was written. Raises EncodeError when they differ or the file is none.
    """
    found = _probe(data)
    read = fields(found)
    if metadata is None:
        return read
    expected = xmp.expected_fields(metadata)
    if read != expected:
        names = sorted(name for name in {*read, *expected} if read.get(name) != expected.get(name))
        raise EncodeError(f"the {found.format} does not read back as written: {', '.join(names)} differ{'s' * (len(names) == 1)}")
    if found.exif != exif.block(metadata):
        raise EncodeError(f"the {found.format} does not read back as written: EXIF differs")
    if found.format == "jpeg" and found.iim != iim.records(metadata):
        raise EncodeError("the jpeg does not read back as written: IIM differs")
    return read


def _probe(data: bytes) -> Probe:
    try:
        return probe(data)
    except ImageFault as fault:
        raise EncodeError(f"the file does not read back: {fault}") from fault
