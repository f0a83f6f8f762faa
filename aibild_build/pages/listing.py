"""Which pages a page lists, in which order, and which pictures are shown where.

Takes the pages as read, yields pages. Whoever cuts a listing into numbered pages and whoever shows one ask here, so they cannot
disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import Page, PictureRef

NOT_FOUND = "404"
GALLERY = "gallery.html"
GALLERY_SLOT = "card"
HUB = "CollectionPage"  # what a page of pages is in structured data
ORDERS = ("order", "date", "updated", "title")


def select(pages: Iterable[Page], lang: str, section: str | None, tag: str | None, order: str) -> list[Page]:
    """The pages of a language in a section (None is every section) and with a tag, sorted; newest first where days decide.

    Home, the 404 page, hubs of tags and second pages of a listing are never among them. A section with a slash is a folder.
    """
    found = [
        page
        for page in pages
        if page.lang == lang
        and page.id not in ("", NOT_FOUND)
        and not (page.made or page.tag)
        and (section is None or _within(page, section))
        and (tag is None or tag in page.tags)
    ]
    found.sort(key=lambda page: (page.order, (page.menu_title or page.title).casefold(), page.id))
    if order == "title":
        found.sort(key=lambda page: page.title.casefold())
    elif order != "order":
        found.sort(key=lambda page: page.date if order == "date" else page.updated or page.date, reverse=True)
    return found


def members(pages: Iterable[Page], page: Page) -> list[Page]:
    """What a hub lists: the pages with its tag, those of its section, or (home) all."""
    if page.tag:
        return select(pages, page.lang, None, page.tag, page.sort_by)
    first = page.listing if page.number > 1 else page.id
    return select(pages, page.lang, first or None, None, page.sort_by)


def shown_pictures(pages: Iterable[Page], lang: str) -> dict[str, list[Page]]:
    """Every brief that indexable pages of a language name, with those pages; both in the order of the pages' addresses."""
    shown: dict[str, list[Page]] = {}
    for page in sorted(pages, key=lambda page: page.url):
        if page.lang != lang or page.noindex or page.made or page.id == NOT_FOUND:
            continue
        for brief in dict.fromkeys(reference.brief for reference in references(page)):
            shown.setdefault(brief, []).append(page)
    return shown


def references(page: Page) -> tuple[PictureRef, ...]:
    """Every picture that a page names: its slots' first, then those in its text."""
    return (*(page.slots[name] for name in sorted(page.slots)), *(piece for piece in page.body if isinstance(piece, PictureRef)))


def count_of(pages: Sequence[Page], page: Page) -> int:
    """How many entries a listing has: pictures in a gallery, pages elsewhere."""
    return len(shown_pictures(pages, page.lang)) if page.template == GALLERY else len(members(pages, page))


def _within(page: Page, section: str) -> bool:
    if "/" in section:
        return page.id.startswith(section + "/")
    return page.section == section and page.id != section
