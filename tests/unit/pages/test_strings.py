"""aibild's own words in pages."""

from __future__ import annotations

import string

import pytest

from aibild_build.pages.strings import STRINGS, day_text, open_graph_locale, phrase


def test_every_language_has_every_text_with_the_same_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for language, texts in STRINGS.items():
        assert sorted(texts) == sorted(STRINGS["en"]), language
        for key, text in texts.items():
            assert text.strip() == text and text, key
            assert places(text) == places(STRINGS["en"][key]), (language, key)


def test_a_region_falls_back_to_its_language_and_any_other_to_english() -> None:
    assert phrase("de-AT", "home") == "Startseite"
    assert phrase("fi", "home") == "Home"
    assert phrase("de", "credit", credit="Ada {x}") == "Bild: Ada {x}"
    with pytest.raises(LookupError, match="did you mean `home`"):
        phrase("en", "hom")


def test_days_are_written_as_people_write_them() -> None:
    assert day_text("en", "2026-11-03") == "3 November 2026"
    assert day_text("de-CH", "2026-03-03T10:00:00Z") == "3. März 2026"
    assert day_text("ja", "2026-11-03T10:00:00Z") == "2026-11-03"


def test_open_graph_locales_have_a_territory() -> None:
    codes = ("en", "en-GB", "de", "zh-Hant-TW", "zh-Hant", "tlh")
    assert [open_graph_locale(code) for code in codes] == ["en_US", "en_GB", "de_DE", "zh_TW", "zh_CN", "tlh"]
