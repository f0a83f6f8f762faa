"""A page's pictures with their files: which row of a `<picture>` and which candidate each device takes.

Takes an `Img` as it was read and a way to resolve addresses, yields `Shown`. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from ...devices import Device, Srcset, choose, matches, parse_srcset, width_at
from ...imagefile import format_of_name
from ...model import FileFacts
from .page import Img, Tag
from .site import BuiltSite, Kind, Target

_EVERYWHERE = ("image/avif", "image/webp", "image/jpeg", "image/png", "image/gif", "image/svg+xml", "image/apng", "")
_NONE = Srcset((), ())


class Option(NamedTuple):
    """One candidate: its descriptor, where it leads and, if it is an image on this site, its facts.

    `file` is its path in the output, "" when it is not there; `format` what it is by its bytes, or else what its name promises,
    "" when neither is known.
    """

    url: str
    width: int | None
    density: float | None
    target: Target | None
    facts: FileFacts | None
    file: str
    format: str


class Row(NamedTuple):
    """One `<source>`, or the `<img>` itself. `sizes` is None when the attribute is absent."""

    tag: Tag
    media: str
    type: str
    sizes: str | None
    srcset: Srcset
    options: tuple[Option, ...]

    @property
    def is_img(self) -> bool:
        return self.tag.name == "img"


class Taken(NamedTuple):
    """What a device shows: the row, the candidate and the width of the box in CSS px."""

    row: Row
    option: Option
    box_px: float


class Shown(NamedTuple):
    """A picture on a page. `rows` end with the `<img>`'s own; `src` is what `src` names, None without one."""

    img: Img
    rows: tuple[Row, ...]
    src: Option | None

    @property
    def lazy(self) -> bool:
        return self.img.tag.get("loading").lower() == "lazy"

    @property
    def high(self) -> bool:
        return self.img.tag.get("fetchpriority").lower() == "high"

    @property
    def is_vector(self) -> bool:
        formats = {option.format for row in self.rows for option in row.options}
        return formats == {"svg"}

    def options(self) -> Iterator[tuple[Row, Option]]:
        """Every candidate, `src` included, each file once a row."""
        for row in self.rows:
            for option in row.options:
                yield row, option
        if self.src is not None and all(option.url != self.src.url for option in self.rows[-1].options):
            yield self.rows[-1], self.src

    def row_at(self, device: Device) -> Row:
        """The row that a browser with all formats of today takes (HTML standard, section 4.8.4.3.5)."""
        return next(
            (row for row in self.rows[:-1] if row.type in _EVERYWHERE and row.options and matches(row.media, device)),
            self.rows[-1],
        )

    def taken(self, device: Device) -> Taken | None:
        """What the device loads, None when the row that it takes has no candidate."""
        row = self.row_at(device)
        if not row.options:
            return None
        box_px = self.box_px(row, device)
        densities = [
            option.width / max(box_px, 1) if option.width is not None else option.density or 1.0 for option in row.options
        ]
        return Taken(row, row.options[choose(densities, device.density)], box_px)

    def ratio_of(self, row: Row) -> float:
        """Width by height of a row's box, from attributes or files; 3:2 where nothing tells."""
        for tag in (row.tag, self.img.tag):
            width, height = whole_px(tag.get("width")), whole_px(tag.get("height"))
            if width and height:
                return width / height
        facts = next((option.facts for _, option in self.options() if option.facts is not None and option.facts.height), None)
        return facts.width / facts.height if facts is not None else 1.5

    def box_px(self, row: Row, device: Device) -> float:
        """Width of the box in CSS px: what `sizes` says; without widths in `srcset` the `width` attribute, at most the screen."""
        if row.srcset.by_width:
            return width_at(row.sizes if row.sizes is not None else "100vw", device)
        width = whole_px(row.tag.get("width")) or whole_px(self.img.tag.get("width"))
        if width is None:
            natural = row.options[0].facts if row.options else None
            width = round(natural.width / (row.options[0].density or 1.0)) if natural is not None else None
        return min(float(width), device.width) if width is not None else device.width


def whole_px(text: str) -> int | None:
    """A `width` or `height` attribute as whole pixels, None when it is anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0 else None


def show(img: Img, site: BuiltSite, base: str) -> Shown:
    """Put a picture together with its files."""

    def option(url: str, width: int | None, density: float | None) -> Option:
        target = site.resolve(url, base)
        if target is None:
            return Option(url, width, density, None, None, "", "")
        file = target.path if target.kind is Kind.FILE else ""
        facts = site.facts(file) if file else None
        kind = _kind(facts.media_type) if facts is not None else promised_format(target.url)
        return Option(url, width, density, target, facts, file, kind)

    src = option(img.tag.get("src"), None, 1.0) if img.tag.get("src") else None
    rows = [*(_row(tag, option) for tag in img.sources), _row(img.tag, option)]
    own = rows[-1]
    if src is not None and not own.srcset.by_width and all(entry.density != 1.0 for entry in own.srcset.entries):
        rows[-1] = own._replace(options=(*own.options, src))
    return Shown(img, tuple(rows), src)


@lru_cache(maxsize=1024)
def promised_format(url: str) -> str:
    """The image format that an address or a path promises by its ending, "" when none."""
    return format_of_name(url.partition("#")[0].partition("?")[0])


@lru_cache
def _kind(media_type: str) -> str:
    return media_type.removeprefix("image/").removesuffix("+xml")


def _row(tag: Tag, option: Callable[[str, int | None, float | None], Option]) -> Row:
    srcset = parse_srcset(tag.attrs["srcset"]) if tag.has("srcset") else _NONE
    return Row(
        tag=tag,
        media=tag.get("media"),
        type=tag.get("type").lower().partition(";")[0].strip(),
        sizes=tag.attrs.get("sizes"),
        srcset=srcset,
        options=tuple([option(*entry) for entry in srcset.entries]),
    )
