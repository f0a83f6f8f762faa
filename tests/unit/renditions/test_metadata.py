from __future__ import annotations

import json
import struct
import zlib
from dataclasses import fields as dataclass_fields
from dataclasses import replace as changed
from io import BytesIO
from itertools import permutations
from typing import Any

import pytest
from PIL import ExifTags, Image

from aibild_build.config import Images, Organisation
from aibild_build.errors import EncodeError
from aibild_build.imagefile import probe
from aibild_build.imagefile.avif import extents_of
from aibild_build.model import Brief, Origin, Rights, Words
from aibild_build.renditions.codecs import CODECS
from aibild_build.renditions.metadata import (
    Metadata,
    compose,
    embed_arguments,
    expected_fields,
    finish_jpeg,
    read_back,
    replace,
)
from aibild_build.renditions.metadata.exif import ascii_text
from aibild_build.wire import from_json, to_json

FORMATS = tuple(CODECS)
PLAIN = Metadata(
    source_type="algorithmicMedia",
    creator="Studio Example",
    credit="Example Ltd / aibild",
    copyright="© 2026 Example Ltd",
    license="https://example.com/licence/",
    acquire="https://example.com/buy/",
    licensor_name="Example Ltd",
    created="2026-11-23",
)
WORDY = Metadata(
    source_type="trainedAlgorithmicMedia",
    creator='Jörg "J." Müller & <Söhne>',
    credit="Studio\tM\x07üller\n& Co",
    copyright="© 2025 Müller",
    license="https://example.com/l?a=1&b=2",
    created="2025-01-02",
    ai_system="Example XL",
    words={
        "de": ("Blaue Stadträder unter Platanen", "", "Räder"),
        "en": ("Blue city bicycles under plane trees", "Bicycles of the city", "Bicycles"),
    },
    keywords=("bicycle", "Sommer"),
    default_language="en",
)
BARE = Metadata(source_type="digitalCreation")


def picture(mode: str = "RGB") -> Image.Image:
    down = Image.linear_gradient("L").resize((96, 64))
    return Image.merge(mode, (down, down.rotate(180), down.rotate(90).resize((96, 64)), down)[: len(mode)])


def fresh(format: str, metadata: Metadata, mode: str = "RGB") -> bytes:
    codec = CODECS[format]
    data = codec.encode(picture(mode), codec.settings(effort="fast"), *embed_arguments(metadata))
    return finish_jpeg(data, metadata) if format == "jpeg" else data


LONG = changed(WORDY, copyright="c" * 4001)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("old", "new"), list(permutations((PLAIN, WORDY, BARE, LONG), 2)))
def test_replacing_equals_a_fresh_encode(format: str, old: Metadata, new: Metadata) -> None:
    assert replace(fresh(format, old), format, new) == fresh(format, new)


@pytest.mark.parametrize("format", ["avif", "webp", "png"])
def test_replacing_leaves_transparent_pictures_alone(format: str) -> None:
    assert replace(fresh(format, PLAIN, mode="RGBA"), format, WORDY) == fresh(format, WORDY, mode="RGBA")


@pytest.mark.parametrize("format", FORMATS)
def test_what_was_written_is_read_back(format: str) -> None:
    data = fresh(format, WORDY)
    assert read_back(data, WORDY) == read_back(data) == expected_fields(WORDY)
    assert read_back(data) == {
        "Iptc4xmpCore:AltTextAccessibility": "Blue city bicycles under plane trees",
        "Iptc4xmpCore:AltTextAccessibility[de]": "Blaue Stadträder unter Platanen",
        "Iptc4xmpCore:AltTextAccessibility[en]": "Blue city bicycles under plane trees",
        "Iptc4xmpExt:AISystemUsed": "Example XL",
        "Iptc4xmpExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "dc:creator": 'Jörg "J." Müller & <Söhne>',
        "dc:description": "Bicycles of the city",
        "dc:description[en]": "Bicycles of the city",
        "dc:rights": "© 2025 Müller",
        "dc:subject": "bicycle; Sommer",
        "dc:title": "Bicycles",
        "dc:title[de]": "Räder",
        "dc:title[en]": "Bicycles",
        "photoshop:Credit": "Studio Müller & Co",
        "photoshop:DateCreated": "2025-01-02",
        "xmp:CreateDate": "2025-01-02",
        "xmpRights:Marked": "True",
        "xmpRights:WebStatement": "https://example.com/l?a=1&b=2",
    }


