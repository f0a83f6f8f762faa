"""Rules on pictures that are not `<img>`: in style sheets, on canvases, behind filters, loaded by scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..devices import DEVICES
from ..imagefile import format_of_name
from ..model import Level
from . import Family, Rule
from .reading import Effect, Fault, Kind, OnePage, Tag
from .reading.backgrounds import CONTENT_PX
from .reading.boxes import holds_on
from .reading.page import WRAPPERS
from .reading.selectors import Node, read_selectors

_NO_EFFECT = frozenset({"none", "normal", "unset", "initial", "inherit", "revert", "revert-layer"})
_LOADERS = re.compile(
    r"lazysizes|lazyload|lozad|unveil|layzr|blazy|echo\.js|picturefill|respimage|cloudinary|imgix|imagekit|uploadcare|twic\.pics"
    r"|gumlet|sirv\.js|cloudimage|imageboss|pixboost",
    re.I,
)

RULES = (
    Rule(
        id="picture-in-css",
        level=Level.WARNING,
        title="pictures that belong to the content are `<img>`",
        source="Google Search Central, Image SEO best practices: CSS images are not indexed",
        hint="put it into the page as `<img>` with an alt text; it is found earlier then, and by search engines at all",
    ),
    Rule(
        id="css-filter",
        level=Level.WARNING,
        title="no filter or blend mode is laid over a large picture",
        source="own; Filter Effects 1, section 4: the browser paints the element again for each change",
        hint="do it to the file instead: there it costs nothing, and every device shows the same",
    ),
    Rule(
        id="canvas-picture",
        level=Level.NOTE,
        title="pictures are not drawn by scripts",
        source="Google Search Central, Image SEO best practices",
        hint="what is on a canvas is not indexed and waits for its script; a chart is fine, a photograph should be an `<img>`",
    ),
    Rule(
        id="image-script",
        level=Level.WARNING,
        title="no script is needed to load pictures",
        source="Lighthouse 13 `third-parties-insight`, `lcp-discovery-insight`",
        hint='`srcset`, `sizes` and `loading="lazy"` do it in every browser of today',
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    yield from _in_css(page)
    yield from _filtered(page)
    for embed in page.seen.embeds:
        if embed.name == "canvas":
            yield page.fault("canvas-picture", "expected pictures as `<img>`, got a `<canvas>`", embed)
    for script in page.seen.scripts:
        found = _LOADERS.search(script.get("src"))
        if found:
            message = f"expected pictures without a script, got {script.get('src')}"
            yield page.fault("image-script", message, script, measured=found[0])


def _filtered(page: OnePage) -> Iterator[Fault]:
    """Effects on a large picture, on what is around it, or laid over it by what shares its box. What stands in closed dialogs, on
    icons, in states (`:hover`) and in media that neither phone nor laptop has is left alone."""
    effects = [(effect, tag) for css, _, tag in page.sheets for effect in css.effects if _shows(effect, tag)]
    told: set[str] = set()
    for shown in page.pictures if effects else ():
        if shown.img.unseen or not page.is_large(shown):
            continue
        line = shown.img.line
        around = [("filter", line[:count], count) for count in range(len(line), 0, -1)]
        around += [("mix-blend-mode", line[:count], count) for count in range(len(line), 0, -1)]
        # A backdrop is what lies behind an element: that may be the picture for what shares its box, never for what holds it
        box = line[:-1]
        while box and box[-1].name in WRAPPERS:
            box = box[:-1]
        over = [(name, (*box, one), 0) for one in shown.img.beside for name in ("backdrop-filter", "mix-blend-mode")]
        for name, elements, count in (*around, *over):
            found = _winner(effects, name, elements, shown.img.tag.path, len(line) - count if count else None)
            if found is not None and found[0].selector not in told:
                effect, tag = found
                told.add(effect.selector)
                selector = effect.selector if effect.selector != "*" else tag.name
                message = f"expected no `{effect.property}` over pictures, got `{effect.value}` on `{selector}`"
                yield page.fault("css-filter", message, tag, measured=effect.value)


def _shows(effect: Effect, tag: Tag) -> bool:
    media = tag.get("media") if tag.name in ("style", "link") else ""
    return any(holds_on(effect.conditions, media, device) for device in (DEVICES[1], DEVICES[3]))


def _winner(
    effects: Sequence[tuple[Effect, Tag]], name: str, line: Sequence[Node], path: str, above: int | None
) -> tuple[Effect, Tag] | None:
    """The effect that the last of a line of elements surely has; None for no effect. `above` says how far above the picture at
    `path` the element stands, None for one that stands elsewhere."""
    best: tuple[tuple[int, ...], Effect, Tag] | None = None
    own = " > ".join(path.split(" > ")[: -above or None]) if above is not None else ""
    for at, (effect, tag) in enumerate(effects):
        if effect.property != name:
            continue
        if tag.name not in ("style", "link"):
            weights = [(1, 0, 0, 0)] if tag.path == own else []
        else:
            weights = [(0, *one.specificity) for one in read_selectors(effect.selector) if one.meets(line) is True]
        for weight in weights:
            ranked = ("!" in effect.value, *weight, at)
            if best is None or ranked > best[0]:
                best = ranked, effect, tag
    if best is None or best[1].value.partition("!")[0].strip().lower() in _NO_EFFECT:
        return None
    return best[1], best[2]


def _in_css(page: OnePage) -> Iterator[Fault]:
    used: set[str] | None = None
    told: set[str] = set()
    for css, base, tag in page.sheets:
        for painted in css.urls:
            if not painted.property.startswith("background"):
                continue
            target = page.site.resolve(painted.value, base)
            if target is None or target.url in told or format_of_name(target.url.partition("?")[0]) in ("", "svg"):
                continue
            facts = page.site.facts(target.path) if target.kind is Kind.FILE else None
            if facts is None or facts.width < CONTENT_PX:
                continue
            if used is None:
                used = {option.file for shown in page.pictures for _, option in shown.options()}
            if target.path not in used:
                told.add(target.url)
                message = f"expected /{target.path} ({facts.width} × {facts.height}) as `<img>`, got it as a background alone"
                yield page.fault("picture-in-css", message, tag)


FAMILY = Family(name="paint", fingerprint=2, rules=RULES, page=_page)
