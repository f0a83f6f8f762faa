"""Metadata → EXIF block.

A little-endian TIFF block with Artist, Copyright, ImageDescription (words only) and, in the Exif directory, DateTimeOriginal.
EXIF text is ASCII: other letters are brought to ASCII, and a text that does not come through readable, or does not fit whole into
MOST_BYTES, is left to the XMP. No camera, no place, no date of an input is ever written.
Source: CIPA DC-008 (Exif 2.32) sections 4.6.4–4.6.5.
"""

from __future__ import annotations

import struct
import unicodedata

from .record import Metadata
from .xmp import clean

_IMAGE_DESCRIPTION, _ARTIST, _COPYRIGHT, _EXIF_DIRECTORY = 0x010E, 0x013B, 0x8298, 0x8769
_EXIF_VERSION, _DATE_TIME_ORIGINAL = 0x9000, 0x9003
_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_TYPE_BYTES = {_ASCII: 1, _LONG: 4, _UNDEFINED: 1}
MOST_BYTES = 512
_MOST_UNKNOWN_RATIO = 0.2
_SPELLED = str.maketrans(
    {
        "©": "(c)",
        "®": "(r)",
        "™": "(tm)",
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "–": "-",
        "—": "-",
        "…": "...",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "×": "x",
        "·": "-",
        "€": "EUR",
    }
)

Entry = tuple[int, int, bytes]


def block(metadata: Metadata) -> bytes:
    """The TIFF block, without the `Exif` marker."""
    dates = _dates(metadata.created)
    texts = [(_COPYRIGHT, metadata.copyright), (_ARTIST, metadata.creator), (_IMAGE_DESCRIPTION, _description(metadata))]
    chosen: list[Entry] = []
    for tag, text in texts:
        entry = (tag, _ASCII, ascii_text(text).encode("ascii") + b"\0")
        if len(entry[2]) > 1 and len(_written([*chosen, entry], dates)) <= MOST_BYTES:
            chosen.append(entry)
    return _written(chosen, dates)


def ascii_text(text: str) -> str:
    """The text in ASCII letters (© → (c), ä → ae, é → e), or "" when more than a fifth of it has no ASCII form."""
    spelled = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", clean(text)).translate(_SPELLED))
    letters = [letter for letter in spelled if not unicodedata.combining(letter)]
    unknown = sum(not letter.isascii() for letter in letters)
    if unknown > len(letters) * _MOST_UNKNOWN_RATIO:
        return ""
    return "".join(letter if letter.isascii() else "?" for letter in letters)


def _description(metadata: Metadata) -> str:
    """The caption, or the alt text, in the first language that has words."""
    for code in metadata.languages:
        alt, caption, _ = metadata.words[code]
        return caption or alt
    return ""


def _dates(created: str) -> list[Entry]:
    if not created:
        return []
    return [
        (_EXIF_VERSION, _UNDEFINED, b"0232"),
        (_DATE_TIME_ORIGINAL, _ASCII, f"{created.replace('-', ':')} 00:00:00\0".encode("ascii", "replace")),
    ]


def _written(entries: list[Entry], dates: list[Entry]) -> bytes:
    """IFD0 at offset 8, its values, then the Exif directory where there are dates."""
    main = sorted([*entries, *([(_EXIF_DIRECTORY, _LONG, b"\0\0\0\0")] if dates else [])])
    pointer = struct.pack("<I", 8 + len(_directory(main, 8)))
    main = [(tag, kind, pointer) if tag == _EXIF_DIRECTORY else (tag, kind, value) for tag, kind, value in main]
    written = b"II*\0" + struct.pack("<I", 8) + _directory(main, 8)
    return written + _directory(dates, len(written)) if dates else written


def _directory(entries: list[Entry], at: int) -> bytes:
    """One directory that begins at offset `at`: count, twelve bytes an entry, no next directory, values of even length."""
    after = at + 2 + 12 * len(entries) + 4
    table, values = struct.pack("<H", len(entries)), b""
    for tag, kind, value in entries:
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", after + len(values))
        table += struct.pack("<HHI", tag, kind, len(value) // _TYPE_BYTES[kind]) + inline
        if len(value) > 4:
            values += value + b"\0" * (len(value) % 2)
    return table + b"\0\0\0\0" + values