@pytest.mark.parametrize("format", FORMATS)
def test_rights_are_read_back(format: str) -> None:
    assert read_back(fresh(format, PLAIN), PLAIN) == {
        "Iptc4xmpExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
        "dc:creator": "Studio Example",
        "dc:rights": "© 2026 Example Ltd",
        "photoshop:Credit": "Example Ltd / aibild",
        "photoshop:DateCreated": "2026-11-23",
        "plus:LicensorName": "Example Ltd",
        "plus:LicensorURL": "https://example.com/buy/",
        "xmp:CreateDate": "2026-11-23",
        "xmpRights:Marked": "True",
        "xmpRights:WebStatement": "https://example.com/licence/",
    }


@pytest.mark.parametrize("format", FORMATS)
def test_pillow_reads_the_exif_block(format: str) -> None:
    tags = Image.open(BytesIO(fresh(format, WORDY))).getexif()
    base = ExifTags.Base
    assert tags.get_ifd(ExifTags.IFD.Exif) == {base.ExifVersion: b"0232", base.DateTimeOriginal: "2025:01:02 00:00:00"}
    del tags[base.ExifOffset]
    assert dict(tags) == {
        base.ImageDescription: "Bicycles of the city",
        base.Artist: 'Joerg "J." Mueller & <Soehne>',
        base.Copyright: "(c) 2025 Mueller",
    }
    plain = Image.open(BytesIO(fresh(format, PLAIN))).getexif()
    assert base.ImageDescription not in plain
    assert ExifTags.IFD.GPSInfo not in plain


def test_pngs_keep_valid_checksums() -> None:
    data, at = replace(fresh("png", PLAIN), "png", WORDY), 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        assert zlib.crc32(data[at + 4 : at + 8 + size]) == int.from_bytes(data[at + 8 + size : at + 12 + size])
        at += size + 12


def iim_records(data: bytes) -> list[tuple[int, int, str]]:
    records, at = [], 0
    while at < len(data):
        marker, record, dataset, size = struct.unpack(">BBBH", data[at : at + 5])
        assert marker == 0x1C
        records.append((record, dataset, data[at + 5 : at + 5 + size].decode("utf-8", "replace")))
        at += 5 + size
    return records


def test_iim_in_jpeg() -> None:
    assert iim_records(probe(fresh("jpeg", WORDY)).iim) == [
        (1, 90, "\x1b%G"),
        (2, 0, "\0\4"),
        (2, 5, "Bicycles"),
        (2, 25, "bicycle"),
        (2, 25, "Sommer"),
        (2, 55, "20250102"),
        (2, 80, 'Jörg "J." Müller & <Söhne>'),
        (2, 110, "Studio Müller & Co"),
        (2, 116, "© 2025 Müller"),
        (2, 120, "Bicycles of the city"),
    ]


def test_iim_holds_no_text_that_it_would_cut() -> None:
    long = changed(PLAIN, credit="A credit line of more than thirty-two bytes", copyright="é" * 65)
    numbers = [dataset for _, dataset, _ in iim_records(probe(fresh("jpeg", long)).iim)]
    assert numbers == [90, 0, 55, 80]


