"""Rules on image files: what their bytes are against what their names, types and descriptors say, and how heavy they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..model import FileFacts, Level
from . import Family, Rule
from .reading import Fault, OnePage, Option, Row, Shown
from .reading.pictures import promised_format

BYTES_PER_PIXEL = 1 / 6
SPARED_BYTES = 4096
MANIFEST_BYTES = 4096  # of a C2PA manifest without a thumbnail; ours take 3.2 kB
GIF_BYTES = 100 * 1024
_PLAY = 0.02
_ORDER_PLAY_BYTES = 512  # metadata differs a little from format to format

RULES = (
    Rule(
        id="image-broken",
        level=Level.ERROR,
        title="every image file can be read",
        source="own; the formats' specifications",
        hint="the file is damaged or no image: make it again",
    ),
    Rule(
        id="image-extension",
        level=Level.ERROR,
        title="a file name ends as its content is",
        source="Google Search Central, Image SEO best practices: file name extension matches the type",
        hint="rename the file, or encode it as its name says: servers send the type that the name promises",
    ),
    Rule(
        id="image-type",
        level=Level.ERROR,
        title="`type` of a `<source>` is what its files are",
        source="HTML standard, section 4.8.2",
        hint="browsers choose by `type` without looking at the file: a wrong one shows nothing, or skips what they could show",
    ),
    Rule(
        id="image-descriptor",
        level=Level.ERROR,
        title="a width descriptor is the file's real width",
        source="HTML standard, section 4.8.4.2.1",
        hint="browsers choose, and reserve space, by the descriptor: write the width that the file has",
    ),
    Rule(
        id="image-weight",
        level=Level.WARNING,
        title="an image file has at most a byte for six pixels, and 4 KiB; 4 KiB more if it is signed",
        source="Lighthouse 13 `image-delivery-insight`",
        hint="encode at lower quality or as AVIF; take the grain out before",
    ),
    Rule(
        id="image-order",
        level=Level.WARNING,
        title="of two formats of one width, the one that is offered first is smaller",
        source="own; browsers take the first type that they know, whatever it weighs",
        hint="leave the heavier format out, or put it behind the lighter one",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    told: set[tuple[str, str]] = set()
    for shown in page.pictures:
        for row, option in shown.options():
            for fault in _file(page, row, option):
                if (fault.rule, option.url) not in told:
                    told.add((fault.rule, option.url))
                    yield fault
        yield from _order(page, shown)


def _file(page: OnePage, row: Row, option: Option) -> Iterator[Fault]:
    facts = option.facts
    if facts is None:
        if option.file:
            why = page.site.fault(option.file)
            yield page.fault("image-broken", f"expected an image file at /{option.file}, got: {why}", row.tag)
        return
    promised = promised_format(option.file)
    if promised != option.format:
        named = f"`.{option.file.rpartition('.')[2]}`" if "." in option.file.rpartition("/")[2] else "no ending"
        message = f"expected the ending of /{option.file} to say {option.format}, got {named}"
        yield page.fault("image-extension", message, row.tag, measured=promised, limit=option.format)
    if row.type and row.type != facts.media_type and not row.is_img:
        message = f"expected type `{facts.media_type}` for /{option.file}, got `{row.type}`"
        yield page.fault("image-type", message, row.tag, measured=row.type, limit=facts.media_type)
    if option.format == "svg":
        return
    if option.width is not None and option.width != facts.width:
        message = f"expected descriptor `{facts.width}w` for /{option.file}, got `{option.width}w`"
        yield page.fault("image-descriptor", message, row.tag, measured=option.width, limit=facts.width)
    yield from _weight(page, row, option, facts)


def _weight(page: OnePage, row: Row, option: Option, facts: FileFacts) -> Iterator[Fault]:
    is_gif = option.format == "gif"
    limit = GIF_BYTES if is_gif else int(facts.width * facts.height * BYTES_PER_PIXEL) + SPARED_BYTES
    embedded = page.site.embedded(option.file)
    if embedded is not None and embedded.manifest and not is_gif:
        limit += MANIFEST_BYTES
    if facts.bytes > limit:
        size = f"{facts.width} × {facts.height}"
        message = f"expected /{option.file} ({size}) to have at most {limit} bytes, got {facts.bytes}"
        yield page.fault("image-weight", message, row.tag, measured=facts.bytes, limit=limit)


def _order(page: OnePage, shown: Shown) -> Iterator[Fault]:
    """Rows of equal media are one picture in several formats; each is held against the next."""
    for first, second in pairwise(shown.rows):
        if first.media != second.media and not second.is_img:
            continue
        pairs = [(one, other) for one in first.options if (other := _same_size(one, second)) is not None]
        for one, other in pairs:
            assert one.facts is not None and other.facts is not None
            if one.format != other.format and one.facts.bytes > other.facts.bytes + _ORDER_PLAY_BYTES:
                message = (
                    f"expected {one.format} of {one.facts.width} px to be smaller than {other.format} behind it"
                    f" ({other.facts.bytes} bytes), got {one.facts.bytes} bytes"
                )
                yield page.fault("image-order", message, first.tag, measured=one.facts.bytes, limit=other.facts.bytes)
                break


def _same_size(one: Option, row: Row) -> Option | None:
    """The candidate of a row that shows the same crop at the same width."""
    if one.facts is None:
        return None
    width, height = one.facts.width, one.facts.height
    for other in row.options:
        if (
            other.facts is not None
            and abs(other.facts.width - width) <= _PLAY * width
            and abs(other.facts.height - height) <= _PLAY * height
        ):
            return other
    return None


FAMILY = Family(name="formats", fingerprint=2, rules=RULES, page=_page)
