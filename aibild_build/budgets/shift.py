"""Rules on layout shift: every box has its size before what fills it arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import FileFacts, Level
from . import Family, Rule
from .reading import Fault, FontFace, Kind, OnePage, Option, Row, Shown, Tag
from .reading.pictures import whole_px

RATIO_PLAY = 0.02  # of Lighthouse's two pixels at small sizes; rounding to whole pixels stays below it
_ROUNDING_PX = 1.0
_EMBEDS = ("iframe", "video", "embed", "object", "input")
_BOTH = re.compile(
    r"(?<![-\w])(?:width|inline-size)\s*:.*(?<![-\w])(?:height|block-size)\s*:|(?<![-\w])(?:height|block-size)\s*:.*(?<![-\w])(?:width|inline-size)\s*:",
    re.I | re.S,
)
_OWN_BOX = re.compile(r"aspect-ratio\s*:|position\s*:\s*(?:absolute|fixed)|display\s*:\s*none", re.I)

RULES = (
    Rule(
        id="img-size-missing",
        level=Level.ERROR,
        title="every `<img>` has `width` and `height` in whole pixels",
        source="Lighthouse 13 `unsized-images`; HTML standard, section 4.8.17",
        hint="write the file's own width and height; CSS may still scale it (`height: auto`)",
    ),
    Rule(
        id="img-ratio",
        level=Level.ERROR,
        title="`width` and `height` have the ratio of the file",
        source="Lighthouse 13 `image-aspect-ratio`, `cls-culprits-insight`",
        hint="the box is kept in the attributes' ratio until the file arrives, then it jumps to the file's",
    ),
    Rule(
        id="picture-size-missing",
        level=Level.ERROR,
        title="a `<source>` whose files have another ratio than the `<img>` has its own `width` and `height`",
        source="HTML standard, section 4.8.17; Lighthouse 13 `cls-culprits-insight`",
        hint="write `width` and `height` on the `<source>` too",
    ),
    Rule(
        id="picture-ratio-differs",
        level=Level.ERROR,
        title="`width` and `height` of a `<source>` have the ratio of its files",
        source="HTML standard, section 4.8.17",
        hint="write the files' own width and height on the `<source>`",
    ),
    Rule(
        id="candidates-ratio",
        level=Level.ERROR,
        title="all candidates of one `srcset` have one ratio",
        source="HTML standard, section 4.8.4.1.2: a `srcset` is one picture in several sizes",
        hint="another crop belongs into a `<source>` with its own `media`",
    ),
    Rule(
        id="embed-size-missing",
        level=Level.WARNING,
        title="frames, videos and other embedded things have a size",
        source="Lighthouse 13 `cls-culprits-insight`",
        hint='write `width` and `height`, or `style="aspect-ratio: 16/9"`',
    ),
    Rule(
        id="font-shift",
        level=Level.WARNING,
        title="a web font moves no text when it arrives",
        source="Lighthouse 13 `cls-culprits-insight`; web.dev, Best practices for fonts",
        hint="`font-display: optional`, or a fallback face with `size-adjust`, or a preload of the font",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    for shown in page.pictures:
        if not shown.img.unseen:
            yield from _size(page, shown)
        for row in shown.rows:
            yield from _candidates(page, row)
    for embed in page.seen.embeds:
        if embed.name in _EMBEDS and not _is_sized(embed) and not embed.has("hidden"):
            message = f"expected `width` and `height` on `<{embed.name}>`, got {_got(embed)}"
            yield page.fault("embed-size-missing", message, embed)
    yield from _fonts(page)


def _size(page: OnePage, shown: Shown) -> Iterator[Fault]:
    tag = shown.img.tag
    box = _box(tag)
    if box is None:
        if not _is_sized(tag):
            yield page.fault("img-size-missing", f"expected `width` and `height` in whole pixels, got {_got(tag)}", tag)
        return
    *sources, own = shown.rows
    wrong = _first_unlike(box, (*own.options, *((shown.src,) if shown.src is not None else ())))
    if wrong is not None:
        yield _ratio_fault(page, "img-ratio", tag, box, wrong)
    for row in sources:
        source_box = _box(row.tag)
        wrong = _first_unlike(source_box or box, row.options)
        if wrong is None:
            continue
        if source_box is not None:
            yield _ratio_fault(page, "picture-ratio-differs", row.tag, source_box, wrong)
        else:
            facts = f"{wrong.width} × {wrong.height}"
            message = (
                f"expected `width` and `height` on a source of other ratio ({facts}, the `<img>` {box[0]} × {box[1]}), got none"
            )
            yield page.fault("picture-size-missing", message, row.tag)


def _ratio_fault(page: OnePage, rule: str, tag: Tag, box: tuple[int, int], facts: FileFacts) -> Fault:
    message = f"expected `width` and `height` in the file's ratio ({facts.width} × {facts.height}), got {box[0]} × {box[1]}"
    return page.fault(rule, message, tag, measured=box[0] / box[1], limit=round(facts.width / facts.height, 3))


def _candidates(page: OnePage, row: Row) -> Iterator[Fault]:
    known = [option.facts for option in row.options if option.facts is not None and option.facts.height]
    if len(known) < 2:
        return
    largest = max(known, key=lambda facts: facts.width)
    wrong = next((facts for facts in known if _unlike((largest.width, largest.height), facts)), None)
    if wrong is not None:
        message = f"expected all candidates in one ratio ({largest.width} × {largest.height}), got {wrong.width} × {wrong.height}"
        limit = round(largest.width / largest.height, 3)
        yield page.fault("candidates-ratio", message, row.tag, measured=wrong.width / wrong.height, limit=limit)


def _first_unlike(box: tuple[int, int], options: tuple[Option, ...]) -> FileFacts | None:
    for option in options:
        if option.facts is not None and option.format != "svg" and option.facts.height and _unlike(box, option.facts):
            return option.facts
    return None


def _unlike(box: tuple[int, int], facts: FileFacts) -> bool:
    """Whether a file's height differs from what the box's ratio gives for its width, beyond play and rounding."""
    height = facts.width * box[1] / box[0]
    return abs(height - facts.height) > max(_ROUNDING_PX, RATIO_PLAY * facts.height)


def _box(tag: Tag) -> tuple[int, int] | None:
    width, height = whole_px(tag.get("width")), whole_px(tag.get("height"))
    return (width, height) if width is not None and height is not None else None


def _is_sized(tag: Tag) -> bool:
    """By attributes, or by a `style` of its own; what a style sheet says is not known here."""
    style = tag.get("style")
    zero = tag.get("width") == "0" or tag.get("height") == "0"
    return zero or _box(tag) is not None or bool(_OWN_BOX.search(style) or _BOTH.search(style)) or tag.get("type") == "hidden"


def _got(tag: Tag) -> str:
    written = [f"`{name}={tag.get(name)}`" for name in ("width", "height") if tag.has(name)]
    return " and ".join(written) or "neither"


def _fonts(page: OnePage) -> Iterator[Fault]:
    preloaded = {_url(page, link.get("href")) for link in page.seen.rel("preload") if link.get("as") == "font"}
    if any(face.fitted for css, _, _ in page.sheets for face in css.fonts):
        return
    told: set[str] = set()
    for face, base, tag in page.fonts:
        if face.family not in told and face.display != "optional" and not _is_early(page, face, base, preloaded):
            told.add(face.family)
            message = f"expected font `{face.family}` to move no text, got font-display `{face.display}` and nothing to soften it"
            yield page.fault("font-shift", message, tag, measured=face.display, limit="optional")


def _is_early(page: OnePage, face: FontFace, base: str, preloaded: set[str]) -> bool:
    return any((target := page.site.resolve(url, base)) is not None and target.url in preloaded for url in face.urls)


def _url(page: OnePage, url: str) -> str:
    target = page.resolve(url)
    return target.url if target is not None and target.kind is not Kind.MISSING else ""


FAMILY = Family(name="shift", fingerprint=2, rules=RULES, page=_page)