def test_a_jpeg_is_finished_only_once() -> None:
    once = fresh("jpeg", PLAIN)
    assert finish_jpeg(once, PLAIN) == once
    assert finish_jpeg(finish_jpeg(once, WORDY), PLAIN) == once
    assert once.count(b"Photoshop 3.0") == 1
    with pytest.raises(EncodeError, match="cannot be given its IIM records"):
        finish_jpeg(b"\xff\xd8no jpeg", PLAIN)


def test_pixels_are_not_touched() -> None:
    for format in FORMATS:
        old, new = fresh(format, PLAIN), replace(fresh(format, PLAIN), format, WORDY)
        assert Image.open(BytesIO(old)).tobytes() == Image.open(BytesIO(new)).tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_replacing_needs_something_to_replace(format: str) -> None:
    bare = BytesIO()
    picture().save(bare, format.upper())
    with pytest.raises(EncodeError, match=rf"the {format} has no XMP that could be replaced"):
        replace(bare.getvalue(), format, WORDY)


def test_an_avif_laid_out_otherwise_is_left_alone() -> None:
    """Where the words are said to lie in what says where they lie, nothing can be moved."""
    data = fresh("avif", PLAIN)
    packet = probe(data).xmp_span
    assert packet is not None
    (words,) = [one for one in extents_of(data) if (one.start, one.end) == packet]
    moved = data[: words.offset[0]] + (20).to_bytes(words.offset[1] - words.offset[0]) + data[words.offset[1] :]
    with pytest.raises(EncodeError, match="laid out as no encoder of ours does"):
        replace(moved, "avif", WORDY)


def test_replacing_needs_the_right_file() -> None:
    data = fresh("png", PLAIN)
    with pytest.raises(EncodeError, match="expected a webp to put metadata into, got a png"):
        replace(data, "webp", WORDY)
    with pytest.raises(EncodeError, match=r"does not read back: .* \(truncated\)"):
        replace(data[:500], "png", WORDY)
    manifest = b"caBX" + b"store"
    signed = data[:33] + struct.pack(">I", 5) + manifest + struct.pack(">I", zlib.crc32(manifest)) + data[33:]
    with pytest.raises(EncodeError, match="cannot be replaced in a signed file"):
        replace(signed, "png", WORDY)


def test_a_difference_is_an_error() -> None:
    data = fresh("jpeg", PLAIN)
    with pytest.raises(EncodeError, match="does not read back as written: photoshop:Credit differs"):
        read_back(data, changed(PLAIN, credit="Somebody else"))
    with pytest.raises(EncodeError, match="EXIF differs"):
        read_back(data.replace(b"(c) 2026", b"(c) 2027"), PLAIN)
    with pytest.raises(EncodeError, match="IIM differs"):
        read_back(data.replace(b"\x1c\x02\x37\x00\x0820261123", b"\x1c\x02\x37\x00\x0820261124"), PLAIN)


def test_nothing_is_padded() -> None:
    packet, exif = embed_arguments(BARE)
    assert b"  " not in packet and packet.endswith(b'</x:xmpmeta><?xpacket end="r"?>') and len(exif) < 32
    with pytest.raises(EncodeError, match="a file can hold"):
        embed_arguments(changed(PLAIN, copyright="c" * 64_000))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("© 2026 Müller – Blåbær™", "(c) 2026 Mueller - Blabaer(tm)"),
        ("Ludovic Été, Łódź", "Ludovic Ete, Lodz"),
        ("Studio 东京 of a long name", "Studio ?? of a long name"),
        ("東京スタジオ", ""),
        ("", ""),
    ],
)
def test_exif_text_is_ascii(text: str, expected: str) -> None:
    assert ascii_text(text) == expected


def test_exif_leaves_out_what_does_not_fit() -> None:
    long = changed(PLAIN, copyright="c" * 500)
    tags = Image.open(BytesIO(fresh("webp", long))).getexif()
    assert (tags.get(ExifTags.Base.Copyright), tags.get(ExifTags.Base.Artist)) == (None, "Studio Example")
    assert read_back(fresh("webp", long), long)["dc:rights"] == "c" * 500


