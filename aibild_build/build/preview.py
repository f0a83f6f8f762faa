"""Cuts of masters for a screen that somebody looks at, and pages with a candidate in them. Kept nowhere.

Takes masters from the store, a project and one candidate; yields WebP bytes, and HTML of the real page as its own template makes
it. Nothing here is ever delivered: the site's files are made by `renditions`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

from ..errors import StoreCorrupt
from ..imagefile import decode_png
from ..model import MASTER, Candidate, Page, Picture, PictureRef, Source
from ..pages.listing import references
from ..plan import renderer_for
from ..plan.reading import Project
from ..renditions import lay_out
from ..store import Store
from .board import Box, Choice, Entry, Showing

_QUALITY = 84  # at 1600 px a master of 2400 px is about 150 KB, and its grain still shows
_HEAD = re.compile(r"<head>.*?</head>", re.S)
_STYLE = re.compile(r"<style>.*?</style>", re.S)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.S)
_OUTSIDE = re.compile(r"url\((?!['\"]?data:)[^)]*\)")
_LINK = re.compile(r"(<a\b[^>]*?\s)href=")
WIDTHS_PX = (640, 1280, 1920)


def cut_picture(store: Store, digest: str, box: Box, width_px: int) -> bytes:
    """The box (x, y, width, height in master pixels) of a master as WebP, at most `width_px` wide.

    Raises StoreCorrupt, ValueError.
    """
    from PIL import Image

    data = store.get(digest)
    if data is None:
        raise StoreCorrupt(f"the picture {digest[:12]} in the store was damaged", hint="build again: it is made anew")
    samples, size, mode = decode_png(data)
    x, y, width, height = box
    if min(box) < 0 or not width or not height or x + width > size[0] or y + height > size[1] or width_px < 1:
        raise ValueError(f"crop {width}×{height} at {x},{y} lies outside the master of {size[0]}×{size[1]} px")
    shown = Image.frombytes(mode, size, samples).crop((x, y, x + width, y + height))
    if width > width_px:
        shown = shown.resize((width_px, max(1, round(height * width_px / width))), Image.Resampling.LANCZOS)
    out = BytesIO()
    shown.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()


def cut_name(pixels: str, box: Box, width_px: int) -> str:
    """The file name of a cut, from which it can be made."""
    return f"{pixels}-{'-'.join(map(str, box))}-{width_px}.webp"


def frame_name(slug: str, number: int, showing: int) -> str:
    """The file name of a page with a candidate in it."""
    return f"{slug}.{number}.{showing}.html"


def page_with(project: Project, entry: Entry, choice: Choice, showing: Showing, others: dict[str, Choice], cuts: str) -> str:
    """The page that shows the picture, with this candidate in it: its styles and its body, and nothing that leads elsewhere.

    `others` are the candidates in use of the brief's other assets by name; `cuts` is what stands before names of cuts.
    """
    page = next(one for one in project.site.pages if (one.lang, one.id) == (showing.lang, showing.page))
    brief = project.site.briefs[entry.brief]
    used = {**others, entry.name: choice}
    if MASTER not in used:
        used[MASTER] = choice
    holdings = {name: (one.pixels, one.size, "RGB") for name, one in used.items()}
    names = {reference.slot for reference in references(page) if reference.brief == entry.brief}
    pictures: dict[tuple[str, str, str], Picture] = {}
    for name in names:
        slot = project.config.slots[name]
        layout = lay_out(brief, slot, holdings, project.config.images, 0)
        sources = []
        for group in layout.groups:
            box = (group.crop.x, group.crop.y, group.crop.width, group.crop.height)
            pixels = holdings.get(group.ratio, holdings[MASTER])[0]
            rows = tuple(
                Candidate(url=cuts + cut_name(pixels, box, width), width=width, height=round(width * box[3] / box[2]), bytes=0)
                for width in dict.fromkeys(min(width, box[2]) for width in WIDTHS_PX)
            )
            last = rows[-1]
            sources.append(
                Source(
                    media="" if group is layout.groups[-1] else group.media,
                    type="image/webp",
                    sizes=group.sizes,
                    candidates=rows,
                    width=last.width,
                    height=last.height,
                )
            )
        words = brief.alt.get(page.lang)
        pictures[entry.brief, name, page.lang] = Picture(
            id=entry.brief,
            asset=choice.pixels[:12],
            slot=name,
            lang=page.lang,
            alt=words.text if words else "",
            alt_draft=False,
            caption=brief.caption.get(page.lang, ""),
            title="",
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
    html = renderer_for(project, pictures).render(_alone(page, entry.brief)).html
    return _bare(html)


def _alone(page: Page, brief: str) -> Page:
    """The page without pictures of other briefs, which need not be made to judge this one."""
    body = tuple(part for part in page.body if not isinstance(part, PictureRef) or part.brief == brief)
    return replace(page, body=body, slots={name: ref for name, ref in page.slots.items() if ref.brief == brief})


def _bare(html: str) -> str:
    """Without scripts, metadata and addresses that only the finished site can answer."""
    styles = "".join(_STYLE.findall(html))
    head = f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>-</title>{styles}</head>'
    bare = _SCRIPT.sub("", _HEAD.sub(lambda _: head, html, count=1))
    return _LINK.sub(r"\1data-href=", _OUTSIDE.sub("none", bare))
