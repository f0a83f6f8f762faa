"""A signed file as it was before: the same bytes without the C2PA manifest.

Takes a file's bytes, yields those that were signed, to the byte where the signer put one manifest in and touched nothing else (as
ours does). So two copies of a picture that were signed apart can be told to be one. Source: C2PA 2.2 sections A.3.1 (JPEG), A.3.4
(RIFF), A.5.1 (ISO base media); ISO/IEC 14496-12 section 8.11.3 (iloc).
"""

from __future__ import annotations

from .avif import C2PA_BOX, boxes
from .jpeg import APP11, segments
from .probing import probe
from .reading import Reader
from .webp import chunks


def without_manifest(data: bytes) -> bytes:
    """The file without its manifest; itself where it has none, or is of a format that is not signed. Raises ImageFault."""
    found = probe(data)
    if not found.c2pa:
        return data
    if found.format == "jpeg":
        return _jpeg(data)
    if found.format == "webp":
        return _webp(data)
    return _avif(data) if found.format == "avif" else data


def _jpeg(data: bytes) -> bytes:
    kept, at = b"", 0
    for segment in segments(data):
        if segment.marker == APP11 and data[segment.body : segment.body + 2] == b"JP":
            kept, at = kept + data[at : segment.start], segment.end
    return kept + data[at:]


def _webp(data: bytes) -> bytes:
    body = b"".join(data[start - 8 : end] + b"\0" * ((end - start) % 2) for name, (start, end) in chunks(data) if name != b"C2PA")
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def _avif(data: bytes) -> bytes:
    """The box taken out, and the places of items that lay behind it moved to the front by its length."""
    start = cut = 0
    iloc = None
    for name, (body, end) in boxes(data, 0, len(data)):
        if name == b"uuid" and data[body : body + 16] == C2PA_BOX and not cut:
            start, cut = body - 8, end - body + 8
        elif name == b"meta":
            iloc = next((span for inner, span in boxes(data, body + 4, end) if inner == b"iloc"), None)
    moved = bytearray(data)
    for at, size, offset in _places(data, iloc) if iloc else ():
        if offset > start:
            moved[at : at + size] = (offset - cut).to_bytes(size)
    return bytes(moved[:start] + moved[start + cut :])


def _places(data: bytes, iloc: tuple[int, int]) -> list[tuple[int, int, int]]:
    """(where it is written, in how many bytes, offset) of everything that counts from the beginning of the file."""
    reader = Reader(data, *iloc)
    version = reader.uint(4) >> 24
    sizes = reader.uint(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    found: list[tuple[int, int, int]] = []
    for _ in range(reader.uint(2 if version < 2 else 4)):
        reader.skip(2 if version < 2 else 4)
        in_file = (reader.uint(2) & 15 if version else 0) == 0
        reader.skip(2)
        base_at, base = reader.at, reader.uint(base_bytes)
        if base and in_file:
            found.append((base_at, base_bytes, base))
        for _ in range(reader.uint(2)):
            reader.skip(index_bytes if version else 0)
            at, offset = reader.at, reader.uint(offset_bytes)
            reader.skip(length_bytes)
            if in_file and not base and offset:
                found.append((at, offset_bytes, offset))
    return found