def test_a_digest_covers_every_field() -> None:
    others: dict[str, Any] = {
        "words": {"en": ("a", "b", "c")},
        "keywords": ("k",),
        "default_language": "de",
        "created": "2020-01-01",
    }
    names = [one.name for one in dataclass_fields(Metadata)]
    digests = {changed(PLAIN, **{name: others.get(name, "other")}).digest for name in names}
    assert len(digests | {PLAIN.digest}) == len(names) + 1


def test_a_record_crosses_a_process_border() -> None:
    again = from_json(Metadata, json.loads(json.dumps(to_json(WORDY))))
    assert again == WORDY
    assert again.digest == WORDY.digest


SITE = Images(
    creator="",
    credit="Site credit",
    copyright="© Site",
    license="https://s.example/l/",
    acquire_license_page="https://s.example/b/",
)
HOUSE = Organisation(name="House", url="https://s.example/")


def brief(**fields: Any) -> Brief:
    return Brief(id="hero", origin=Origin(path="briefs/hero.yaml"), engine="sketch", **fields)


def composed(asked: Brief, images: Images = SITE, **options: Any) -> Metadata:
    arguments: dict[str, Any] = {
        "made_day": "2026-11-23",
        "source_type": "algorithmicMedia",
        "languages": ["en", "de"],
        **options,
    }
    return compose(asked, images, HOUSE, **arguments)


def test_the_site_speaks_where_the_brief_is_silent() -> None:
    assert composed(brief()) == Metadata(
        source_type="algorithmicMedia",
        creator="House",
        credit="Site credit",
        copyright="© Site",
        license="https://s.example/l/",
        acquire="https://s.example/b/",
        licensor_name="House",
        created="2026-11-23",
    )


def test_the_brief_goes_before_the_site() -> None:
    own = brief(
        credit="Own",
        license="https://o.example/l",
        acquire_license_page="https://o.example/b",
        created="2019-05-06T10:00:00Z",
        rights=Rights(holder="Holder"),
    )
    found = composed(own)
    assert (found.credit, found.license, found.acquire) == ("Own", "https://o.example/l", "https://o.example/b")
    assert (found.created, found.copyright) == ("2019-05-06", "© Holder")


def test_a_site_without_rights_still_names_its_maker() -> None:
    found = composed(brief(), Images())
    assert (found.creator, found.credit, found.copyright) == ("House", "House", "© House")
    assert (found.license, found.acquire, found.licensor_name) == ("", "", "")


def test_words_only_when_the_site_embeds_them() -> None:
    told = brief(
        alt={"en": Words(text="A bike"), "de": Words(text="Ein Rad", draft=True)},
        caption={"en": "Caption"},
        title={"fr": "Titre"},
        keywords={"de": ("Rad", "bike"), "en": ("bike",)},
    )
    assert composed(told).digest == composed(brief()).digest
    found = composed(told, changed(SITE, words=True))
    assert found.words == {"en": ("A bike", "Caption", "")}
    assert found.keywords == ("bike", "Rad")


def test_only_a_trained_model_is_an_ai_system() -> None:
    tool = brief(sidecar={"tool": "midjourney"})
    assert composed(tool).ai_system == ""
    assert composed(tool, source_type="trainedAlgorithmicMedia").ai_system == "midjourney"
    assert composed(brief(), source_type="trainedAlgorithmicMedia", ai_system="SDXL").ai_system == "SDXL"


def test_the_default_language_comes_first() -> None:
    only_german = changed(WORDY, words={"de": ("Rad", "", "")})
    assert read_back(fresh("png", only_german), only_german)["Iptc4xmpCore:AltTextAccessibility"] == "Rad"
    german_site = changed(WORDY, default_language="de")
    assert expected_fields(german_site)["dc:title"] == "Räder"
    assert expected_fields(german_site)["dc:description"] == "Bicycles of the city"
