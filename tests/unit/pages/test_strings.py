"""aibild's own words in pages."""

from __future__ import annotations

import string

import pytest

from aibild_build.pages.strings import day_text, languages, open_graph_locale, phrase, phrases, price_text

FOURTEEN = ["ar", "cs", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "sv", "tr", "zh"]
# Words that are rightly the same as in English.
_SAME = {
    "cs": {"licence"},
    "de": {"feed"},
    "fr": {"licence", "menu", "page_number"},
    "it": {"feed", "menu"},
    "nl": {"feed", "menu"},
    "pt": {"menu"},
    "pl": {"menu"},
}


def test_every_language_has_every_text_with_the_same_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english = phrases("en")
    assert english is not None and set(FOURTEEN) <= set(languages())
    for language in languages():
        known = phrases(language)
        assert known is not None and len(known.months) == 12
        assert list(known.words) == list(english.words), language
        for key, text in known.words.items():
            assert text.strip() == text and text, key
            assert places(text) == places(english.words[key]), (language, key)


@pytest.mark.parametrize("lang", [code for code in FOURTEEN if code != "en"])
def test_no_english_is_left_in_another_language(lang: str) -> None:
    known, english = phrases(lang), phrases("en")
    assert known is not None and english is not None
    same = {key for key, text in known.words.items() if text == english.words[key]}
    assert same == _SAME.get(lang, set())


@pytest.mark.parametrize("lang", ["ar", "ja", "zh"])
def test_scripts_are_the_languages_own(lang: str) -> None:
    known = phrases(lang)
    assert known is not None
    assert [key for key, text in known.words.items() if text.isascii()] == []


def test_a_region_falls_back_to_its_language_and_any_other_to_english() -> None:
    assert phrase("de-AT", "home") == "Startseite"
    assert phrase("fi", "home") == "Home"
    assert phrase("de", "credit", credit="Ada {x}") == "Bild: Ada {x}"
    with pytest.raises(LookupError, match="did you mean `home`"):
        phrase("en", "hom")


def test_days_are_written_as_people_write_them() -> None:
    assert day_text("en", "2026-11-03") == "3 November 2026"
    assert day_text("de-CH", "2026-03-03T10:00:00Z") == "3. März 2026"
    assert day_text("ja", "2026-11-03T10:00:00Z") == "2026年11月3日"
    assert day_text("fr", "2026-08-01") == "1er août 2026"
    assert day_text("pl", "2026-10-05") == "5 października 2026"
    assert day_text("es", "2026-01-31") == "31 de enero de 2026"
    assert day_text("ar", "2026-02-07") == "7 فبراير 2026"
    assert day_text("fi", "2026-11-03T10:00:00Z") == "2026-11-03"


def test_prices_are_written_as_people_write_them() -> None:
    assert price_text("en", 1049.5, "EUR") == "1049.50\u00a0EUR"
    assert price_text("de-AT", 49, "EUR") == "49,00\u00a0EUR"
    assert price_text("fi", 49, "EUR") == "49.00\u00a0EUR"


def test_open_graph_locales_have_a_territory() -> None:
    codes = ("en", "en-GB", "de", "zh-Hant-TW", "zh-Hant", "tlh")
    assert [open_graph_locale(code) for code in codes] == ["en_US", "en_GB", "de_DE", "zh_TW", "zh_CN", "tlh"]
