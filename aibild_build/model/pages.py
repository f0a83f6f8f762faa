"""What is read, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .briefs import Brief
from .findings import Origin
from .plain import Json
from .renditions import FileFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRef:
    """A picture named in Markdown or front matter: `brief:ID`, or a file relative to the project root. `brief` is its brief's id.

    `inline` pictures stand within a line of text and become no `<figure>`.
    """

    brief: str
    slot: str
    alt: str
    caption: str
    origin: Origin
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRef:
    """A link in Markdown to another source file, as written; resolved when the page is rendered."""

    target: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was read.

    `id` is the path without language and suffix ("guide/briefs", "" for home) and joins translations; `url` is relative to the
    site's root ("de/guide/briefs/"); `path` is the output file; `body` is HTML pieces between pictures and links.
    `slots` maps a slot to what fills it; `digest` covers the source file. `aliases` are former URLs, relative to the site's root.
    A page that lists others shows `paginate` of them (0 is all), in the order `sort_by`; on its page `number` 2 and up `listing`
    is the id of the first. `tag` is what a tag hub lists. `made` pages have no source file of their own.
    """

    id: str
    lang: str
    url: str
    path: str
    origin: Origin
    digest: str
    template: str
    title: str
    description: str
    body: tuple[str | PictureRef | LinkRef, ...]
    headings: tuple[Heading, ...] = ()
    slots: Mapping[str, PictureRef] = field(default_factory=dict)
    section: str = ""
    date: str = ""
    updated: str = ""
    tags: tuple[str, ...] = ()
    order: float = 0.0
    menu_title: str = ""
    noindex: bool = False
    draft: bool = False
    schema: str = "WebPage"
    extra: Mapping[str, Json] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    product: Mapping[str, Json] = field(default_factory=dict)
    paginate: int = 0
    sort_by: str = "order"
    number: int = 1
    listing: str = ""
    tag: str = ""
    made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file that is passed through: `path` in the output, `source` relative to the project."""

    path: str
    source: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What was read: pages, briefs by id (those of ordinary image files included) and passed-through files.

    `cut` names slots that a brief is cut for though no page of ours shows it.
    """

    pages: tuple[Page, ...]
    briefs: Mapping[str, Brief]
    static: tuple[StaticFile, ...] = ()
    cut: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Cache(StrEnum):
    IMMUTABLE = "immutable"
    REVALIDATE = "revalidate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file of the built site, as every later step knows it. `pixels` are those of the picture that it was cut from, or ""."""

    path: str
    digest: str
    bytes: int
    media_type: str
    cache: Cache
    facts: FileFacts | None = None
    pixels: str = ""
