"""The few words that aibild itself puts into pages, by language.

Takes a language code and a key, yields text in that language, in its base language ("de" for "de-AT") or in English. A language
is one more dictionary. What a site says of itself comes from its own files, never from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..source import nearest

_ENGLISH: Mapping[str, str] = {
    "ai_note": "This picture was made with AI.",
    "all_pages": "All pages",
    "back_home": "Back to the start page",
    "breadcrumbs": "You are here",
    "contents": "On this page",
    "credit": "Picture: {credit}",
    "draft": "Draft",
    "footer_menu": "Footer",
    "footnote_back": "Back to the text",
    "heading_link": "Link to “{text}”",
    "home": "Home",
    "in_this_section": "In this section",
    "languages": "Languages",
    "latest": "Latest",
    "licence": "Licence",
    "made_with": "Made with {name}",
    "main_menu": "Main menu",
    "menu": "Menu",
    "more": "More",
    "next": "Next",
    "not_found_text": "There is nothing at this address. It may have moved, or the link was mistyped.",
    "not_found_title": "Page not found",
    "previous": "Previous",
    "published": "Published",
    "read_more": "Read more",
    "read_on": "Read on",
    "related": "Related pages",
    "search": "Search",
    "section": "section",
    "skip_to_content": "Skip to content",
    "table": "Table",
    "tags": "Tags",
    "task_done": "Done",
    "task_open": "To do",
    "to_top": "Back to top",
    "updated": "Updated",
}

_GERMAN: Mapping[str, str] = {
    "ai_note": "Dieses Bild wurde mit KI erzeugt.",
    "all_pages": "Alle Seiten",
    "back_home": "Zur Startseite",
    "breadcrumbs": "Sie sind hier",
    "contents": "Auf dieser Seite",
    "credit": "Bild: {credit}",
    "draft": "Entwurf",
    "footer_menu": "Fußzeile",
    "footnote_back": "Zurück zum Text",
    "heading_link": "Link zu „{text}“",
    "home": "Startseite",
    "in_this_section": "In diesem Bereich",
    "languages": "Sprachen",
    "latest": "Neu",
    "licence": "Lizenz",
    "made_with": "Gemacht mit {name}",
    "main_menu": "Hauptmenü",
    "menu": "Menü",
    "more": "Mehr",
    "next": "Weiter",
    "not_found_text": "Unter dieser Adresse gibt es nichts. Vielleicht ist die Seite umgezogen, oder der Link ist vertippt.",
    "not_found_title": "Seite nicht gefunden",
    "previous": "Zurück",
    "published": "Veröffentlicht am",
    "read_more": "Weiterlesen",
    "read_on": "Weiterlesen",
    "related": "Verwandte Seiten",
    "search": "Suche",
    "section": "abschnitt",
    "skip_to_content": "Zum Inhalt springen",
    "table": "Tabelle",
    "tags": "Schlagwörter",
    "task_done": "Erledigt",
    "task_open": "Offen",
    "to_top": "Nach oben",
    "updated": "Aktualisiert am",
}

STRINGS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "de": _GERMAN}

_MONTHS: Mapping[str, str] = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_DAY: Mapping[str, str] = {"en": "{day} {month} {year}", "de": "{day}. {month} {year}"}

# The territory that Open Graph wants beside a language which a site names without one.
_TERRITORIES = (
    "ar_AR bg_BG cs_CZ da_DK de_DE el_GR en_US es_ES fa_IR fi_FI fr_FR he_IL hr_HR hu_HU it_IT ja_JP ko_KR nb_NO nl_NL pl_PL "
    "pt_PT ro_RO ru_RU sk_SK sl_SI sv_SE tr_TR uk_UA zh_CN"
)


def phrase(lang: str, key: str, **values: object) -> str:
    """The text of `key` in `lang`, its `{name}` places filled. Raises LookupError for an unknown key or a place without value."""
    text = STRINGS.get(lang, {}).get(key) or STRINGS.get(_base(lang), {}).get(key) or _ENGLISH.get(key)
    if text is None:
        near = nearest(key, _ENGLISH)
        raise LookupError(f"there is no text `{key}`" + (f"; did you mean `{near}`?" if near else ""))
    try:
        return text.format(**values) if "{" in text else text
    except KeyError as error:
        raise LookupError(f"the text `{key}` needs a value for {error}") from error


def day_text(lang: str, day: str) -> str:
    """`2026-11-23` (a time behind it is left out) as people write it: "23 November 2026". Other languages keep the ISO form."""
    months = _MONTHS.get(_base(lang))
    if months is None or len(day) < 10:
        return day[:10]
    year, month, number = day[:10].split("-")
    return _DAY[_base(lang)].format(day=int(number), month=months.split()[int(month) - 1], year=year)


def open_graph_locale(lang: str) -> str:
    """A BCP 47 code as Open Graph writes it: "de" → "de_DE", "en-GB" → "en_GB", "zh-Hant-TW" → "zh_TW"."""
    parts = lang.split("-")
    if region := next((part.upper() for part in parts[1:] if len(part) == 2), ""):
        return f"{parts[0]}_{region}"
    return next((locale for locale in _TERRITORIES.split() if locale.startswith(f"{parts[0]}_")), parts[0])


def _base(lang: str) -> str:
    return lang.partition("-")[0]
