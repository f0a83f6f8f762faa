"""Rules on the hero: the picture that is most likely a page's largest paint. Its address in the HTML, its loading, its `src`."""

from __future__ import annotations

from collections.abc import Iterator

from ..devices import DEVICES
from ..model import Level
from . import Family, Rule
from .reading import Fault, Kind, OnePage, Shown
from .reading.one import is_early

SRC_WIDTH_PX = 1200
_SCRIPTED = ("data-src", "data-srcset", "data-lazy-src", "data-lazy-srcset", "data-original", "data-lazy", "data-echo", "data-bg")
_PLACEHOLDER_PX = 64
_INDEXED = ("jpeg", "png")

RULES = (
    Rule(
        id="hero-lazy",
        level=Level.ERROR,
        title="the first large picture is not lazy",
        source="Lighthouse 13 `lcp-discovery-insight`; web.dev, Optimize LCP",
        hint='take `loading="lazy"` off the first large picture: a lazy one is asked for only after layout',
    ),
    Rule(
        id="hero-not-in-html",
        level=Level.ERROR,
        title="the first large picture's address is in the HTML",
        source="Lighthouse 13 `lcp-discovery-insight`",
        hint="write the address into `src` and `srcset`: what a script fills in is found late, and not at all by some readers",
    ),
    Rule(
        id="hero-priority",
        level=Level.ERROR,
        title="the first large picture is asked for with high priority",
        source="Lighthouse 13 `lcp-discovery-insight`; HTML standard, section 2.5.8",
        hint='write `fetchpriority="high"` on the `<img>`: pictures start at low priority',
    ),
    Rule(
        id="hero-unknown",
        level=Level.NOTE,
        title="the first picture says how large it is",
        source="own",
        hint="write `width` and `height`: the picture lies on another host, so its file does not tell whether it is the hero",
    ),
    Rule(
        id="hero-not-largest",
        level=Level.WARNING,
        title="no picture above the one with high priority is larger on the first screen",
        source="Lighthouse 13 `lcp-discovery-insight`",
        hint='write `fetchpriority="high"` on the larger one instead, or move it below the hero',
    ),
    Rule(
        id="hero-priority-many",
        level=Level.WARNING,
        title="one picture on a page has high priority",
        source="web.dev, Optimize resource loading with the Fetch Priority API",
        hint="what is urgent beside the hero takes its bandwidth; leave `fetchpriority` to one picture",
    ),
    Rule(
        id="hero-foreign-host",
        level=Level.WARNING,
        title="the first large picture comes from the page's own host",
        source="web.dev, Optimize LCP: resource load delay",
        hint="another host costs a name lookup and two handshakes before the first byte; serve the hero yourself",
    ),
    Rule(
        id="hero-src-format",
        level=Level.WARNING,
        title="the first large picture's `src` is a JPEG or PNG",
        source="Google Search Central, Image SEO best practices: the fallback in `src` is what is indexed",
        hint="keep AVIF and WebP in `<source>`; `src` is what search engines and old readers take",
    ),
    Rule(
        id="hero-src-width",
        level=Level.WARNING,
        title=f"the first large picture's `src` is at least {SRC_WIDTH_PX} pixels wide",
        source="Google Search Central, Discover: large images of at least 1200 px",
        hint="let `src` name the largest JPEG; browsers that know `srcset` do not load it",
    ),
)


def _page(page: OnePage) -> Iterator[Fault]:
    urgent = [shown for shown in page.pictures if shown.high]
    if len(urgent) > 1:
        message = f"expected one picture with high priority, got {len(urgent)}"
        yield page.fault("hero-priority-many", message, urgent[1].img.tag, measured=len(urgent), limit=1)
    hero = page.hero
    if hero is None:
        unknown = next((shown for shown in page.pictures if is_early(shown.img) and page.size_is_unknown(shown)), None)
        if unknown is not None:
            message = "expected the size of the first picture in the page or its styles, got neither: no rule on heroes is asked"
            yield page.fault("hero-unknown", message, unknown.img.tag)
        return
    if scripted := _scripted(hero):
        message = f"expected the address of the first large picture in `src`, got it in `{scripted}` alone"
        yield page.fault("hero-not-in-html", message, hero.img.tag)
        return
    if hero.lazy:
        yield page.fault("hero-lazy", 'expected the first large picture without `loading="lazy"`, got it lazy', hero.img.tag)
    if not hero.high and not _preloaded(page, hero):
        got = hero.img.tag.get("fetchpriority") or "none"
        message = f'expected `fetchpriority="high"` on the first large picture, got {got}'
        yield page.fault("hero-priority", message, hero.img.tag)
    yield from _larger(page, hero)
    yield from _host(page, hero)
    if not page.seen.noindex:
        yield from _src(page, hero)


def _larger(page: OnePage, hero: Shown) -> Iterator[Fault]:
    """What paints largest counts, whatever the page says is urgent."""
    for device in (DEVICES[1], DEVICES[3]) if hero.high else ():
        largest = page.painted(device)
        if largest is not None and largest is not hero and not largest.high:
            area, own = page.area_px(largest, device), page.area_px(hero, device)
            message = (
                f"expected the urgent picture to cover most of a {device.name}, got {own} px² against {area} px² of this one"
            )
            yield page.fault("hero-not-largest", message, largest.img.tag, measured=own, limit=area)
            return


def _scripted(hero: Shown) -> str:
    """The attribute in which a script keeps the address, "" when a browser finds a real one itself."""
    attribute = next((name for name in _SCRIPTED if hero.img.tag.has(name)), "")
    if not attribute:
        return ""
    facts = hero.src.facts if hero.src is not None else None
    is_real = hero.src is not None and hero.src.target is not None and (facts is None or facts.width > _PLACEHOLDER_PX)
    return "" if is_real or any(row.options for row in hero.rows[:-1]) or hero.rows[-1].srcset.entries else attribute


def _preloaded(page: OnePage, hero: Shown) -> bool:
    """Whether a preload asks for the hero with high priority."""
    urls = {option.url for _, option in hero.options()}
    for link in page.seen.rel("preload"):
        if link.get("as") == "image" and link.get("fetchpriority").lower() == "high":
            named = {part.split()[0] for part in link.get("imagesrcset").split(",") if part.strip()} | {link.get("href")}
            if named & urls:
                return True
    return False


def _host(page: OnePage, hero: Shown) -> Iterator[Fault]:
    for row, option in hero.options():
        if option.target is not None and option.target.kind is Kind.ELSEWHERE:
            host = option.target.url.split("/")[2]
            message = f"expected the first large picture from the page's own host, got it from {host}"
            yield page.fault("hero-foreign-host", message, row.tag, measured=host, limit=page.site.host)
            return


def _src(page: OnePage, hero: Shown) -> Iterator[Fault]:
    if hero.src is None:
        message = "expected a JPEG or PNG in `src` of the first large picture, got none"
        yield page.fault("hero-src-format", message, hero.img.tag)
        return
    if hero.src.format and hero.src.format not in _INDEXED:
        message = f"expected a JPEG or PNG in `src` of the first large picture, got {hero.src.format}"
        yield page.fault("hero-src-format", message, hero.img.tag, measured=hero.src.format)
    facts = hero.src.facts
    if facts is not None and facts.width < SRC_WIDTH_PX:
        message = f"expected `src` of the first large picture to be {SRC_WIDTH_PX} px wide or more, got {facts.width} px"
        yield page.fault("hero-src-width", message, hero.img.tag, measured=facts.width, limit=SRC_WIDTH_PX)


FAMILY = Family(name="hero", fingerprint=3, rules=RULES, page=_page)
