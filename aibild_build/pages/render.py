"""One page → its HTML, and the trace of everything that the HTML came from.

Takes what was read, the finished pictures and template folders; yields text. A page's trace (source, settings, templates used,
questions asked with digests of the answers) is its key: while all of it holds, the page need not be rendered again. No picture is
made here and no file written; Jinja2 is imported with the first page that must be rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

from markupsafe import Markup, escape

from ..canonical import digest_of
from ..config import Config
from ..errors import TemplateError
from ..model import Json, LinkRef, Page, PageReason, Picture, PictureRef
from .access import Answering, Heard, Reading
from .head import Head, head_html
from .highlight import has_code, highlight_css, highlighted
from .listing import GALLERY_SLOT, HUB
from .markup import figure_html, picture_html, slots_css
from .strings import day_text, phrase, price_text
from .templates import Templates, environment, fault
from .urls import local
from .view import Cover, Listing, PageView, site_view

Trace: TypeAlias = "Mapping[str, Json]"
"""{"source": digest, "settings": text, "templates": [[name, digest]], "reads": [[function, arguments, digest]]}; plain JSON."""

# Stands in the HTML until the page is done, for only then is it known which pictures the page shows.
_HEAD = "\x00head\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`pictures` are all that the page was given, by slot and id; `heard` is all that it asked, with the answers."""

    html: str
    trace: Trace
    pictures: tuple[Picture, ...]
    heard: tuple[Heard, ...]


