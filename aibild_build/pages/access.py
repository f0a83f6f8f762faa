"""The access functions: the only way from a template to the site's pages, menus and pictures.

Takes what was read and the finished pictures, yields frozen values. Every call through a `Reading` is written down with a digest
of what it gave; asking the same question later and comparing digests tells whether a page must be made anew. Questions are plain
JSON, so that a trace can be kept between builds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from ..canonical import digest_of
from ..config import Config, MenuEntry
from ..model import Page, Picture, Site
from ..source import nearest, nearest_hint
from .feeds import feed_entries, feed_path
from .links import SourceLinks
from .listing import GALLERY, GALLERY_SLOT, NOT_FOUND, ORDERS, members, select, shown_pictures
from .taxonomy import tag_id, tag_label
from .urls import href, local
from .view import (
    Cover,
    Credit,
    Entry,
    GalleryEntry,
    Listing,
    MenuItem,
    PageView,
    Step,
    TagView,
    Translation,
    in_language,
    page_view,
    translation,
)

Argument: TypeAlias = "str | int | None"
Pictures: TypeAlias = "Mapping[tuple[str, str, str], Picture]"
_VERSION_LENGTH = 8
_SHARED = frozenset({"card", "credits", "feed", "gallery", "image", "link", "pages", "static", "tags", "url"})


Heard: TypeAlias = "tuple[str, tuple[Argument, ...], object, str]"
"""A question (function, arguments), its answer, and the digest of that."""


class Answering(Protocol):
    """Whoever answers questions about the site."""

    def ask(self, function: str, arguments: Sequence[Argument]) -> tuple[object, str]: ...

    def still(self, function: str, arguments: Sequence[Argument], digest: str) -> bool: ...


class Access:
    """Answers questions about the site. What several pages ask is answered and digested once; `_lasting` are the digests of
    answers that many questions share, by the identity of the answer, which is kept with it."""

    def __init__(self, config: Config, site: Site, pictures: Pictures) -> None:
        self._config = config
        self._pages = site.pages
        self._by_id = {(page.lang, page.id): page for page in site.pages}
        self._in: dict[str, list[Page]] = {}
        for page in site.pages:
            self._in.setdefault(page.lang, []).append(page)
        self._members: dict[tuple[str, str], list[Page]] = {}
        self._tagged: dict[tuple[str, str], list[Page]] = {}
        for page in site.pages:
            for tag in page.tags:
                self._tagged.setdefault((page.lang, tag), []).append(page)
        self._links = SourceLinks(site.pages)
        self._pictures = pictures
        self._static = {file.path: file.digest for file in site.static}
        self._answers: dict[tuple[str, tuple[Argument, ...]], tuple[object, str]] = {}
        self._tag_views: dict[tuple[str, str, int], TagView] = {}
        self._lasting: dict[int, tuple[object, str]] = {}
        self._views: dict[int, PageView] = {}  # by the identity of pages, which last as long as this does
        self._views_said: dict[int, str] = {}
        self._menus: dict[tuple[object, ...], tuple[MenuItem, ...]] = {}
        self._functions: Mapping[str, Callable[..., object]] = {
            "breadcrumbs": self._breadcrumbs,
            "cover": self._cover,
            "card": self._card,
            "credits": self._credits,
            "feed": self._feed,
            "gallery": self._gallery,
            "image": self._image,
            "link": self._link,
            "menu": self._menu,
            "pages": self._list,
            "paginate": self._paginate,
            "picture": self._picture,
            "static": self._file,
            "tags": self._tags,
            "translations": self._translations,
            "url": self._url,
        }

    def ask(self, function: str, arguments: Sequence[Argument]) -> tuple[object, str]:
        """The answer and its digest. Raises LookupError or ValueError, in words for the template's author."""
        question = (function, tuple(arguments))
        found = self._answers.get(question)
        if found is None:
            answer = self._functions[function](*arguments)
            found = self._lasting.get(id(answer))
            if found is None:
                found = (answer, self._digest(answer))
            if isinstance(answer, Picture):
                self._lasting[id(answer)] = found
            if function in _SHARED:
                self._answers[question] = found
        return found

    def _digest(self, answer: object) -> str:
        return digest_of(self._said(answer).encode("utf-8", "surrogatepass"))[:16]

    def _said(self, answer: object) -> str:
        """All that an answer says. Of a page that many lists show the digest stands for it."""
        if isinstance(answer, PageView) and (said := self._views_said.get(id(answer))):
            return said
        if isinstance(answer, Listing):
            rest = answer.number, answer.count, answer.total, answer.steps, answer.previous, answer.next
            return f"{self._said(answer.entries)} {rest!r}"
        return f"({', '.join(map(self._said, answer))})" if isinstance(answer, tuple) else repr(answer)

    def _view(self, page: Page) -> PageView:
        view = self._views.get(id(page))
        if view is None:
            view = self._views[id(page)] = page_view(self._config, page)
            self._views_said[id(view)] = digest_of(repr(view).encode("utf-8", "surrogatepass"))[:16]
        return view

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
        among = self._in.get(lang, []) if tag is None else self._tagged.get((lang, tag), [])
        found = select(among, lang, section, tag, order)
        return tuple(self._view(page) for page in found[:limit])

    def _paginate(self, lang: str, page_id: str) -> Listing[PageView]:
        """What a hub lists, cut to the page's own part. For a gallery only the numbers are told here."""
        page = self._known(lang, page_id)
        if page.template == GALLERY:
            return self._cut(page, len(shown_pictures(self._in[page.lang], page.lang)), ())
        found = self._listed(page)
        start, end = _part(page, len(found))
        return self._cut(page, len(found), tuple(self._view(each) for each in found[start:end]))

    def _listed(self, page: Page) -> list[Page]:
        """All that a hub lists; its numbered pages share the answer."""
        first = page.listing if page.number > 1 else page.id
        if (page.lang, first) not in self._members:
            among = self._tagged.get((page.lang, page.tag), []) if page.tag else self._in[page.lang]
            self._members[page.lang, first] = members(among, page)
        return self._members[page.lang, first]

    def _gallery(self, lang: str, page_id: str, slot: str) -> Listing[GalleryEntry]:
        """Every published picture with the pages that show it, cut to the page's own part."""
        page = self._known(lang, page_id)
        found = list(self._shown(page.lang, slot))
        start, end = _part(page, len(found))
        entries = (
            GalleryEntry(picture=picture, pages=tuple(self._view(each) for each in pages)) for picture, pages in found[start:end]
        )
        return self._cut(page, len(found), tuple(entries))

    def _shown(self, lang: str, slot: str) -> Iterator[tuple[Picture, list[Page]]]:
        """Each picture once, cut for `slot` where it can be, else for any slot that it fills."""
        slots = tuple(dict.fromkeys((slot, GALLERY_SLOT, *self._config.slots)))
        for brief, pages in shown_pictures(self._in.get(lang, ()), lang).items():
            cuts = (self._pictures.get((brief, name, lang)) for name in slots)
            if picture := next((cut for cut in cuts if cut is not None), None):
                yield picture, pages

    def _cover(self, lang: str, page_id: str) -> Cover | None:
        """The sharing card of the first page that a hub lists and that has one."""
        page = self._known(lang, page_id)
        found = self._listed(page)
        start, end = _part(page, len(found))
        for each in found[start:end]:
            for slot, reference in each.slots.items():
                picture = self._pictures.get((reference.brief, slot, lang))
                if self._config.slots[slot].priority and picture is not None and picture.share is not None:
                    return Cover(picture=picture.id, share=picture.share, alt=picture.alt)
        return None

    def _card(self, lang: str) -> Cover | None:
        """The sharing card of a language's home page, for pages that show no picture at all."""
        home = self._by_id.get((lang, ""))
        for slot, reference in home.slots.items() if home is not None else ():
            picture = self._pictures.get((reference.brief, slot, lang))
            if picture is not None and picture.share is not None:
                return Cover(picture=picture.id, share=picture.share, alt=picture.alt)
        return None

    def _cut(self, page: Page, total: int, entries: tuple[Entry, ...]) -> Listing[Entry]:
        count = max(1, -(-total // page.paginate)) if page.paginate else 1
        urls = [self._url(page.lang, page.listing if page.number > 1 else page.id)]
        first = f"{page.listing if page.number > 1 else page.id}/page".lstrip("/")
        urls += [self._url(page.lang, f"{first}/{number}") for number in range(2, count + 1)]
        at = page.number - 1
        return Listing(
            entries=entries,
            number=page.number,
            count=count,
            total=total,
            steps=tuple(Step(number=number, url=url, current=number == page.number) for number, url in enumerate(urls, start=1)),
            previous=urls[at - 1] if at else "",
            next=urls[at + 1] if at + 1 < count else "",
        )

    def _tags(self, lang: str, page_id: str | None) -> tuple[TagView, ...]:
        """The tags of a page, as written and not counted, so that a new page makes no other anew; without a page all of the
        language, by label."""
        if page_id is not None:
            return tuple(self._tag(lang, tag, 0) for tag in self._known(lang, page_id).tags)
        counts = Counter(tag for page in select(self._in.get(lang, ()), lang, None, None, "order") for tag in page.tags)
        views = (self._tag(lang, tag, count) for tag, count in counts.items())
        return tuple(sorted(views, key=lambda view: (view.label.casefold(), view.id)))

    def _tag(self, lang: str, tag: str, count: int) -> TagView:
        key = (lang, tag, count)
        if key not in self._tag_views:
            self._tag_views[key] = self._tag_view(lang, tag, count)
        return self._tag_views[key]

    def _tag_view(self, lang: str, tag: str, count: int) -> TagView:
        hub = self._by_id.get((lang, tag_id(tag)))
        url = href(self._config, hub.url) if hub is not None and hub.tag == tag else ""
        return TagView(id=tag, label=tag_label(self._config, tag, lang), url=url, count=count)

    def _feed(self, lang: str) -> str:
        """The address of the language's feed, "" where there is none."""
        has = self._config.feeds and feed_entries(self._in.get(lang, ()), lang)
        return href(self._config, feed_path(self._config, lang)) if has else ""

    def _file(self, path: str) -> str:
        """The address of a passed-through file, with `?v=` and a part of its digest where the site asks for it."""
        name = path.removeprefix("/")
        if name not in self._static:
            raise LookupError(f"there is no file `site/static/{name}`; {nearest_hint(name, self._static)}".rstrip("; "))
        version = f"?v={self._static[name][:_VERSION_LENGTH]}" if self._config.version_query else ""
        return href(self._config, name) + version

    def _credits(self, lang: str) -> tuple[Credit, ...]:
        """Whom the pictures come from and on which terms, the most frequent first."""
        groups: dict[tuple[str, str, str, str], list[Picture]] = {}
        for picture, _ in self._shown(lang, GALLERY_SLOT):
            terms = (picture.credit, picture.creator, picture.copyright, local(self._config, picture.license))
            groups.setdefault(terms, []).append(picture)
        return tuple(
            Credit(
                credit=terms[0],
                creator=terms[1],
                copyright=terms[2],
                license=terms[3],
                count=len(pictures),
                ai=sum(picture.ai for picture in pictures),
            )
            for terms, pictures in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        )

    def _translations(self, page_id: str, lang: str) -> tuple[Translation, ...]:
        pages = (self._by_id.get((language.code, page_id)) for language in self._config.languages)
        return tuple(translation(self._config, page, lang) for page in pages if page)

    def _menu(self, name: str, lang: str, page_id: str) -> tuple[MenuItem, ...]:
        """The same for most pages of a section, so that it is put together and digested once for all of them."""
        entries = self._config.menus.get(name, ())  # a theme may offer more menus than a site has
        at = tuple(_within(page_id, entry.page) for entry in entries if not entry.url)
        key = (name, lang, at, page_id if any(page_id == entry.page for entry in entries) else None)
        if key not in self._menus:
            items = self._menus[key] = tuple(self._menu_items(entries, lang, page_id))
            self._lasting[id(items)] = (items, digest_of(repr(items).encode("utf-8", "surrogatepass"))[:16])
        return self._menus[key]

    def _menu_items(self, entries: Sequence[MenuEntry], lang: str, page_id: str) -> Iterator[MenuItem]:
        for entry in entries:
            label = in_language(entry.label, lang, self._config)
            if entry.url:
                url = local(self._config, entry.url)
                outside = "://" in url and not url.startswith(self._config.base_url)
                yield MenuItem(label=label or entry.url, url=url, current=False, within=False, external=outside)
                continue
            page = self._known(lang, entry.page)
            current = page.id == page_id and page.lang == lang
            within = current or _within(page_id, page.id)
            text = label or page.menu_title or page.title
            yield MenuItem(label=text, url=href(self._config, page.url), current=current, within=within, external=False)

    def _breadcrumbs(self, lang: str, page_id: str) -> tuple[PageView, ...]:
        """Home, every index above the page, the page itself; nothing for home and for the 404 page."""
        if page_id in ("", NOT_FOUND):
            return ()
        parts = page_id.split("/")
        above = ("/".join(parts[:count]) for count in range(len(parts) + 1))
        pages = (self._by_id.get((lang, each)) for each in above)
        return tuple(self._view(page) for page in pages if page)

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

    def __init__(self, access: Answering) -> None:
        self._access = access
        self._answers: dict[tuple[str, tuple[Argument, ...]], tuple[object, str]] = {}
        self._pictures: dict[tuple[str, str, str], Picture] = {}

    def ask(self, function: str, *arguments: Argument) -> object:
        found = self._answers.get((function, arguments))
        if found is None:
            found = self._answers[function, arguments] = self._access.ask(function, arguments)
            for picture in _pictures_in(found[0]):
                self._pictures.setdefault((picture.slot, picture.id, picture.lang), picture)
        return found[0]

    @property
    def reads(self) -> list[list[object]]:
        """[function, arguments, digest] of every question, sorted, as plain JSON."""
        asked = sorted(self._answers.items(), key=lambda read: (read[0][0], repr(read[0][1])))
        return [[function, list(arguments), digest] for (function, arguments), (_, digest) in asked]

    @property
    def heard(self) -> tuple[Heard, ...]:
        """Every question with its answer and the answer's digest."""
        return tuple((function, arguments, *found) for (function, arguments), found in self._answers.items())

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture that was given out, by slot and id: the order in which a template asks reaches no output."""
        return tuple(self._pictures[key] for key in sorted(self._pictures))


def _within(page_id: str, above: str) -> bool:
    """Whether a page lies below another; nothing lies below home."""
    return bool(above) and page_id.startswith(above + "/")


def _part(page: Page, total: int) -> tuple[int, int]:
    """Where a page's part of its listing begins and ends."""
    if not page.paginate:
        return 0, total
    return (page.number - 1) * page.paginate, page.number * page.paginate


def _pictures_in(answer: object) -> Iterator[Picture]:
    if isinstance(answer, Picture):
        yield answer
    elif isinstance(answer, Listing):
        yield from (entry.picture for entry in answer.entries if isinstance(entry, GalleryEntry))
