"""The few words that aibild itself puts into pages, by language.

Takes a language code and a key, yields text in that language, in its base language ("de" for "de-AT") or in English. A language
is one more file in `phrases/`. What a site says of itself comes from its own files, never from here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..source import nearest

PHRASES = Path(__file__).parent / "phrases"
_ENGLISH = "en"

# The territory that Open Graph wants beside a language which a site names without one and which has no file here.
_TERRITORIES = "bg_BG da_DK el_GR fa_IR fi_FI he_IL hr_HR hu_HU ko_KR nb_NO ro_RO ru_RU sk_SK sl_SI uk_UA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One file: words by key, and how dates and numbers are written. `first_day` is what the first of a month is called."""

    words: Mapping[str, str]
    months: tuple[str, ...]
    day: str
    locale: str
    decimal: str
    first_day: str = "1"


@cache
def phrases(lang: str) -> Phrases | None:
    """The words of exactly that language, None where we have no file for it."""
    file = PHRASES / f"{lang}.toml"
    if not lang.isalpha() or not file.is_file():
        return None
    found = tomllib.loads(file.read_text("utf-8"))
    return Phrases(**{**found, "months": tuple(found["months"])})


def languages() -> tuple[str, ...]:
    """Every language that has a file, sorted."""
    return tuple(sorted(file.stem for file in PHRASES.glob("*.toml")))


def phrase(lang: str, key: str, **values: object) -> str:
    """The text of `key` in `lang`, its `{name}` places filled. Raises LookupError for an unknown key or a place without value."""
    text = _words(_base(lang)).get(key) or _words(_ENGLISH).get(key)
    if text is None:
        near = nearest(key, _words(_ENGLISH))
        raise LookupError(f"there is no text `{key}`" + (f"; did you mean `{near}`?" if near else ""))
    try:
        return text.format(**values) if "{" in text else text
    except KeyError as error:
        raise LookupError(f"the text `{key}` needs a value for {error}") from error


def day_text(lang: str, day: str) -> str:
    """`2026-11-23` (a time behind it is left out) as people write it: "23 November 2026". Other languages keep the ISO form."""
    known = phrases(_base(lang))
    if known is None or len(day) < 10:
        return day[:10]
    year, month, number = (int(part) for part in day[:10].split("-"))
    spoken = known.first_day if number == 1 else str(number)
    return known.day.format(day=spoken, month=known.months[month - 1], year=year)


def price_text(lang: str, price: float, currency: str) -> str:
    """`49.5, "EUR"` → "49,50 EUR" with a space that does not break; the code stands for itself in every language."""
    known = phrases(_base(lang))
    number = f"{price:.2f}".replace(".", known.decimal if known else ".")
    return f"{number}\u00a0{currency}"


def open_graph_locale(lang: str) -> str:
    """A BCP 47 code as Open Graph writes it: "de" → "de_DE", "en-GB" → "en_GB", "zh-Hant-TW" → "zh_TW"."""
    parts = lang.split("-")
    if region := next((part.upper() for part in parts[1:] if len(part) == 2), ""):
        return f"{parts[0]}_{region}"
    if known := phrases(parts[0]):
        return known.locale
    return next((locale for locale in _TERRITORIES.split() if locale.startswith(f"{parts[0]}_")), parts[0])


def _words(lang: str) -> Mapping[str, str]:
    known = phrases(lang)
    return known.words if known else {}


def _base(lang: str) -> str:
    return lang.partition("-")[0]