class Renderer:
    """Renders pages of one site, one at a time, and tells which of them still hold."""

    def __init__(self, config: Config, access: Answering, template_dirs: Sequence[Path] = ()) -> None:
        self._config = config
        self._access = access
        self._templates = Templates(config.root, template_dirs)
        self._settings = f"{config.digest}:{renderer_fingerprint()}"
        self._environment: Any = None

    def render(self, page: Page) -> Rendered:
        """The page's HTML. Raises TemplateError with the template's path and line; LookupError never leaves."""
        reading = Reading(self._access)
        self._templates.used.clear()
        names: dict[str, object] = {}
        try:
            content, set_in_text = _content(page, reading, self._config)
            names = self._names(page, reading, content)
            html = self._fill(page, names)
        except Exception as error:
            raise fault(error, self._templates, page.template, page.origin.path, names) from error
        if _HEAD in html:
            html = html.replace(_HEAD, self._head(page, reading, set_in_text))
        trace: Trace = {
            "source": page.digest,
            "settings": self._settings,
            "templates": [[name, self._templates.digest(name)] for name in sorted(self._templates.used)],
            "reads": cast("list[Json]", reading.reads),
        }
        return Rendered(
            html=html if html.endswith("\n") else html + "\n", trace=trace, pictures=reading.pictures, heard=reading.heard
        )

    def holds(self, page: Page, trace: Trace) -> tuple[PageReason, str] | None:
        """None while nothing that the page was made of has changed; else the reason, and what differs."""
        return next(self.changes(page, trace), None)

    def changes(self, page: Page, trace: Trace) -> Iterator[tuple[PageReason, str]]:
        """Everything that differs from what the page was made of: the reason, and what."""
        try:
            yield from self._changes(page, trace)
        except (TypeError, ValueError):  # no trace of ours
            yield PageReason.READ_CHANGED, "the record of what it read is damaged"

    def _changes(self, page: Page, trace: Trace) -> Iterator[tuple[PageReason, str]]:
        if trace.get("source") != page.digest:
            yield PageReason.SOURCE_CHANGED, page.origin.path
        if trace.get("settings") != self._settings:
            ours = str(trace.get("settings", "")).endswith(self._settings.rpartition(":")[2])
            yield PageReason.SITE_CHANGED, "aibild.toml" if ours else "aibild itself"
        for name, digest in _rows(trace, "templates"):
            if self._templates.digest(name) != digest:
                yield PageReason.TEMPLATE_CHANGED, name
        for function, arguments, digest in _rows(trace, "reads"):
            if not self._access.still(function, arguments, digest):
                asked = ", ".join("-" if argument is None else str(argument) or "home" for argument in arguments)
                yield PageReason.READ_CHANGED, f"{function}({asked})"

    def pictures_of(self, trace: Trace) -> tuple[Picture, ...]:
        """What `Rendered.pictures` was, for a page whose trace holds."""
        reading = Reading(self._access)
        for function, arguments, _ in _rows(trace, "reads"):
            if function in ("gallery", "image", "picture"):
                reading.ask(function, *arguments)
        return reading.pictures

    def _fill(self, page: Page, names: Mapping[str, object]) -> str:
        if self._environment is None:
            self._environment = environment(self._templates)
        self._environment.globals.update(names)
        return str(self._environment.get_template(page.template).render())

    def _head(self, page: Page, reading: Reading, set_in_text: Sequence[Picture]) -> str:
        shown = {(picture.id, picture.slot): picture for picture in reading.pictures}
        shown.update({(picture.id, picture.slot): picture for picture in set_in_text})
        primary = self._primary(page, reading) or next(iter(set_in_text), None) or self._cover(page, reading)
        key = (primary.id, primary.slot) if primary else ("", "")
        first = {key: primary} if primary else {}
        crumbs = cast("tuple[PageView, ...]", reading.ask("breadcrumbs", page.lang, page.id))
        listing = cast("Listing[PageView]", reading.ask("paginate", page.lang, page.id)) if page.paginate else None
        return head_html(
            Head(
                config=self._config,
                page=page,
                translations=cast("tuple[Any, ...]", reading.ask("translations", page.id, page.lang)),
                crumbs=crumbs if len(crumbs) > 1 else (),
                pictures=tuple({**first, **shown}.values()),
                primary=primary,
                preload=key in shown,
                previous=listing.previous if listing else "",
                next=listing.next if listing else "",
                feed=cast("str", reading.ask("feed", page.lang)),
                card=None if primary else cast("Cover | None", reading.ask("card", page.lang)),
            )
        )

    def _primary(self, page: Page, reading: Reading) -> Picture | None:
        """The picture that stands for the page: in its priority slot, else in the first slot by name."""
        named = sorted(page.slots, key=lambda name: (not self._config.slots[name].priority, name))
        return cast("Picture | None", reading.ask("picture", page.lang, page.id, named[0])) if named else None

    def _cover(self, page: Page, reading: Reading) -> Picture | None:
        """What stands for a hub without pictures of its own: the first that it lists, with the sharing card of its own page."""
        if page.schema != HUB:
            return None
        cover = cast("Cover | None", reading.ask("cover", page.lang, page.id))
        shown = (picture for picture in reading.pictures if cover is not None and picture.id == cover.picture)
        return next((replace(picture, share=cover.share) for picture in shown if cover is not None), None)

    def _names(self, page: Page, reading: Reading, content: Markup) -> dict[str, object]:
        """All that a template may use."""
        config, lang = self._config, page.lang
        return {
            "page": page,
            "site": site_view(config, lang),
            "lang": lang,
            "content": content,
            "head": lambda: Markup(_HEAD),
            "slots_css": lambda: slots_css(config.slots),
            "highlight_css": lambda: Markup(highlight_css()) if has_code(content) else Markup(""),
            "t": lambda key, **values: phrase(lang, key, **values),
            "day": lambda day: day_text(lang, day),
            "price": lambda amount, currency: price_text(lang, amount, currency),
            **_questions(page, reading),
            **_makers(config, lang),
        }


@cache
def renderer_fingerprint() -> str:
    """Digest of this room's own code: pages are made anew when the code that makes them changes."""
    here = Path(__file__).parent
    files = sorted((*here.glob("*.py"), *here.glob("phrases/*.toml")))
    return digest_of(b"".join(file.read_bytes() for file in files))[:16]


