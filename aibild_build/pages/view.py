"""What templates see of the site: small frozen values, made from pages and configuration.

They carry what a listing, a menu or a head shows and nothing else, so that a page that lists others is made anew when one of
their titles changes, and not when a body does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..config import Config, Organisation
from ..model import Json, Page, Picture, Related
from .urls import full, href


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page as others show it. `url` is an absolute path, percent-encoded."""

    id: str
    url: str
    title: str
    menu_title: str
    description: str
    date: str
    updated: str
    section: str
    tags: tuple[str, ...]
    lang: str
    order: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The same page in one language. `absolute_url` is for hreflang; `default` marks the site's default language."""

    lang: str
    name: str
    dir: str
    url: str
    absolute_url: str
    current: bool
    default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """`current` is the page itself; `within` is true on pages below it too; `external` leads to another site."""

    label: str
    url: str
    current: bool
    within: bool
    external: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TagView:
    """A tag in one language. `url` is that of its own page, "" where there is none.

    `count` says how many pages carry it; it is 0 for the tags of one page.
    """

    id: str
    label: str
    url: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryEntry:
    """A picture and the pages that show it."""

    picture: Picture
    pages: tuple[PageView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What stands for a page without a picture of its own: the id of another picture, its sharing card and alt text."""

    picture: str
    share: Related
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Pictures with the same credit and terms: how many, and how many of them were made with AI."""

    credit: str
    creator: str
    copyright: str
    license: str
    count: int
    ai: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of a long listing."""

    number: int
    url: str
    current: bool


_SITES: dict[str, tuple[Config, SiteView]] = {}

Entry = TypeVar("Entry", PageView, GalleryEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Entry]):
    """What one page of a listing shows: page `number` of `count`, `total` entries in all. `previous`, `next` are URLs or ""."""

    entries: tuple[Entry, ...]
    number: int
    count: int
    total: int
    steps: tuple[Step, ...]
    previous: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """The site in one language. `home` is the absolute path of its start page in that language."""

    name: str
    description: str
    base_url: str
    base_path: str
    home: str
    languages: tuple[str, ...]
    default_language: str
    lang: str
    dir: str
    organisation: Organisation
    theme: Mapping[str, Json]


def page_view(config: Config, page: Page) -> PageView:
    return PageView(
        id=page.id,
        url=href(config, page.url),
        title=page.title,
        menu_title=page.menu_title or page.title,
        description=page.description,
        date=page.date,
        updated=page.updated,
        section=page.section,
        tags=page.tags,
        lang=page.lang,
        order=page.order,
    )


def translation(config: Config, page: Page, current: str) -> Translation:
    language = next(language for language in config.languages if language.code == page.lang)
    return Translation(
        lang=page.lang,
        name=language.name,
        dir=language.dir,
        url=href(config, page.url),
        absolute_url=full(config, page.url),
        current=page.lang == current,
        default=page.lang == config.default_language,
    )


def site_view(config: Config, lang: str) -> SiteView:
    """Asked several times a page, so the last ones are kept, by the identity of the configuration: it cannot be hashed."""
    kept = _SITES.get(lang)
    if kept is None or kept[0] is not config:
        kept = _SITES[lang] = (config, _site_view(config, lang))
    return kept[1]


def _site_view(config: Config, lang: str) -> SiteView:
    language = next(language for language in config.languages if language.code == lang)
    prefix = language.prefix.strip("/")
    return SiteView(
        name=in_language(config.name, lang, config),
        description=in_language(config.description, lang, config),
        base_url=config.base_url,
        base_path=config.base_path,
        home=href(config, f"{prefix}/" if prefix else ""),
        languages=tuple(each.code for each in config.languages),
        default_language=config.default_language,
        lang=lang,
        dir=language.dir,
        organisation=config.organisation,
        theme=config.theme,
    )


def in_language(texts: Mapping[str, str], lang: str, config: Config) -> str:
    """The text in `lang`, else in the default language, else nothing."""
    return texts.get(lang) or texts.get(config.default_language, "")
