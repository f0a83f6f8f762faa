"""Front matter: the head of a content file, in YAML between `---` lines or in TOML between `+++` lines.

Takes a file's text, yields typed fields, the rest of the text and the findings on them. Where the page goes and what its pictures
mean is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..config import Config
from ..model import Finding, Json
from ..source import Document, Fields, fatal, nearest_hint, read_toml, read_yaml
from .listing import ORDERS
from .product import PRODUCT, read_product

SCHEMAS = (
    "WebPage",
    "Article",
    "BlogPosting",
    "NewsArticle",
    "TechArticle",
    "AboutPage",
    "CollectionPage",
    "ContactPage",
    "ItemPage",
    "ProfilePage",
    PRODUCT,
)
_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\n(?:(.*?)\n)?\1[ \t]*(?:\n|\Z)", re.S)
_SLUG = re.compile(r"[\w~-]+(?:\.[\w~-]+)*")
_ALIAS = re.compile(r"/?(?:[\w~-][\w.~-]*/)*(?:[\w~-]+/?|[\w~-][\w.~-]*(?:/|\.html?))")
_TEMPLATE = re.compile(r"[\w-]+(?:\.[\w-]+)*(?:/[\w-]+(?:\.[\w-]+)*)*\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The fields of one page. `pictures` maps a slot to (target as written, line); `schema` is "" where none is written.

    `aliases` are relative to the site's root, with a slash at the end unless they name a file.
    """

    title: str = ""
    description: str = ""
    date: str = ""
    updated: str = ""
    slug: str = ""
    template: str = ""
    order: float = 0.0
    menu_title: str = ""
    tags: tuple[str, ...] = ()
    section: str | None = None
    pictures: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    schema: str = ""
    noindex: bool = False
    draft: bool = False
    extra: Mapping[str, Json] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    product: Mapping[str, Json] = field(default_factory=dict)
    paginate: int = 0
    sort_by: str = "order"


def read_front(text: str, path: str, config: Config) -> tuple[Front, str, int, tuple[Finding, ...]]:
    """The front matter of a content file, its body, the line at which the body begins, and the findings."""
    document, matter, body, first_line, findings = _split(text, path)
    if document is None:
        return Front(), body, first_line, findings
    fields = Fields(document)
    front = front_of(fields, config, matter)
    return front, body, first_line, (*findings, *fields.finish())


def front_of(fields: Fields, config: Config, matter: str) -> Front:
    """What the fields say; `matter` is their text, for the lines of pictures."""
    schema = fields.choice("schema", SCHEMAS, "")
    return Front(
        title=fields.text("title", required=True),
        description=fields.text("description"),
        date=fields.day("date"),
        updated=fields.day("updated"),
        slug=_checked(fields, "slug", _SLUG, "one part of a URL (letters, digits, - _ . ~)"),
        template=_checked(fields, "template", _TEMPLATE, "template's name like article.html"),
        order=fields.number("order"),
        menu_title=fields.text("menu_title"),
        tags=tuple(dict.fromkeys(fields.texts("tags"))),
        section=fields.text("section") if fields.has("section") else None,
        pictures=_pictures(fields, config, matter),
        schema=schema,
        noindex=fields.flag("noindex"),
        draft=fields.flag("draft"),
        extra=fields.mapping("extra"),
        aliases=_aliases(fields),
        product=read_product(fields, schema),
        paginate=fields.whole("paginate", 0, low=0, high=1000),
        sort_by=fields.choice("sort_by", ORDERS, "order"),
    )


def _aliases(fields: Fields) -> tuple[str, ...]:
    """Former addresses: "/old/place" → "old/place/", "/old.html" → "old.html"."""
    aliases = []
    for index, written in enumerate(fields.texts("aliases")):
        if not _ALIAS.fullmatch(written):
            fields.wrong(("aliases", index), "place on this site like /old/page/ or /old.html")
            continue
        path = written.strip("/")
        aliases.append(path if path.endswith((".html", ".htm")) and not written.endswith("/") else f"{path}/")
    return tuple(dict.fromkeys(aliases))


def _split(text: str, path: str) -> tuple[Document | None, str, str, int, tuple[Finding, ...]]:
    """The front matter as a document and as text, the body, the body's first line, the findings."""
    found = _FENCE.match(text)
    if found is None:
        if text.startswith(("---", "+++")) and text.partition("\n")[0].rstrip() in ("---", "+++"):
            message = f"expected a line `{text[:3]}` after the front matter, got none"
            return None, "", "", 1, (fatal("source-syntax", message, path, 1),)
        return Document(path, {}), "", text, 1, ()
    matter = found[2] or ""
    document, findings = (read_yaml if found[1] == "---" else read_toml)(matter, path, first_line=2)
    return document, matter, text[found.end() :], text.count("\n", 0, found.end()) + 1, findings


def _checked(fields: Fields, key: str, pattern: re.Pattern[str], expected: str) -> str:
    text = fields.text(key)
    if text and not pattern.fullmatch(text):
        fields.wrong(key, expected)
        return ""
    return text


def _pictures(fields: Fields, config: Config, matter: str) -> dict[str, tuple[str, int | None]]:
    written: dict[str, tuple[str, str]] = {}
    if hero := fields.text("hero"):
        written["hero"] = (hero, "hero")
    table = fields.fields("pictures")
    for slot in table.names():
        target = table.text(slot)
        if slot in written:
            table.tell("source-duplicate", f"expected one picture for slot `{slot}`, got `{slot}` and `pictures.{slot}`", slot)
        elif target:
            written[slot] = (target, slot)
    pictures = {}
    for slot, (target, key) in written.items():
        if slot in config.slots:
            pictures[slot] = (target, _line_of(matter, key))
        else:
            at = "hero" if key == "hero" else ("pictures", slot)
            message = f"expected a slot of aibild.toml, got `{slot}`"
            fields.tell("source-reference", message, at, hint=nearest_hint(slot, config.slots))
    return pictures


def _line_of(matter: str, key: str) -> int | None:
    """The file's line of a key. A glance: places are otherwise looked up only when something is wrong, since that is slow."""
    found = re.search(rf"""^[ \t]*["']?{re.escape(key)}["']?[ \t]*[:=]""", matter, re.M)
    return matter.count("\n", 0, found.start()) + 2 if found else None
