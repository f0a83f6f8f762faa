"""Tags: what they are called in each language, where their pages lie, and which of them nobody knows.

Takes the vocabulary of `[taxonomy]`, pages and briefs, yields labels, addresses and findings. Without a vocabulary any word is a
tag and its own label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from ..config import Config
from ..model import Brief, Finding, Level, Origin, Page
from ..source import nearest_hint
from .view import in_language

TAGS = "tags"  # id of the page that lists all tags, and folder of their own pages
_NO_SLUG = re.compile(r"[\W_]+")


@cache
def tag_slug(tag: str) -> str:
    """The last part of a tag's address: "Rote Boote" → "rote-boote"; letters of every script stay. "" for signs alone."""
    return _NO_SLUG.sub("-", unicodedata.normalize("NFKC", tag).casefold()).strip("-")


def tag_id(tag: str) -> str:
    """The id of a tag's own page."""
    return f"{TAGS}/{tag_slug(tag)}"


def tag_label(config: Config, tag: str, lang: str) -> str:
    """What a tag is called in a language: the vocabulary's label, else the tag itself."""
    return in_language(config.taxonomy.tags.get(tag, {}), lang, config) or tag


def tag_findings(config: Config, pages: Iterable[Page], briefs: Mapping[str, Brief]) -> tuple[Finding, ...]:
    """`tag-unknown` for each tag of a page or a brief that a declared vocabulary lacks."""
    if not config.taxonomy.tags:
        return ()
    written = [(page.origin, page.url or "/", page.tags) for page in pages if not page.made]
    written += [(brief.origin, name, brief.tags) for name, brief in sorted(briefs.items())]
    return tuple(_unknown(config, written))


def _unknown(config: Config, written: Iterable[tuple[Origin, str, tuple[str, ...]]]) -> Iterator[Finding]:
    for origin, subject, tags in written:
        for tag in tags:
            if tag not in config.taxonomy.tags:
                yield Finding(
                    rule="tag-unknown",
                    level=Level.ERROR,
                    message=f"expected a tag of [taxonomy] in aibild.toml, got `{tag}`",
                    origin=origin,
                    subject=subject,
                    hint=nearest_hint(tag, config.taxonomy.tags) or "add it to tags in [taxonomy], or take another",
                )
