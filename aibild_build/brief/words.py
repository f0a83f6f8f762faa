"""The half of a brief that says how a picture is shown: words by language, day, place, tags. None of it costs a pixel.

Takes a table's fields and the site's settings, yields `Shown`. Briefs and sidecars write it alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..config import Config
from ..model import Words
from ..source import Fields
from .layers import tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    alt: Mapping[str, Words] = field(default_factory=dict)
    caption: Mapping[str, str] = field(default_factory=dict)
    title: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created: str = ""
    location: str = ""
    tags: tuple[str, ...] = ()

    def over(self, below: Shown) -> Shown:
        """These words, and those of `below` where these say nothing; language by language."""
        return Shown(
            alt={**below.alt, **self.alt},
            caption={**below.caption, **self.caption},
            title={**below.title, **self.title},
            keywords={**below.keywords, **self.keywords},
            created=self.created or below.created,
            location=self.location or below.location,
            tags=self.tags or below.tags,
        )


def read_shown(table: Fields, config: Config) -> Shown:
    """`alt: {en: "…"}` is reviewed text, `alt: {en: {draft: "…"}}` is not yet; a text alone is in the default language."""
    codes = [language.code for language in config.languages]
    return Shown(
        alt=_alt(table, codes, config.default_language),
        caption={code: tidy(text) for code, text in table.by_language("caption", codes, config.default_language).items()},
        title={code: tidy(text) for code, text in table.by_language("title", codes, config.default_language).items()},
        keywords=_keywords(table, codes, config.default_language),
        created=table.day("created"),
        location=tidy(table.text("location")),
        tags=table.texts("tags"),
    )


def _alt(table: Fields, codes: list[str], default_language: str) -> dict[str, Words]:
    written = table.value("alt")
    if written is None:
        return {}
    if isinstance(written, str):
        return {default_language: Words(text=tidy(written))}
    if not isinstance(written, Mapping):
        table.wrong("alt", "text, or text by language")
        return {}
    alt: dict[str, Words] = {}
    for code, value in written.items():
        if not table.known_language(("alt", code), codes) or value is None:
            continue
        if isinstance(value, str):
            alt[code] = Words(text=tidy(value))
        elif isinstance(value, Mapping):
            inner = table.inner(("alt", code), value)
            alt[code] = Words(text=tidy(inner.text("draft", required=True)), draft=True)
        else:
            table.wrong(("alt", code), "text, or {draft: text}")
    return alt


def _keywords(table: Fields, codes: list[str], default_language: str) -> dict[str, tuple[str, ...]]:
    written = table.value("keywords")
    if written is None:
        return {}
    if not isinstance(written, Mapping):
        return {default_language: _split(table.texts("keywords"))}
    inner = table.fields("keywords")
    keywords: dict[str, tuple[str, ...]] = {}
    for code in inner.names():
        words = _split(inner.texts(code))
        if table.known_language(("keywords", code), codes):
            keywords[code] = words
    return keywords


def _split(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Each keyword once; commas separate keywords in every format they are written to."""
    return tuple(dict.fromkeys(word for text in texts for part in text.split(",") if (word := tidy(part))))
