"""A tiny site in a temporary folder, and pictures made up for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aibild_build.config import Config, Language, MenuEntry, Organisation
from aibild_build.model import Breakpoint, Candidate, Finding, Page, Picture, Related, Site, Slot, Source
from aibild_build.pages.access import Access
from aibild_build.pages.content import read_pages
from aibild_build.pages.render import Renderer

SLOTS = {
    "hero": Slot(
        name="hero",
        breakpoints=(
            Breakpoint(min_width=0, ratio="4:5"),
            Breakpoint(min_width=640, ratio="16:9", offset=-64, max_width=1200),
        ),
        priority=True,
        also=("card",),
    ),
    "card": Slot(name="card", breakpoints=(Breakpoint(min_width=0, ratio="3:2", vw=50, offset=-16),)),
    "prose": Slot(name="prose", breakpoints=(Breakpoint(min_width=0, ratio="16:9", max_width=680),)),
}


def candidate(name: str, kind: str, width: int, height: int) -> Candidate:
    return Candidate(url=f"/docs/pictures/{name}-{width}.{kind}", width=width, height=height, bytes=width)


def source(name: str, kind: str, media: str, sizes: str, width: int, height: int) -> Source:
    candidates = (candidate(name, kind, width // 2, height // 2), candidate(name, kind, width, height))
    media_type = "image/jpeg" if kind == "jpg" else f"image/{kind}"
    return Source(media=media, type=media_type, sizes=sizes, candidates=candidates, width=width, height=height)


def picture(brief: str, slot: str, lang: str, **changes: Any) -> Picture:
    """A picture as the renditions room would give it: two crops for the hero, one for other slots."""
    name = f"{slot}-{brief.removeprefix('file:').replace('/', '-')}"
    narrow, wide = "(max-width: 639.98px)", "min(100vw - 64px, 1200px)"
    hero = slot == "hero"
    sources = [source(name, kind, "", wide, 1600, 900) for kind in ("avif", "webp")]
    if hero:
        sources = [source(f"{name}-tall", kind, narrow, "100vw", 800, 1000) for kind in ("avif", "webp", "jpg")] + sources
    fallback = source(name, "jpg", "", wide, 1600, 900)
    related = [
        Related(url=f"/docs/pictures/{name}-{width}x{height}.jpg", width=width, height=height, bytes=9, type="image/jpeg")
        for width, height in ((1200, 630), (1600, 900), (1200, 900), (1200, 1200))
    ]
    values: dict[str, Any] = {
        "id": brief,
        "asset": "a1b2c3d4",
        "slot": slot,
        "lang": lang,
        "alt": f"{brief} in {lang}",
        "alt_draft": False,
        "caption": "",
        "title": "",
        "credit": "Studio",
        "creator": "Studio",
        "copyright": "© Studio",
        "license": "/licence/",
        "acquire_license_page": "",
        "source_type": "algorithmicMedia",
        "sources": tuple(sources),
        "fallback": fallback,
        "src": fallback.candidates[-1],
        "priority": hero,
        "placeholder": "linear-gradient(#aab,#bba)",
        "colour": "#aabbaa",
        "focal": (0.5, 0.5),
        "share": related[0] if hero else None,
        "structured": tuple(related[1:]) if hero else (),
        "thumb": None,
    }
    return Picture(**{**values, **changes})


class Pictures(Mapping[tuple[str, str, str], Picture]):
    """Every picture that is asked for, except those of the brief `unmade`; single ones may be given other words."""

    def __init__(self, changed: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._changed = changed or {}

    def __getitem__(self, key: tuple[str, str, str]) -> Picture:
        if key[0] == "unmade":
            raise KeyError(key)
        return picture(*key, **self._changed.get(key[0], {}))

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Project:
    """A folder with a configuration; `write` adds a file, `read` reads the site."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings: dict[str, Any] = {
            "root": root,
            "name": {"en": "Paper", "de": "Papier"},
            "base_url": "https://example.org/docs/",
            "description": {"en": "A site of paper.", "de": "Eine Site aus Papier."},
            "languages": (Language(code="en", name="English", prefix=""), Language(code="de", name="Deutsch", prefix="de")),
            "organisation": Organisation(name="Studio", url="https://studio.example/", logo="/logo.png"),
            "slots": SLOTS,
            "digest": "settings",
        }

    @property
    def config(self) -> Config:
        return Config(**self.settings)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def page(self, path: str, title: str, body: str = "", **fields: object) -> None:
        head = "".join(f"{key}: {value}\n" for key, value in fields.items())
        self.write(path, f'---\ntitle: "{title}"\n{head}---\n{body}')

    def menu(self, name: str, *entries: MenuEntry) -> None:
        self.settings["menus"] = {**self.settings.get("menus", {}), name: entries}

    def read(self) -> tuple[tuple[Page, ...], tuple[Finding, ...]]:
        pages, _, findings = read_pages(self.config)
        return pages, findings

    def pages(self) -> dict[str, Page]:
        """All pages by URL; the site must be sound."""
        pages, findings = self.read()
        assert findings == ()
        return {page.url: page for page in pages}

    def renderer(self, pictures: Pictures | None = None) -> Renderer:
        site = Site(pages=tuple(self.pages().values()), briefs={})
        access = Access(self.config, site, Pictures() if pictures is None else pictures)
        return Renderer(self.config, access, (self.root / "templates",))


class _Elements(HTMLParser):
    def __init__(self, tag: str) -> None:
        super().__init__()
        self.tag = tag
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self.tag:
            self.found.append({name: value or "" for name, value in attrs})


def elements(html: str, tag: str) -> list[dict[str, str]]:
    """The attributes of every element of that name, in order."""
    reader = _Elements(tag)
    reader.feed(html)
    return reader.found


def metas(html: str) -> dict[str, str]:
    """`<meta>` content by name or property; the last of several."""
    return {row.get("name") or row.get("property", ""): row.get("content", "") for row in elements(html, "meta")}


def told(findings: tuple[Finding, ...]) -> list[str]:
    """`path:line rule` of every finding."""
    return [f"{finding.origin} {finding.rule}" for finding in findings]
