"""How wide a page's pictures are at many widths of the window, and which is painted largest: measured once, in a browser.

Takes the address of a running server and pages, yields plain numbers for each. Scripts run, since many layouts need them; the
pictures are those that stood in the page before any deferred script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from .runs import chromium

VIEWPORTS = (320, 479, 480, 639, 640, 767, 768, 1023, 1024, 1279, 1280, 1535, 1536, 1920)
_PHONE = {"width": 412, "height": 823}
_LAPTOP = {"width": 1350, "height": 940}
_PAGE_MS = 20_000
_PAINT_MS, _SETTLE_MS = 2_000, 250
_AS_LARGE = 0.9

_WATCH = """(() => { const on = () => { if (document.readyState !== 'loading' && !window.__imgs)
    window.__imgs = [...document.querySelectorAll('img')]; };
  addEventListener('readystatechange', on, true);
  new PerformanceObserver(l => l.getEntries().forEach(e => window.__lcp = e.element))
    .observe({type: 'largest-contentful-paint', buffered: true}); })()"""
_READ = """() => { const imgs = window.__imgs || [...document.querySelectorAll('img')];
  return {src: imgs.map(i => i.getAttribute('src') || ''), lcp: imgs.indexOf(window.__lcp)}; }"""
# Two frames: scripts that hear of a new width are through by then
_BOXES = """async () => { const frame = () => new Promise(done => requestAnimationFrame(done)); await frame(); await frame();
  return (window.__imgs || [...document.querySelectorAll('img')]).map(i => { const b = i.getBoundingClientRect();
    return [b.width, b.top + scrollY, b.height]; }); }"""


class Boxes(NamedTuple):
    """`sources` are the `src`s of the page's pictures in order. `widths` has for each the width of its box in CSS px at each of
    `VIEWPORTS` (0 where it is not shown), `first` whether it lies on the first screen of a phone or a laptop, or just below.
    `largest` is the place of the largest paint on a phone, or of an earlier picture that is as good as large, -1 where the
    largest is no picture."""

    sources: tuple[str, ...]
    widths: tuple[tuple[float, ...], ...]
    first: tuple[bool, ...]
    largest: int


def measure_boxes(base: str, addresses: Iterable[str]) -> Iterator[tuple[str, Boxes]]:
    """Each address, relative to `base`, with what was measured there; pages that do not load are left out. Raises AibildError
    without a browser."""
    from playwright.sync_api import Error

    with chromium(None) as browser:
        for address in addresses:
            context = browser.new_context(viewport=_PHONE, device_scale_factor=1.75)
            try:
                page = context.new_page()
                page.set_default_timeout(_PAGE_MS)
                page.add_init_script(_WATCH)
                page.goto(base + address.lstrip("/"), wait_until="load")
                with suppress(Error):  # the largest paint is told some frames after it was shown
                    page.wait_for_function("window.__lcp !== undefined", timeout=_PAINT_MS)
                page.wait_for_timeout(_SETTLE_MS)
                found = page.evaluate(_READ)
                phone = page.evaluate(_BOXES)
                page.set_viewport_size(_LAPTOP)
                laptop = page.evaluate(_BOXES)
                rows = []
                for width in VIEWPORTS:
                    page.set_viewport_size({"width": width, "height": 900})
                    rows.append([box[0] for box in page.evaluate(_BOXES)])
            except Error:
                continue
            finally:
                context.close()
            yield (
                address,
                Boxes(
                    sources=tuple(found["src"]),
                    widths=tuple(tuple(round(row[at], 2) for row in rows) for at in range(len(phone))),
                    first=tuple(
                        _near(one, _PHONE["height"]) or _near(other, _LAPTOP["height"])
                        for one, other in zip(phone, laptop, strict=True)
                    ),
                    largest=_first_as_large(phone, int(found["lcp"])),
                ),
            )


def _near(box: tuple[float, float, float], height: int) -> bool:
    """Within the first screen and half of the next, where a browser would begin to load a lazy picture at once."""
    width, top, _ = box
    return width > 0 and top < 1.5 * height


def _first_as_large(boxes: Sequence[tuple[float, float, float]], largest: int) -> int:
    """The first picture whose part on the phone's first screen is nearly that of the largest paint: where two are as large by
    a hair, other windows decide for the upper one."""
    if not 0 <= largest < len(boxes):
        return largest
    areas = [width * max(0.0, min(top + height, _PHONE["height"]) - max(top, 0.0)) for width, top, height in boxes]
    return next(at for at, area in enumerate(areas) if at == largest or area >= _AS_LARGE * areas[largest] > 0)
