"""All that a template sees of images."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One entry of a srcset: an absolute-path URL and the file's real width, height and bytes, a signature not counted."""

    url: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One `<source>`. `media` is empty for the last group. `width` and `height` are those of its largest candidate."""

    media: str
    type: str
    sizes: str
    candidates: tuple[Candidate, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A single file cut for a fixed purpose: share card, structured data, thumbnail."""

    url: str
    width: int
    height: int
    bytes: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that a template sees of an image. `ai` says that a trained model made it, `label` that a visitor is to be told so.

    `sources` come grouped by media, best format first; `fallback` is the `<img>`'s own srcset (JPEG or PNG), its last candidate
    the `src`. `share` is 1200×630 JPEG; `structured` are 16:9, 4:3 and 1:1 JPEGs; `thumb` a close crop. `source_type` as in
    `Asset`. `style` is CSS for the box of a hero: a `--scrim` that its words need.
    """

    id: str
    asset: str
    slot: str
    lang: str
    alt: str
    alt_draft: bool
    caption: str
    title: str
    credit: str
    creator: str
    copyright: str
    license: str
    acquire_license_page: str
    source_type: str
    sources: tuple[Source, ...]
    fallback: Source
    src: Candidate
    priority: bool
    placeholder: str
    colour: str
    focal: tuple[float, float]
    share: Related | None
    structured: tuple[Related, ...]
    thumb: Related | None
    draft: bool = False
    ai: bool = False
    label: bool = False
    style: str = ""
