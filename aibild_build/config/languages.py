"""Languages of a site: what `languages` in `[site]` may say, and what is known of common languages.

Takes the `site` table, yields `Language`s with the default first. Codes are BCP 47 in its canonical letter case (RFC 5646,
2.1.1).
"""

from __future__ import annotations

import re

from ..source import Fields
from .settings import Language

_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-(?:[a-z][a-z0-9]{4,7}|[0-9][a-z0-9]{3}))*")
_PREFIX = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Syrc", "Thaa"})
_NAMES = {
    "ar": "العربية",
    "bg": "Български",
    "bn": "বাংলা",
    "ca": "Català",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "et": "Eesti",
    "eu": "Euskara",
    "fa": "فارسی",
    "fi": "Suomi",
    "fr": "Français",
    "ga": "Gaeilge",
    "gl": "Galego",
    "he": "עברית",
    "hi": "हिन्दी",
    "hr": "Hrvatski",
    "hu": "Magyar",
    "id": "Bahasa Indonesia",
    "is": "Íslenska",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "lt": "Lietuvių",
    "lv": "Latviešu",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "no": "Norsk",
    "pl": "Polski",
    "pt": "Português",
    "pt-BR": "Português do Brasil",
    "ro": "Română",
    "ru": "Русский",
    "sk": "Slovenčina",
    "sl": "Slovenščina",
    "sr": "Српски",
    "sv": "Svenska",
    "ta": "தமிழ்",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "ur": "اردو",
    "vi": "Tiếng Việt",
    "zh": "中文",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
FALLBACK = Language(code="en", name="English", prefix="")


def read_languages(site: Fields) -> tuple[Language, ...]:
    """The languages of `[site]`: a list of codes, or of tables {code, name, prefix, dir}; English alone without them."""
    written = site.value("languages")
    if written is None:
        return (FALLBACK,)
    entries = (written,) if isinstance(written, str) else written
    if not isinstance(entries, list | tuple) or not entries:
        site.wrong("languages", "list of language codes, the default first")
        return (FALLBACK,)
    tables = isinstance(entries[0], dict)
    languages = _from_tables(site) if tables else _from_codes(site, site.texts("languages"))
    _check_unique(site, languages)
    return languages or (FALLBACK,)


def _from_codes(site: Fields, codes: tuple[str, ...]) -> tuple[Language, ...]:
    languages: list[Language] = []
    for index, code in enumerate(codes):
        if _known_shape(site, ("languages", index), code):
            languages.append(_language(code, prefix="" if not languages else code))
    return tuple(languages)


def _from_tables(site: Fields) -> tuple[Language, ...]:
    languages: list[Language] = []
    for table in site.each("languages"):
        code = table.text("code", required=True)
        prefix = table.text("prefix", "" if not languages else code)
        direction = table.choice("dir", ("ltr", "rtl"), _direction(code))
        name = table.text("name", _name(code))
        if not _known_shape(table, "code", code):
            continue
        if prefix and not _PREFIX.fullmatch(prefix):
            table.wrong("prefix", "folder name of letters, digits and hyphens")
            continue
        languages.append(Language(code=code, name=name, prefix=prefix, dir=direction))
    return tuple(languages)


def _language(code: str, *, prefix: str) -> Language:
    return Language(code=code, name=_name(code), prefix=prefix, dir=_direction(code))


def _known_shape(table: Fields, key: str | tuple[str | int, ...], code: str) -> bool:
    if _CODE.fullmatch(code):
        return True
    canonical = _canonical_case(code)
    hint = f"write `{canonical}`" if canonical != code and _CODE.fullmatch(canonical) else "for instance en, de-AT or zh-Hant"
    if code or key != "code":
        table.wrong(key, "language code (BCP 47)", hint=hint)
    return False


def _canonical_case(code: str) -> str:
    first, *rest = code.replace("_", "-").split("-")
    parts = [part.upper() if len(part) == 2 else part.capitalize() if len(part) == 4 else part.lower() for part in rest]
    return "-".join([first.lower(), *parts])


def _check_unique(site: Fields, languages: tuple[Language, ...]) -> None:
    for index, language in enumerate(languages):
        before = languages[:index]
        if any(language.code == other.code for other in before):
            site.tell("source-duplicate", f"expected each language once, got `{language.code}` again", ("languages", index))
        elif any(language.prefix == other.prefix for other in before):
            message = f"expected a prefix for each language, got {language.prefix or 'none'} again for `{language.code}`"
            site.tell("source-duplicate", message, ("languages", index), hint="only the default language has none")


def _name(code: str) -> str:
    return _NAMES.get(code) or _NAMES.get(code.partition("-")[0]) or code


def _direction(code: str) -> str:
    first, *rest = code.split("-")
    scripts = [part for part in rest if len(part) == 4 and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT else "ltr"
