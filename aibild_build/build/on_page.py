"""A page of the site with a candidate in it, for somebody who decides between candidates. Kept nowhere.

Takes a project and one candidate, yields the HTML of the real page as its own templates make it, its pictures being cuts that a
desk makes on request. Other pictures that the page names are those in use; what it only lists (cards, galleries) stays without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..lock import Pin
from ..model import MASTER, Candidate, Page, Picture, Source
from ..pages.listing import references
from ..plan import renderer_for
from ..plan.reading import Project
from ..renditions import lay_out
from ..renditions.ladder import Group
from .board import Choice, Entry, Showing
from .preview import cut_name

_HEAD = re.compile(r"<head>.*?</head>", re.S)
_STYLE = re.compile(r"<style>.*?</style>", re.S)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.S)
_OUTSIDE = re.compile(r"url\((?!['\"]?data:)[^)]*\)")
_LINK = re.compile(r"(<a\b[^>]*?\s)href=")
_WIDTHS_PX = (800, 1600)
Key = tuple[str, str, str]


def frame_name(slug: str, number: int, showing: int) -> str:
    """The file name of a page with a candidate in it."""
    return f"{slug}.{number}.{showing}.html"


def page_with(project: Project, entry: Entry, choice: Choice, showing: Showing, cuts: str) -> str:
    """The page that shows the picture, with this candidate in it: its styles and its body, and nothing that leads elsewhere.

    `cuts` is what stands before names of cuts. Raises TemplateError.
    """
    page = next(one for one in project.site.pages if (one.lang, one.id) == (showing.lang, showing.page))
    return _bare(renderer_for(project, _Pictures(project, page, entry, choice, cuts)).render(page).html)


class _Pictures(Mapping[Key, Picture]):
    """Pictures by brief, slot and language, composed when the page asks for them."""

    def __init__(self, project: Project, page: Page, entry: Entry, choice: Choice, cuts: str) -> None:
        self._project, self._entry, self._choice, self._cuts = project, entry, choice, cuts
        self._briefs = {reference.brief for reference in references(page)}

    def __getitem__(self, key: Key) -> Picture:
        brief, slot, lang = key
        pins = self._project.lock.briefs.get(brief, {})
        if brief not in self._briefs or MASTER not in pins:
            raise KeyError(key)
        holdings = {name: _holding(pinned.picked) for name, pinned in pins.items()}
        if brief == self._entry.brief:
            holdings[self._entry.name] = (self._choice.pixels, self._choice.size, "RGB")
        return self._picture(brief, slot, lang, holdings)

    def __iter__(self) -> Iterator[Key]:
        languages = [language.code for language in self._project.config.languages]
        return iter((brief, slot, lang) for brief in self._briefs for slot in self._project.config.slots for lang in languages)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _picture(self, brief_id: str, name: str, lang: str, holdings: Mapping[str, tuple[str, tuple[int, int], str]]) -> Picture:
        brief, slot = self._project.site.briefs[brief_id], self._project.config.slots[name]
        groups = lay_out(brief, slot, holdings, self._project.config.images).groups
        sources = [self._source(group, holdings, last=group is groups[-1]) for group in groups]
        words = brief.alt.get(lang)
        return Picture(
            id=brief_id,
            asset=holdings[MASTER][0][:12],
            slot=name,
            lang=lang,
            alt=words.text if words else "",
            alt_draft=False,
            caption=brief.caption.get(lang, ""),
            title=brief.title.get(lang, ""),
            credit=brief.credit,
            creator="",
            copyright="",
            license="",
            acquire_license_page="",
            source_type="",
            sources=tuple(sources[:-1]),
            fallback=sources[-1],
            src=sources[-1].candidates[-1],
            priority=slot.priority,
            placeholder="",
            colour="",
            focal=brief.focal,
            share=None,
            structured=(),
            thumb=None,
        )

    def _source(self, group: Group, holdings: Mapping[str, tuple[str, tuple[int, int], str]], *, last: bool) -> Source:
        box = (group.crop.x, group.crop.y, group.crop.width, group.crop.height)
        pixels = holdings.get(group.ratio, holdings[MASTER])[0]
        rows = tuple(
            Candidate(url=self._cuts + cut_name(pixels, box, width), width=width, height=round(width * box[3] / box[2]), bytes=0)
            for width in dict.fromkeys(min(width, box[2]) for width in _WIDTHS_PX)
        )
        return Source(
            media="" if last else group.media,
            type="image/webp",
            sizes=group.sizes,
            candidates=rows,
            width=rows[-1].width,
            height=rows[-1].height,
        )


def _holding(pin: Pin) -> tuple[str, tuple[int, int], str]:
    return pin.pixels, pin.size, "RGB"


def _bare(html: str) -> str:
    """Without scripts, metadata and addresses that only the finished site can answer."""
    styles = "".join(_STYLE.findall(html))
    head = f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>-</title>{styles}</head>'
    bare = _SCRIPT.sub("", _HEAD.sub(lambda _: head, html, count=1))
    return _LINK.sub(r"\1data-href=", _OUTSIDE.sub("none", bare))
