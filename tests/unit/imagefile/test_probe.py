from __future__ import annotations

import random
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from aibild_build.imagefile import ImageFault, Probe, embedded_source_type, fields, probe
from aibild_build.imagefile.avif import C2PA_BOX

from .samples import PACKET, exif, picture, saved

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF"]
STORE = b"\0\0\0\x40jumb\0\0\0\x1ejumdc2pa" + b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia".ljust(
    90, b"."
)


def marked(format: str, image: Image.Image | None = None, *, orientation: int = 1, zipped: bool = False) -> bytes:
    """A file that carries XMP and EXIF."""
    image = image or picture()
    if format != "PNG":
        return saved(image, format, xmp=PACKET, exif=exif(orientation))
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", PACKET.decode(), zip=zipped)
    return saved(image, format, pnginfo=text, exif=exif(orientation))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_manifest(format: str, data: bytes) -> bytes:
    """The file with a manifest store where the C2PA specification puts it (2.2, section A.3 and A.5)."""
    if format == "JPEG":
        pieces = (STORE[:60], STORE[:8] + STORE[60:])
        segments = b"".join(
            b"\xff\xeb" + struct.pack(">H", len(piece) + 10) + b"JP\0\1" + struct.pack(">I", number) + piece
            for number, piece in enumerate(pieces, 1)
        )
        return data[:2] + segments + data[2:]
    if format == "PNG":
        return data[:33] + png_chunk(b"caBX", STORE) + data[33:]
    if format == "WEBP":
        grown = data + b"C2PA" + struct.pack("<I", len(STORE)) + STORE
        return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:]
    payload = C2PA_BOX + bytes(4) + b"manifest\0" + bytes(8) + STORE
    return data + struct.pack(">I", len(payload) + 8) + b"uuid" + payload


@pytest.mark.parametrize("format", [*FORMATS, "GIF", "TIFF"])
def test_format_and_size_come_from_the_header(format: str) -> None:
    found = probe(saved(picture(), format))
    assert (found.format, found.media_type) == (format.lower(), f"image/{format.lower()}")
    assert (found.width, found.height, found.displayed) == (64, 48, (64, 48))


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_kind_of_webp_is_read(mode: str, lossless: bool) -> None:
    for extra in ({}, {"exif": exif()}):
        found = probe(saved(picture(mode, (63, 47)), "WEBP", lossless=lossless, **extra))
        assert (found.width, found.height, found.alpha) == (63, 47, mode == "RGBA")


@pytest.mark.parametrize("format", ["PNG", "AVIF", "TIFF"])
def test_alpha_is_seen(format: str) -> None:
    assert probe(saved(picture("RGBA"), format)).alpha
    assert not probe(saved(picture("RGB"), format)).alpha


@pytest.mark.parametrize("format", FORMATS)
def test_embedded_blocks_are_found_where_they_lie(format: str) -> None:
    data = marked(format, orientation=6)
    found = probe(data)
    assert found.xmp == PACKET
    assert found.xmp_span and data[slice(*found.xmp_span)] == PACKET
    assert found.exif_span and data[slice(*found.exif_span)] == found.exif
    assert b"A. Painter" in found.exif
    assert (found.orientation, found.displayed) == (6, (48, 64))
    assert fields(found)["Iptc4xmpExt:DigitalSourceType"].endswith("/digitalCapture")


def test_a_compressed_packet_is_read_but_has_no_place() -> None:
    found = probe(marked("PNG", zipped=True))
    assert (found.xmp, found.xmp_span) == (PACKET, None)


def test_iim_is_found_among_other_resources() -> None:
    records = b"\x1c\x02\x50\x00\x04Anna"
    other = b"8BIM\x03\xed\x03abc" + struct.pack(">I", 3) + b"xyz\0"
    resources = b"Photoshop 3.0\0" + other + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0"
    data = saved(picture(), "JPEG")
    data = data[:2] + b"\xff\xed" + struct.pack(">H", len(resources) + 2) + resources + data[2:]
    assert probe(data).iim == records


@pytest.mark.parametrize("format", FORMATS)
def test_manifests_are_found(format: str) -> None:
    data = marked(format)
    assert probe(data).c2pa == b""
    signed = probe(with_manifest(format, data))
    assert signed.c2pa == STORE
    assert (signed.width, signed.height, signed.xmp) == (64, 48, PACKET)


def test_a_mark_in_the_manifest_is_heard() -> None:
    data = marked("JPEG")
    assert embedded_source_type(probe(data)) == "digitalCapture"
    assert embedded_source_type(probe(with_manifest("JPEG", data))) == "trainedAlgorithmicMedia"
    assert embedded_source_type(probe(saved(picture(), "JPEG"))) == ""


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_turns_are_read_as_orientation(orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    assert probe(saved(picture(), "AVIF", exif=tags)).orientation == orientation


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30.4px"/>', (40, 30)),
        ('<?xml version="1.0"?><!-- drawn --><svg viewBox="0 0 24 12"><path d="', (24, 12)),
        ('<svg width="100%" viewBox="0,0,24,12"/>', (24, 12)),
        ("<svg/>", (0, 0)),
    ],
)
def test_svg_sizes(root: str, size: tuple[int, int]) -> None:
    found = probe(root.encode())
    assert (found.format, found.width, found.height) == ("svg", *size)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"hello, this is text", "no image of a known format"),
        (b"<html><body>404</body></html>", "no image of a known format"),
        (b"%PDF-1.7", "this is a PDF file"),
        (b"8BPS\0\1", "this is a Photoshop file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "this is a HEIC file"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42isom", "this is a video or audio file"),
        (b"\xff\xd8\xff\xe0", "truncated"),
        (b"\xff\xd8hello", "damaged"),
        (b"RIFF\xff\xff\xff\xffWEBP", "truncated"),
        (b"RIFF\x04\0\0\0WEBP", "truncated"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", "truncated"),
        (b"II*\0\xff\xff\xff\xff", "truncated"),
        (b"GIF89a\0\0\0\0", "no size"),
        (b"<svg width=", "root element"),
    ],
)
def test_what_is_no_image_gets_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageFault, match=sentence):
        probe(data)


@pytest.mark.parametrize("format", [*FORMATS, "GIF", "TIFF"])
def test_hostile_bytes_end_in_a_fault(format: str) -> None:
    """Random damage and cuts: a probe or an ImageFault, never another exception, never a long run."""
    data = with_manifest(format, marked(format)) if format in FORMATS else saved(picture(), format)
    chance = random.Random(format)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.randrange(min(len(damaged), 700))] = chance.choice((0, 127, 255, chance.randrange(256)))
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
        try:
            found = probe(bytes(damaged))
        except ImageFault:
            continue
        assert isinstance(found, Probe)
        fields(found)


@pytest.mark.parametrize("sizes", [0x0000, 0x4400, 0x8880])
def test_endless_tables_are_refused(sizes: int) -> None:
    """An iloc that promises millions of extents of no bytes at all."""
    item = struct.pack(">HHH", 1, 0, 0xFFFF)
    iloc = struct.pack(">IHH", 0, sizes & 0xFF0F, 1000) + item * 1000
    meta = bytes(4) + struct.pack(">I", len(iloc) + 8) + b"iloc" + iloc
    data = b"\0\0\0\x10ftypavif\0\0\0\0" + struct.pack(">I", len(meta) + 8) + b"meta" + meta
    with pytest.raises(ImageFault, match="too many extents"):
        probe(data)
