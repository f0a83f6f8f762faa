"""Prompts as CLIP's encoders see them: how many tokens, what falls off beyond the window, whether weights are written.

Takes text and a tokenizer's folder, yields counts; no library is loaded. The byte-pair encoding is CLIP's (Radford et al. 2021,
arXiv:2103.00020, section 2.4; the algorithm of Sennrich et al. 2016, arXiv:1508.07909): lower case, runs of letters, single
digits and runs of other signs, each with a mark at its end.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

WINDOW = 75  # 77 places less the marks at start and end
_WEIGHT = re.compile(r"\)\s*(?:\d*\.\d+|\d+|\++|-+)|\w(?:\+{1,5}|-{2,5})(?:\s|,|$)|\.(?:and|blend)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """Tokens of one prompt in one encoder, its marks not counted; `lost` are the words beyond the window."""

    encoder: str
    prompt: str
    tokens: int
    lost: str


def is_weighted(prompt: str) -> bool:
    """Whether the text holds what compel reads as weights: `(words)1.3`, `word++`, `word--`, `.and(`, `.blend(`."""
    return _WEIGHT.search(prompt) is not None


def unweighted(prompt: str) -> str:
    """The words without weights, for encoders that would read the signs as words."""
    plain = re.sub(r"\)\s*(?:\d*\.\d+|\d+|\++|-+)", ")", prompt)
    plain = re.sub(r"(\w)(?:\+{1,5}|-{2,5})(?=\s|,|$)", r"\1", plain)
    return re.sub(r"(?<!\\)[()]", "", plain)


class Counter:
    """Counts with the merges of one tokenizer folder. Raises OSError or ValueError when they cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._ranks = _ranks(str(folder))
        self._letters = _letters()

    def count(self, encoder: str, kind: str, prompt: str) -> TokenCount:
        words = _split(prompt)
        tokens, lost = 0, []
        for word in words:
            tokens += len(self._pieces(word))
            if tokens > WINDOW:
                lost.append(word)
        return TokenCount(encoder=encoder, prompt=kind, tokens=tokens, lost=" ".join(lost))

    def _pieces(self, word: str) -> list[str]:
        letters = [self._letters[byte] for byte in word.encode("utf-8")]
        pieces = [*letters[:-1], letters[-1] + "</w>"]
        while len(pieces) > 1:
            pairs = {(left, right): self._ranks.get((left, right)) for left, right in pairwise(pieces)}
            known = [(rank, pair) for pair, rank in pairs.items() if rank is not None]
            if not known:
                break
            pieces = _joined(pieces, min(known)[1])
        return pieces


def _joined(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    index = 0
    while index < len(pieces):
        if tuple(pieces[index : index + 2]) == pair:
            joined.append(pieces[index] + pieces[index + 1])
            index += 2
        else:
            joined.append(pieces[index])
            index += 1
    return joined


def _split(prompt: str) -> list[str]:
    """CLIP's words: contractions, runs of letters, single digits, runs of other signs."""
    words: list[str] = []
    for chunk in " ".join(unicodedata.normalize("NFC", prompt).lower().split()).split(" "):
        run, kind = "", ""
        rest = chunk
        while rest:
            contraction = re.match(r"'(?:s|t|re|ve|m|ll|d)", rest)
            taken = contraction.group() if contraction else rest[0]
            now = "contraction" if contraction else _kind(rest[0])
            if run and (now != kind or now in ("digit", "contraction")):
                words.append(run)
                run = ""
            run, kind, rest = run + taken, now, rest[len(taken) :]
        if run:
            words.append(run)
    return words


def _kind(letter: str) -> str:
    category = unicodedata.category(letter)[0]
    return {"L": "letter", "N": "digit"}.get(category, "sign")


def has_merges(folder: Path) -> bool:
    """Whether a tokenizer lies in the folder, in one of its two forms."""
    return (folder / "merges.txt").is_file() or (folder / "tokenizer.json").is_file()


@lru_cache(maxsize=4)
def _ranks(folder: str) -> dict[tuple[str, str], int]:
    """Pairs by rank, from `merges.txt` (published models) or `tokenizer.json` (what newer libraries write)."""
    plain = Path(folder, "merges.txt")
    if plain.is_file():
        written = [line.split() for line in plain.read_text("utf-8").splitlines()[1:]]
    else:
        merges = json.loads(Path(folder, "tokenizer.json").read_text("utf-8"))["model"]["merges"]
        written = [merge.split() if isinstance(merge, str) else merge for merge in merges]
    return {(pair[0], pair[1]): rank for rank, pair in enumerate(pair for pair in written if len(pair) == 2)}


@lru_cache(maxsize=1)
def _letters() -> dict[int, str]:
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + index) for index, byte in enumerate(rest)}
