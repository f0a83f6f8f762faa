"""Reads letters off pictures (rapidocr where it is installed, else tesseract), and holds words read against words wanted.

Takes RGB pictures, yields words with boxes and confidence; takes words, yields how alike they are. Knows no gate.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from shutil import which
from typing import TYPE_CHECKING, Any

from .terms import NotRun

if TYPE_CHECKING:
    from PIL import Image

READERS = ("rapidocr", "tesseract")
LONG_SIDE_PX = 1024  # large enough for words that anybody notices, small enough to be read in a second
# What counts as read. Tesseract finds words at up to 43 in pictures without any, and junk of one or two letters anywhere.
_SURE = {"rapidocr": 0.6, "tesseract": 0.6}
_LETTERS = {"rapidocr": 2, "tesseract": 3}
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """Some text as it was read; `box` is x, y, width, height in fractions of the picture, `sure` 0–1."""

    text: str
    box: tuple[float, float, float, float]
    sure: float

    @property
    def share(self) -> float:
        return self.box[2] * self.box[3]


def reader_of(wanted: str = "") -> str:
    """The reader to be used. Raises NotRun when it, or any, is not there."""
    if wanted and wanted not in READERS:
        raise NotRun(f"expected reader as one of {', '.join(READERS)}, got `{wanted}`")
    for name in (wanted,) if wanted else READERS:
        if name == "rapidocr" and importlib.util.find_spec("rapidocr") is not None:
            return name
        if name == "tesseract" and which("tesseract") is not None:
            return name
    raise NotRun(f"{wanted or 'neither rapidocr nor tesseract'} is {'not ' if wanted else ''}installed")


def read_words(image: Image.Image, reader: str, languages: str) -> tuple[Word, ...]:
    """What stands in an RGB picture, surely read, from top to bottom. `languages` are tesseract's ("eng+deu")."""
    scale = LONG_SIDE_PX / max(image.size)
    sized = image.resize((max(round(image.width * scale), 1), max(round(image.height * scale), 1))) if scale != 1 else image
    found = _with_rapidocr(sized) if reader == "rapidocr" else _with_tesseract(sized, languages)
    kept = [
        word for word in found if word.sure >= _SURE[reader] and sum(map(str.isalnum, word.text)) >= _least(word.text, reader)
    ]
    return tuple(sorted(kept, key=lambda word: (round(word.box[1], 2), word.box[0])))


def _least(text: str, reader: str) -> int:
    """A Chinese or Japanese character is a word."""
    return 1 if any("\u3040" <= letter <= "\u9fff" for letter in text) else _LETTERS[reader]


def _with_tesseract(image: Image.Image, languages: str) -> list[Word]:
    import pytesseract

    # One thread is twice as fast as all of them on pictures of this size, and leaves the others to the crew.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    try:
        rows: dict[str, Sequence[Any]] = pytesseract.image_to_data(
            image, lang=languages, config="--psm 11", output_type=pytesseract.Output.DICT
        )
    except pytesseract.TesseractError as error:
        raise NotRun(f"tesseract failed for `{languages}`: {str(error.message).splitlines()[0][:120]}") from error
    width, height = image.size
    return [
        Word(text.strip(), (left / width, top / height, wide / width, high / height), float(sure) / 100)
        for text, left, top, wide, high, sure in zip(
            rows["text"], rows["left"], rows["top"], rows["width"], rows["height"], rows["conf"], strict=True
        )
        if text.strip()
    ]


def _with_rapidocr(image: Image.Image) -> list[Word]:
    import numpy

    found = _rapidocr()(numpy.asarray(image)[:, :, ::-1])
    if found.boxes is None:
        return []
    width, height = image.size
    words = []
    for box, text, sure in zip(found.boxes, found.txts, found.scores, strict=True):
        xs, ys = [float(x) for x, _ in box], [float(y) for _, y in box]
        place = (min(xs) / width, min(ys) / height, (max(xs) - min(xs)) / width, (max(ys) - min(ys)) / height)
        words.append(Word(str(text).strip(), place, float(sure)))
    return words


@cache
def _rapidocr() -> Any:
    with warnings.catch_warnings(action="ignore"):
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        from rapidocr import RapidOCR

        reader = RapidOCR(params={"Global.log_level": "error"})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return reader


def words_of(text: str) -> tuple[str, ...]:
    """The words of a brief's `text` or of a reading, case folded; none for "none"."""
    if text.strip().casefold() in ("", "none"):
        return ()
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def likeness(first: str, second: str) -> float:
    """1 less the edit distance (Levenshtein 1966) over the length of the longer word; 0–1."""
    longest = max(len(first), len(second))
    if not longest:
        return 1.0
    before = list(range(len(second) + 1))
    for row, letter in enumerate(first, start=1):
        now = [row]
        for column, other in enumerate(second, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != other)))
        before = now
    return 1 - before[-1] / longest


def readable(wanted: Sequence[str], read: Sequence[str]) -> float:
    """How much of the wanted words was read: the mean of each word's best likeness, weighed by its letters; 0–1.

    Words that run together in a reading are looked for inside of it.
    """
    letters = sum(len(word) for word in wanted)
    joined = "".join(read)
    best = [1.0 if word in joined else max((likeness(word, one) for one in read), default=0.0) for word in wanted]
    return sum(score * len(word) for score, word in zip(best, wanted, strict=True)) / letters if letters else 1.0
