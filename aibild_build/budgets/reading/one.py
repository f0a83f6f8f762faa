"""`OnePage`: what a rule gets. A page as it was read, the site around it, and what several rules want of both, worked out
once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

from ...devices import DEVICES, Device
from .boxes import Box, Styles, box_on, sides_on, styles_on
from .css import Css, read_css
from .faults import Fault
from .fonts import Faces, fetched_faces
from .jsonld import Graph, read_jsonld
from .loading import Load, common_loads, picture_loads, the_page
from .page import Img, Seen, Tag
from .pictures import Shown, show, whole_px
from .site import BuiltSite, Kind, Target

# What fits on a phone's first screen (823 CSS px) above a picture that can still be seen: a menu and a title, no long text
_FOLD_CHARS = 700
_LARGE_PX = 200
_LARGE_AREA = 40_000
_MEASURED = (DEVICES[1], DEVICES[3])
_BORDERS = ("nav", "footer")
HEADER_PX = 72
_LARGER = 1.2  # layout is guessed; a difference below a fifth is none
_MARGIN_PX = 20
_COLUMN_PX = 700
_TEXT_PX = 16


class OnePage:
    """`pictures` are all that a browser shows, `hero` the one that is most likely the largest paint, if that is a picture."""

    def __init__(self, seen: Seen, site: BuiltSite) -> None:
        self.seen = seen
        self.site = site
        self._loads: dict[Device, tuple[Load, ...]] = {}
        self._styles: dict[str, Styles] = {}
        self._boxes: dict[tuple[str, Device], Box | None] = {}
        self._large: dict[str, bool] = {}

    def fault(
        self,
        rule: str,
        message: str,
        tag: Tag | None = None,
        *,
        measured: str | float | int | None = None,
        limit: str | float | int | None = None,
        hint: str = "",
    ) -> Fault:
        """A fault on this page, at an element if there is one."""
        if isinstance(measured, float):
            measured = round(measured, 3)
        line, selector = (tag.line, tag.path) if tag is not None else (1, "")
        return Fault(rule, self.seen.path, message, line, selector, measured, limit, hint)

    @cached_property
    def address(self) -> str:
        """The page's path on the site, as settings name it: "/guide/start/"."""
        folder, slash, name = self.seen.path.rpartition("/")
        return "/" + (folder + slash if name in ("index.html", "index.htm") else self.seen.path)

    def resolve(self, url: str) -> Target | None:
        return self.site.resolve(url, self.seen.base)

    @cached_property
    def pictures(self) -> tuple[Shown, ...]:
        return tuple([show(img, self.site, self.seen.base) for img in self.seen.images])

    @cached_property
    def hero(self) -> Shown | None:
        """The first large picture on the first screen; one with high priority goes before one without."""
        early = [shown for shown in self.pictures if is_early(shown.img) and self.is_large(shown)]
        return next((shown for shown in early if shown.high), early[0] if early else None)

    def painted(self, device: Device) -> Shown | None:
        """The picture that is most likely the largest paint: the hero, unless one above it surely covers more of the screen."""
        hero = self.hero
        if hero is None or not hero.high:
            return hero
        before = self.pictures[: self.pictures.index(hero)]
        above = [one for one in before if is_early(one.img) and self.is_large(one) and self._is_sized(one, device)]
        if not above:
            return hero
        largest = max(above, key=lambda one: self.area_px(one, device))
        return largest if self.area_px(largest, device) > _LARGER * self.area_px(hero, device) else hero

    def area_px(self, shown: Shown, device: Device) -> int:
        """What can be seen of a picture on the device's first screen, in CSS px², below the text and the pictures above it."""
        above = HEADER_PX + text_px(shown.img.chars_before, device, _TEXT_PX)[1]
        for other in self.pictures:
            if other is shown or above >= device.height:
                break
            if not other.img.unseen and self.is_large(other):
                above += self._size_px(other, device)[1]
        width, height = self._size_px(shown, device)
        return max(0, round(width * min(height, device.height - above)))

    def box(self, shown: Shown, device: Device) -> Box | None:
        """The box that the page's own styles surely give a picture, None where they leave it to the file."""
        path, styles = shown.img.tag.path, self._styles_on(shown)
        if (path, device) not in self._boxes:
            self._boxes[path, device] = box_on(shown, styles, device) if styles else None
        return self._boxes[path, device]

    def is_large(self, shown: Shown) -> bool:
        """Whether a picture is shown large enough to be the largest paint on a phone or a laptop. One whose size nothing tells
        is not: a picture on another host may be an avatar."""
        path = shown.img.tag.path
        if path not in self._large:
            self._large[path] = self._is_large(shown)
        return self._large[path]

    def size_is_unknown(self, shown: Shown) -> bool:
        """Whether neither the page, its styles nor files tell how large a picture is: it lies on another host. One with high
        priority is what the page itself takes for its largest."""
        if shown.is_vector or shown.high or shown.row_at(DEVICES[1]).srcset.by_width or whole_px(shown.img.tag.get("width")):
            return False
        targets = [option.target for _, option in shown.options()]
        is_foreign = bool(targets) and all(one is not None and one.kind is Kind.ELSEWHERE for one in targets)
        return is_foreign and not any(any(sides_on(shown, self._styles_on(shown), one)) for one in _MEASURED)

    def _is_large(self, shown: Shown) -> bool:
        if shown.is_vector or self.size_is_unknown(shown):
            return False
        styles = self._styles_on(shown)
        for device in _MEASURED:
            width, height = sides_on(shown, styles, device) if styles else (0.0, 0.0)
            ratio = shown.ratio_of(shown.row_at(device))
            width = width or (height * ratio if height else shown.box_px(shown.row_at(device), device))
            if width >= _LARGE_PX and width * (height or width / ratio) >= _LARGE_AREA:
                return True
        return False

    def _styles_on(self, shown: Shown) -> Styles:
        path = shown.img.tag.path
        if path not in self._styles:
            self._styles[path] = styles_on(shown, self.sheets)
        return self._styles[path]

    def _is_sized(self, shown: Shown, device: Device) -> bool:
        """Whether the page says how wide a picture is; the files alone do not, since a column may be narrower."""
        row = shown.row_at(device)
        said = row.srcset.by_width or shown.img.tag.has("width") or row.tag.has("width")
        return said or self.box(shown, device) is not None

    def _size_px(self, shown: Shown, device: Device) -> tuple[float, float]:
        box, row = self.box(shown, device), shown.row_at(device)
        width = min(box.width if box is not None else shown.box_px(row, device), device.width)
        return width, box.height if box is not None else width / shown.ratio_of(row)

    @cached_property
    def sheets(self) -> tuple[tuple[Css, str, Tag], ...]:
        """Every style sheet that the page uses: what it says, the address that its own addresses are relative to, and where the
        page names it. Imported sheets are followed two deep."""
        found = [(read_css(tag.text), self.seen.base, tag) for tag in self.seen.styles]
        found += [(read_css(f"*{{{tag.get('style')}}}"), self.seen.base, tag) for tag in self.seen.styled]
        for link in self.seen.rel("stylesheet"):
            found += self._linked(link.get("href"), self.seen.base, link, 2)
        return tuple(found)

    @cached_property
    def fonts(self) -> Faces:
        """The font faces that a browser fetches for the page's text."""
        foreign = (link.get("href") for link in self.seen.rel("stylesheet"))
        is_whole = not any((target := self.resolve(url)) is not None and target.kind is Kind.ELSEWHERE for url in foreign)
        return fetched_faces(self.seen, self.sheets, is_whole=is_whole)

    @cached_property
    def graph(self) -> Graph:
        """The page's structured data."""
        return read_jsonld(self.seen.jsonld)

    def loads(self, device: Device) -> tuple[Load, ...]:
        """Everything that the device loads for this page, the document first, each address once."""
        if device not in self._loads:
            self._loads[device] = self._loaded(device)
        return self._loads[device]

    def _loaded(self, device: Device) -> tuple[Load, ...]:
        found = {self.seen.url: the_page(self.seen, self.site)}
        for load in (*self._common_loads, *picture_loads(self.seen, self.site, self.pictures, device)):
            known = found.get(load.url)
            if known is None or (load.blocks and not known.blocks):
                found[load.url] = load
        return tuple(found.values())

    @cached_property
    def _common_loads(self) -> tuple[Load, ...]:
        return tuple(common_loads(self.seen, self.site, self.sheets, self.fonts))

    def _linked(self, url: str, base: str, tag: Tag, depth: int) -> Iterator[tuple[Css, str, Tag]]:
        target = self.site.resolve(url, base)
        if target is not None and target.kind is Kind.FILE and depth >= 0:
            sheet = self.site.sheet(target.path)
            yield sheet, target.url, tag
            for imported in sheet.imports[:20]:
                yield from self._linked(imported, target.url, tag, depth - 1)


def text_px(letters: int, device: Device, font_px: float) -> tuple[float, float]:
    """Width and height of a block of text: a letter is half as wide as its font is high."""
    column = min(device.width - 2 * _MARGIN_PX, _COLUMN_PX)
    wide = letters * font_px / 2
    return min(wide, column), math.ceil(wide / column) * font_px * 1.5


def is_early(img: Img) -> bool:
    """Whether a picture lies on the first screen, as far as the text above it tells."""
    return img.chars_before <= _FOLD_CHARS and not img.unseen and img.region not in _BORDERS
