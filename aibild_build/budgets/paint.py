"""Rules on pictures that are not `<img>`: in style sheets, on canvases, behind filters, loaded by scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..imagefile import format_of_name
from ..model import Level
from . import Family, Rule
from .reading import Fault, Kind, OnePage
from .reading.backgrounds import CONTENT_PX

_ON_PICTURES = re.compile(r"(?<![\w-])(?:img|picture|video)(?![\w-])|hero|cover|banner|photo|figure", re.I)
_COSTLY = re.compile(r"blur\(|drop-shadow\(", re.I)
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
        title="no filter or blend mode is laid over pictures",
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
    told: set[str] = set()
    for css, _, tag in page.sheets:
        for effect in css.effects:
            selector = effect.selector if effect.selector != "*" else tag.name
            if effect.selector not in told and (_ON_PICTURES.search(selector) or _COSTLY.search(effect.value)):
                told.add(effect.selector)
                message = f"expected no `{effect.property}` over pictures, got `{effect.value}` on `{selector}`"
                yield page.fault("css-filter", message, tag, measured=effect.value)
    for embed in page.seen.embeds:
        if embed.name == "canvas":
            yield page.fault("canvas-picture", "expected pictures as `<img>`, got a `<canvas>`", embed)
    for script in page.seen.scripts:
        found = _LOADERS.search(script.get("src"))
        if found:
            message = f"expected pictures without a script, got {script.get('src')}"
            yield page.fault("image-script", message, script, measured=found[0])


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


FAMILY = Family(name="paint", fingerprint=1, rules=RULES, page=_page)
