"""Words in running text, whatever form they take: entries in, hits out.

Takes entries (words or phrases with their languages) and a text, yields which entry stands where, and as what. Text is
NFKC-normalised, case is folded, accents fall except where they make another letter (ä ö ü å ñ). German, Dutch and Swedish
words are found inside compounds; Chinese and Japanese ones anywhere in a run of characters. An exact entry takes the very
letters. What is found is not judged here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from .inflection import AROUND, COMPOUNDING, Around, forms, stems

_INVISIBLE = re.compile("[\u00ad\u0640\u064b-\u065f\u0670\u200b-\u200f\u2060\ufeff]")
_TOKEN = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"\d+|[^\W\d_](?:(?![A-ZÄÖÜ](?<=[a-zäöüß].))[^\W\d_])*")  # letters or digits; `TaylorSwift` is two
_EASTERN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KEPT = {"ä", "ö", "ü", "å", "ñ"}
_SAME = str.maketrans({"ı": "i", "\u0307": "", "ł": "l", "ø": "o", "ى": "ي"})
_SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"}
_SHORTEST_INSIDE = 4  # letters of a word that is looked for at an end of compounds
_SHORTEST_MIDDLE = 5
_SHORTEST_REST = 3
_LONGEST = 60  # letters of a word that are looked at: longer ones are no words
# A Japanese verb or adjective changes its last kana within these rows, or loses it.
_ROWS = (
    "さしすせそ",
    "かきくけこい",
    "がぎぐげごい",
    "たちつてとっ",
    "まみむめもん",
    "ばびぶべぼん",
    "なにぬねのん",
    "らりるれろっ",
    "わいうえおっ",
)

_Place: TypeAlias = "tuple[int, int]"  # number of a phrase, position in it


@dataclass(frozen=True, slots=True)
class Entry:
    """A word or phrase to look for. `languages` are base codes ("de"); an exact one has no forms, case and accents count."""

    text: str
    languages: tuple[str, ...]
    exact: bool = False
    reversible: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Entry number `entry` as it stands in the cleaned text, from `start` to `end`."""

    entry: int
    start: int
    end: int
    word: str


def clean(text: str) -> str:
    """NFKC, without characters that nobody sees and without Arabic vowel signs."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Case folded, accents dropped except on ä ö ü å ñ; Turkish dotless ı is i, Arabic alif has one form."""
    folded = ""
    for letter in unicodedata.normalize("NFC", word.casefold()).translate(_SAME):
        plain = "".join(mark for mark in unicodedata.normalize("NFD", letter) if not "\u0300" <= mark <= "\u036f")
        folded += letter if letter in _KEPT else _INVISIBLE.sub("", unicodedata.normalize("NFC", plain))
    return folded


