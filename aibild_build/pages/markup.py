"""`Picture` → HTML: `<picture>`, preload, figure; slots → CSS.

Takes finished pictures and slots, yields text and nothing else: every width, media query and `sizes` is copied from the picture,
so picture, preload and stylesheet cannot disagree. Knows no page and opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from ..model import Breakpoint, Candidate, Picture, Slot, Source

_NARROWER = re.compile(r"\(max-width: (\d+(?:\.\d+)?)px\)")
_JUST_BELOW_PX = 0.02  # "(max-width: 639.98px)" is how a range that ends before 640px is written


def picture_html(picture: Picture, *, css_class: str = "", eager: bool = False) -> Markup:
    """One `<picture>`: a `<source>` per media group and format, best first, then `<img>` with its own srcset.

    A priority picture (or `eager`) loads at once and first; every other one is lazy. `sizes` are always lengths, since today's
    checkers refuse `auto` on a `<source>`.
    """
    sources = "".join(_source(source) for source in picture.sources)
    classes = f' class="{escape(css_class)}"' if css_class else ""
    return Markup(f"<picture{classes}>{sources}{_img(picture, eager)}</picture>")


def sources_html(picture: Picture, *, sized: bool = True) -> Markup:
    """The `<source>`s of a picture alone. Without `sized` they say no width and height: those of the `<img>` hold then."""
    return Markup("".join(_source(source, sized) for source in picture.sources))


def figure_html(
    picture: Picture, caption: str | None = None, credit: str | None = None, *, note: str = "", css_class: str = ""
) -> Markup:
    """`<figure>` with `<figcaption>` of caption, credit (linked to the licence where there is one) and a note.

    None takes the picture's own caption or credit, an empty text leaves it out. The caption never replaces the alt text.
    """
    said = picture.caption if caption is None else caption
    owed = picture.credit if credit is None else credit
    parts = []
    if said:
        parts.append(f'<span class="caption">{escape(said)}</span>')
    if owed:
        text = escape(owed)
        linked = f'<a rel="license" href="{escape(picture.license)}">{text}</a>' if picture.license else text
        parts.append(f'<span class="credit">{linked}</span>')
    if note:
        parts.append(f'<span class="note ai-label">{escape(note)}</span>')
    below = f"<figcaption>{' '.join(parts)}</figcaption>" if parts else ""
    classes = f' class="{escape(css_class)}"' if css_class else ""
    return Markup(f"<figure{classes}>{picture_html(picture)}{below}</figure>")


def preload_html(picture: Picture) -> Markup:
    """A preload per media group, in its best format only, word for word what the `<source>` says.

    There is no "first match" among preloads, so the group without media gets the complement of the others, else a browser would
    fetch two crops. No `href`: a browser that does not know `imagesrcset` must not fetch the fallback.
    """
    best: dict[str, Source] = {}
    for source in picture.sources:
        best.setdefault(source.media, source)
    best.setdefault(picture.fallback.media, picture.fallback)
    others = [media for media in best if media]
    links = []
    for media, source in best.items():
        shown = media or _otherwise(others)
        links.append(
            f'<link rel="preload" as="image" type="{escape(source.type)}" imagesrcset="{escape(srcset(source.candidates))}"'
            f' imagesizes="{escape(source.sizes)}"{f" media={_quoted(shown)}" if shown else ""} fetchpriority="high">'
        )
    return Markup("\n".join(links))


def srcset(candidates: Iterable[Candidate]) -> str:
    """`url 640w, url 960w`: URL and real width of every candidate (HTML standard, section 4.8.4.2.1)."""
    return ", ".join(f"{candidate.url} {candidate.width}w" for candidate in candidates)


def slots_css(slots: Mapping[str, Slot]) -> Markup:
    """Width and aspect ratio of every slot as custom properties, changed at the slot's own breakpoints, and a class for each.

    `.slot-NAME` is the slot's box; `--slot-NAME-width` and `--slot-NAME-ratio` serve where a theme wants the numbers elsewhere.
    """
    rules = []
    for name, slot in sorted(slots.items()):
        for breakpoint in slot.breakpoints:
            values = f"--slot-{name}-width:{_width(breakpoint)};--slot-{name}-ratio:{breakpoint.ratio.replace(':', '/')}"
            rule = f":root{{{values}}}"
            rules.append(rule if not breakpoint.min_width else f"@media (min-width:{breakpoint.min_width}px){{{rule}}}")
        rules.append(f".slot-{name}{{width:var(--slot-{name}-width);max-width:100%;aspect-ratio:var(--slot-{name}-ratio)}}")
    return Markup("\n".join(rules))


def _source(source: Source, sized: bool = True) -> str:
    box = f' width="{source.width}" height="{source.height}"' if sized else ""
    media = f" media={_quoted(source.media)}" if source.media else ""
    return (
        f'<source{media} type="{escape(source.type)}" srcset="{escape(srcset(source.candidates))}" sizes="{escape(source.sizes)}"'
        f"{box}>"
    )


def _img(picture: Picture, eager: bool) -> str:
    fallback = picture.fallback
    # A hero is painted with the frame it arrives in; `decoding="async"` would let a frame go by with its placeholder alone.
    loading = 'fetchpriority="high"' if eager or picture.priority else 'loading="lazy" decoding="async"'
    background = picture.placeholder or picture.colour
    style = f' style="background:{escape(background)}"' if background else ""
    return (
        f'<img src="{escape(picture.src.url)}" srcset="{escape(srcset(fallback.candidates))}" sizes="{escape(fallback.sizes)}"'
        f' width="{fallback.width}" height="{fallback.height}" alt="{escape(picture.alt)}" {loading}'
        f' data-asset="{escape(picture.asset)}"{style}>'
    )


def _otherwise(others: list[str]) -> str:
    """The media query that holds where none of `others` does."""
    if not others:
        return ""
    ends = [_NARROWER.fullmatch(media.rpartition(" and ")[2]) for media in others]
    if all(ends):
        widest = max(float(end[1]) for end in ends if end)
        return f"(min-width: {widest + _JUST_BELOW_PX:.6g}px)"
    return " and ".join(f"(not ({media}))" if " and " in media else f"(not {media})" for media in others)


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _width(breakpoint: Breakpoint) -> str:
    terms = [f"{breakpoint.vw:.6g}vw"] if breakpoint.vw else []
    if breakpoint.offset or not terms:
        terms.append(f"{'- ' if breakpoint.offset < 0 else '+ ' if terms else ''}{abs(breakpoint.offset):.6g}px")
    width = " ".join(terms)
    if breakpoint.max_width:
        return f"min({width},{breakpoint.max_width:.6g}px)"
    return f"calc({width})" if len(terms) > 1 else width