def _questions(page: Page, reading: Reading) -> dict[str, Callable[..., object]]:
    """The access functions, as templates call them; the page and its language are understood."""
    here = page.lang

    def pages(
        section: str | None = None,
        tag: str | None = None,
        lang: str | None = None,
        order: str = "order",
        limit: int | None = None,
    ) -> object:
        return reading.ask("pages", section, tag, lang or here, order, limit)

    def picture(slot: str, of: Page | PageView | str | None = None) -> object:
        lang, page_id = (here, of) if isinstance(of, str) else (of.lang, of.id) if of is not None else (here, page.id)
        return reading.ask("picture", lang, page_id, slot)

    def of_page(function: str) -> Callable[..., object]:
        def ask(of: Page | PageView | None = None) -> object:
            asked = page if of is None else of
            arguments = (asked.id, asked.lang) if function == "translations" else (asked.lang, asked.id)
            return reading.ask(function, *arguments)

        return ask

    def tags(of: Page | PageView | None = None) -> object:
        return reading.ask("tags", here, None) if of is None else reading.ask("tags", of.lang, of.id)

    return {
        "pages": pages,
        "picture": picture,
        "tags": tags,
        "paginate": lambda: reading.ask("paginate", here, page.id),
        "gallery": lambda slot=GALLERY_SLOT: reading.ask("gallery", here, page.id, slot),
        "credits": lambda: reading.ask("credits", here),
        "feed": lambda: reading.ask("feed", here),
        "static": lambda path: reading.ask("static", path),
        "menu": lambda name: reading.ask("menu", name, here, page.id),
        "url": lambda page_id: reading.ask("url", here, page_id),
        "translations": of_page("translations"),
        "breadcrumbs": of_page("breadcrumbs"),
    }


def _makers(config: Config, lang: str) -> dict[str, Callable[..., Markup]]:
    """The HTML makers, with what a picture alone cannot know: the base URL's path and words in the page's language."""

    def picture(picture: Picture, css_class: str = "", eager: bool = False) -> Markup:
        return picture_html(_given(picture), css_class=css_class, eager=eager)

    def figure(picture: Picture, caption: str | None = None, credit: str | None = None, css_class: str = "") -> Markup:
        return figure_of(_given(picture), config, lang, caption, credit, css_class)

    return {"picture_html": picture, "figure_html": figure}


def _given(picture: Picture | None) -> Picture:
    if picture is None:
        raise ValueError("expected a picture, got none: ask `{% if … %}` first, since not every page fills every slot")
    return picture


def figure_of(
    picture: Picture, config: Config, lang: str, caption: str | None = None, credit: str | None = None, css_class: str = ""
) -> Markup:
    """A figure with what a picture alone cannot know: the base URL's path, and words in the page's language."""
    note = phrase(lang, "ai_note") if picture.label else ""
    linked = replace(picture, license=local(config, picture.license))
    return figure_html(linked, caption, credit, note=note, css_class=css_class)


def _content(page: Page, reading: Reading, config: Config) -> tuple[Markup, tuple[Picture, ...]]:
    """The body's pieces put together, and the pictures set in it with the words that the text gives them."""
    parts: list[str] = []
    pictures: list[Picture] = []
    for piece in page.body:
        if isinstance(piece, str):
            parts.append(highlighted(piece))
            continue
        try:
            if isinstance(piece, LinkRef):
                parts.append(escape(_address(page, piece, reading)))
                continue
            picture = _worded(cast("Picture", reading.ask("image", piece.brief, piece.slot, page.lang)), piece)
        except LookupError as error:
            raise TemplateError(
                str(error.args[0]), path=piece.origin.path, line=piece.origin.line, page=page.origin.path
            ) from error
        pictures.append(picture)
        parts.append(picture_html(picture) if piece.inline else figure_of(picture, config, page.lang))
    return Markup("".join(parts)), tuple(pictures)


def _worded(picture: Picture, ref: PictureRef) -> Picture:
    return replace(picture, alt=ref.alt or picture.alt, caption=ref.caption or picture.caption)


def _address(page: Page, link: LinkRef, reading: Reading) -> str:
    if link.target.startswith("#"):
        return link.target
    return cast("str", reading.ask("link", page.origin.path, page.lang, link.target))


def _rows(trace: Trace, name: str) -> Sequence[Any]:
    rows = trace.get(name, ())
    return rows if isinstance(rows, list | tuple) else ()