class Lexicon:
    """Entries made ready to be looked for; each distinct word is thought about once."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = tuple(entries)
        self._exact: list[tuple[int, list[str]]] = []
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        self._phrases: list[tuple[int, int]] = []  # entry, number of words
        self._forms: dict[str, list[_Place]] = {}
        self._inside: dict[str, list[_Place]] = {}
        self._stems: dict[str, list[tuple[_Place, Around]]] = {}
        self._memo: dict[str, frozenset[_Place]] = {}
        for number, one in enumerate(entries):
            if _EASTERN.search(one.text):
                self._patterns.append((number, re.compile(re.escape(clean(one.text))) if one.exact else _eastern(one.text)))
            elif one.exact:
                self._exact.append((number, _TOKEN.findall(clean(one.text))))
            else:
                for words in _phrases(one):
                    self._add(number, words)

    def find(self, text: str) -> Iterator[Hit]:
        """All hits: exact entries first, then characters, then forms, each in the order of the text."""
        text = clean(text)
        tokens = list(_TOKEN.finditer(text)) if self._exact else []
        for number, words in self._exact:
            for at in range(len(tokens) - len(words) + 1):
                if words and all(tokens[at + n][0] == word for n, word in enumerate(words)):
                    yield _hit(number, text, tokens[at].start(), tokens[at + len(words) - 1].end())
        for number, pattern in self._patterns:
            yield from (_hit(number, text, found.start(), found.end()) for found in pattern.finditer(text))
        if self._phrases:
            yield from self._find_forms(text)

    def _add(self, number: int, words: tuple[str, ...]) -> None:
        languages = self._entries[number].languages
        for position, word in enumerate(words):
            place = (len(self._phrases), position)
            folded = fold(word)
            spelled = "".join(_SPELLED.get(letter, letter) for letter in folded)
            bare = "".join(unicodedata.normalize("NFD", letter)[0] for letter in folded)
            for spelling in {folded, spelled, bare}:
                for form in frozenset({spelling}).union(*(forms(spelling, lang) for lang in languages)):
                    self._forms.setdefault(form, []).append(place)
            for lang in languages if len(words) == 1 else ():
                for form in frozenset().union(*(forms(one, lang) for one in {folded, spelled})) if lang in COMPOUNDING else ():
                    if len(form) >= _SHORTEST_INSIDE:
                        self._inside.setdefault(form, []).append(place)
            for lang in languages:
                for stem in stems(folded, lang) if lang in AROUND else ():
                    self._stems.setdefault(stem, []).append((place, AROUND[lang]))
        self._phrases.append((number, len(words)))

    def _find_forms(self, text: str) -> Iterator[Hit]:
        pieces = list(_PIECE.finditer(text))
        known = [self._known(fold(piece[0])) for piece in pieces]
        for at, places in enumerate(known):
            for phrase in sorted(phrase for phrase, position in places if not position):
                number, length = self._phrases[phrase]
                if at + length <= len(pieces) and all((phrase, n) in known[at + n] for n in range(1, length)):
                    yield _hit(number, text, pieces[at].start(), pieces[at + length - 1].end())

    def _known(self, word: str) -> frozenset[_Place]:
        """Which words of which phrases a folded word is a form of."""
        if word not in self._memo:
            found = set(self._forms.get(word, ()))
            if self._inside or self._stems:
                for start in range(min(len(word), _LONGEST)):
                    for end in range(start + 2, min(len(word), _LONGEST) + 1):
                        found.update(self._within(word, start, end))
            self._memo[word] = frozenset(found)
        return self._memo[word]

    def _within(self, word: str, start: int, end: int) -> Iterator[_Place]:
        """What the letters from `start` to `end` are in the midst of a word: part of a compound, or a stem."""
        part = word[start:end]
        if _fits(start, len(word) - end, end - start):
            yield from self._inside.get(part, ())
        for place, around in self._stems.get(part, ()):
            if around.head.fullmatch(word, 0, start) and around.tail.fullmatch(word, end):
                yield place


def _hit(number: int, text: str, start: int, end: int) -> Hit:
    return Hit(number, start, end, text[start:end])


def _fits(before: int, after: int, length: int) -> bool:
    """Whether as many letters before and after a word leave room for the other words of a compound."""
    if not before:
        return after >= _SHORTEST_REST
    if not after:
        return before >= _SHORTEST_REST
    return length >= _SHORTEST_MIDDLE and before >= _SHORTEST_REST and after >= _SHORTEST_REST


def _phrases(entry: Entry) -> Iterator[tuple[str, ...]]:
    """The entry's words in their order; written as one; and for names, the last one first."""
    words = tuple(found[0] for found in _PIECE.finditer(clean(entry.text)))
    if words:
        yield words
    if len(words) > 1:
        yield ("".join(words),)
        if entry.reversible:
            yield (words[-1], *words[:-1])


def _eastern(text: str) -> re.Pattern[str]:
    """The characters as they are; a last hiragana after a Chinese character may be another of its row."""
    wanted = clean(text)
    row = next((row for row in _ROWS if len(wanted) > 1 and wanted[-1] in row[:-1] and "\u4e00" <= wanted[-2] <= "\u9fff"), "")
    ending = f"[{row}]" if row else re.escape(wanted[-1])
    return re.compile(re.escape(wanted[:-1]) + ending, re.I)
