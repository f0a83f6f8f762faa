"""The access functions: the only way from a template to the site's pages, menus and pictures.

Takes what was read and the finished pictures, yields frozen values. Every call through a `Reading` is written down with a digest
of what it gave; asking the same question later and comparing digests tells whether a page must be made anew. Questions are plain
JSON, so that a trace can be kept between builds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..canonical import digest_of
from ..config import Config
from ..model import Page, Picture, Site
from ..source import nearest, nearest_hint
from .content import NOT_FOUND
from .links import SourceLinks
from .urls import href, local
from .view import MenuItem, PageView, Translation, in_language, page_view, translation

Argument: TypeAlias = "str | int | None"
Pictures: TypeAlias = "Mapping[tuple[str, str, str], Picture]"
ORDERS = ("order", "date", "updated", "title")


class Access:
    """Answers questions about the site; each (function, arguments) is answered and digested once."""

    def __init__(self, config: Config, site: Site, pictures: Pictures) -> None:
        self._config = config
        self._pages = site.pages
        self._by_id = {(page.lang, page.id): page for page in site.pages}
        self._links = SourceLinks(site.pages)
        self._pictures = pictures
        self._answers: dict[tuple[str, tuple[Argument, ...]], tuple[object, str]] = {}
        self._functions: Mapping[str, Callable[..., object]] = {
            "breadcrumbs": self._breadcrumbs,
            "image": self._image,
            "link": self._link,
            "menu": self._menu,
            "pages": self._list,
            "picture": self._picture,
            "translations": self._translations,
            "url": self._url,
        }

    def ask(self, function: str, arguments: Sequence[Argument]) -> tuple[object, str]:
        """The answer and its digest. Raises LookupError or ValueError, in words for the template's author."""
        question = (function, tuple(arguments))
        if question not in self._answers:
            answer = self._functions[function](*arguments)
            self._answers[question] = (answer, digest_of(repr(answer).encode("utf-8", "surrogatepass"))[:16])
        return self._answers[question]

    def still(self, function: str, arguments: Sequence[Argument], digest: str) -> bool:
        """Whether the question still has the answer it had."""
        try:
            return self.ask(function, arguments)[1] == digest
        except (LookupError, ValueError, TypeError):
            return False

    def _find(self, lang: str, page_id: str) -> Page | None:
        return self._by_id.get((lang, page_id)) or self._by_id.get((self._config.default_language, page_id))

    def _known(self, lang: str, page_id: str) -> Page:
        page = self._find(lang, page_id)
        if page is None:
            known = [each.id for each in self._pages]
            raise LookupError(f"there is no page `{page_id}`; {nearest_hint(page_id, known)}".rstrip("; "))
        return page

    def _url(self, lang: str, page_id: str) -> str:
        return href(self._config, self._known(lang, page_id).url)

    def _list(self, section: str | None, tag: str | None, lang: str, order: str, limit: int | None) -> tuple[PageView, ...]:
        if order not in ORDERS:
            raise ValueError(f"expected order as one of {', '.join(ORDERS)}, got `{order}`")
        found = [
            page
            for page in self._pages
            if page.lang == lang
            and page.id not in ("", NOT_FOUND)
            and (section is None or (page.section == section and page.id != section))
            and (tag is None or tag in page.tags)
        ]
        views = sorted((page_view(self._config, page) for page in found), key=_plain_order)
        if order == "title":
            views.sort(key=lambda view: view.title.casefold())
        elif order != "order":
            views.sort(key=lambda view: view.date if order == "date" else view.updated or view.date, reverse=True)
        return tuple(views[:limit])

    def _translations(self, page_id: str, lang: str) -> tuple[Translation, ...]:
        pages = (self._by_id.get((language.code, page_id)) for language in self._config.languages)
        return tuple(translation(self._config, page, lang) for page in pages if page)

    def _menu(self, name: str, lang: str, page_id: str) -> tuple[MenuItem, ...]:
        items = []
        for entry in self._config.menus.get(name, ()):  # a theme may offer more menus than a site has
            label = in_language(entry.label, lang, self._config)
            if entry.url:
                url = local(self._config, entry.url)
                outside = "://" in url and not url.startswith(self._config.base_url)
                items.append(MenuItem(label=label or entry.url, url=url, current=False, within=False, external=outside))
                continue
            page = self._known(lang, entry.page)
            current = page.id == page_id and page.lang == lang
            within = current or bool(page.id and page_id.startswith(page.id + "/"))
            text = label or page.menu_title or page.title
            items.append(MenuItem(label=text, url=href(self._config, page.url), current=current, within=within, external=False))
        return tuple(items)

    def _breadcrumbs(self, lang: str, page_id: str) -> tuple[PageView, ...]:
        """Home, every index above the page, the page itself; nothing for home and for the 404 page."""
        if page_id in ("", NOT_FOUND):
            return ()
        parts = page_id.split("/")
        above = ("/".join(parts[:count]) for count in range(len(parts) + 1))
        pages = (self._by_id.get((lang, each)) for each in above)
        return tuple(page_view(self._config, page) for page in pages if page)

    def _link(self, source: str, lang: str, target: str) -> str:
        page, fragment = self._links.resolve(source, lang, target)
        if page is None:
            raise LookupError(f"{source}: the link to `{target}` leads to no page")
        return href(self._config, page.url) + (f"#{fragment}" if fragment else "")

    def _picture(self, lang: str, page_id: str, slot: str) -> Picture | None:
        """The picture that fills `slot` of a page: its own, or the one of a slot that feeds this one.

        A theme may ask for more slots than a site has and gets None then, but a name that is nearly a slot's is a mistake.
        """
        if slot not in self._config.slots:
            if near := nearest(slot, self._config.slots):
                raise LookupError(f"there is no slot `{slot}` in aibild.toml; did you mean `{near}`?")
            return None
        page = self._known(lang, page_id)
        if own := page.slots.get(slot):
            return self._image(own.brief, slot, page.lang)
        for name in sorted(page.slots):
            if slot in self._config.slots[name].also:
                return self._pictures.get((page.slots[name].brief, slot, page.lang))
        return None

    def _image(self, brief: str, slot: str, lang: str) -> Picture:
        picture = self._pictures.get((brief, slot, lang))
        if picture is None:
            raise LookupError(f"there is no picture of `{brief}` for slot `{slot}` in `{lang}`")
        return picture


class Reading:
    """One page's questions, in the order first asked, with the digests of the answers."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._digests: dict[tuple[str, tuple[Argument, ...]], str] = {}
        self._pictures: dict[tuple[str, str, str], Picture] = {}

    def ask(self, function: str, *arguments: Argument) -> object:
        answer, digest = self._access.ask(function, arguments)
        self._digests[function, arguments] = digest
        if isinstance(answer, Picture):
            self._pictures.setdefault((answer.slot, answer.id, answer.lang), answer)
        return answer

    @property
    def reads(self) -> list[list[object]]:
        """[function, arguments, digest] of every question, sorted, as plain JSON."""
        asked = sorted(self._digests.items(), key=lambda read: (read[0][0], repr(read[0][1])))
        return [[function, list(arguments), digest] for (function, arguments), digest in asked]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture that was given out, by slot and id: the order in which a template asks reaches no output."""
        return tuple(self._pictures[key] for key in sorted(self._pictures))


def _plain_order(view: PageView) -> tuple[float, str, str]:
    return view.order, view.menu_title.casefold(), view.id
