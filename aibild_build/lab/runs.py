"""Drives Chromium over pages as devices, and measures: largest paint, shift, tap, blocked time, what came and how urgently.

Takes the address of a running server, promises and a number of runs, yields `Seen`s. Playwright drives the browser that is
installed; the network is slowed as Lighthouse slows it when it does so in earnest (its factors for DevTools: latency × 3.75,
throughput × 0.9), the processor by four on phones. Nothing but 127.0.0.1 can be reached.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import AibildError
from .compare import Seen, Spread, spread
from .expected import Promise

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_PHONE_PX = 600
_SLOW = {"latency": 150 * 3.75, "downloadThroughput": 1.6 * 1024 * 1024 / 8 * 0.9, "uploadThroughput": 750 * 1024 / 8 * 0.9}
_FAST = {"latency": 40 * 3.75, "downloadThroughput": 10 * 1024 * 1024 / 8 * 0.9, "uploadThroughput": 10 * 1024 * 1024 / 8 * 0.9}
_SETTLE_MS = 400
_PAGE_MS = 45_000

_WATCH = """(() => {
  const lab = window.__lab = {lcp: null, cls: 0, taps: [], long: []};
  const path = e => { if (!e || !e.parentElement) return e ? e.tagName.toLowerCase() : '';
    const same = [...e.parentElement.children].filter(o => o.tagName === e.tagName);
    return path(e.parentElement) + ' > ' + e.tagName.toLowerCase()
      + (same.length > 1 ? `:nth-of-type(${same.indexOf(e) + 1})` : ''); };
  const on = (type, look, more) => new PerformanceObserver(l => l.getEntries().forEach(look))
    .observe({type, buffered: true, ...more});
  on('largest-contentful-paint', e => lab.lcp = {time: e.startTime, url: e.url || '', element: path(e.element)});
  on('layout-shift', e => { if (!e.hadRecentInput) lab.cls += e.value; });
  on('event', e => { if (e.interactionId) lab.taps.push(e.duration); }, {durationThreshold: 16});
  on('longtask', e => lab.long.push([e.startTime, e.duration]));
})()"""
_READ = """selectors => ({...window.__lab,
  ttfb: performance.getEntriesByType('navigation')[0].responseStart,
  fcp: (performance.getEntriesByName('first-contentful-paint')[0] || {startTime: 0}).startTime,
  shown: selectors.map(s => { try { return document.querySelector(s)?.currentSrc || ''; } catch { return ''; } })})"""
_TAP = """() => { addEventListener('click', e => e.preventDefault(), true);
  const found = [...document.querySelectorAll('button, summary, a[href]')].find(e => { const b = e.getBoundingClientRect();
    return b.width && b.height && b.top >= 0 && b.bottom <= innerHeight && b.right <= innerWidth; });
  const box = found?.getBoundingClientRect();
  return box ? [box.left + box.width / 2, box.top + box.height / 2] : [innerWidth / 2, innerHeight / 2]; }"""


class _Run(NamedTuple):
    lcp_ms: float
    cls: float
    inp_ms: float
    tbt_ms: float
    ttfb_ms: float
    lcp_element: str
    lcp_file: str
    shown: dict[str, str]
    asked: Counter[str]
    priorities: dict[str, str]


def look(base: str, promises: Iterable[Promise], *, runs: int, browser: str | None = None) -> Iterator[tuple[Promise, Seen]]:
    """Visit each page as each device, so many times. `base` ends with a slash. Raises AibildError without a browser."""
    with chromium(browser) as running:
        for promise in promises:
            done = [_visit(running, base, promise) for _ in range(runs)]
            yield promise, _seen(promise, done)


@contextmanager
def chromium(browser: str | None) -> Iterator[Any]:
    """A browser that reaches nothing but this machine. Raises AibildError when there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise AibildError("`--lab` needs Playwright, which is not installed", hint="pip install 'aibild[lab]'") from error
    path = browser or next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise AibildError("`--lab` needs Chromium or Chrome, found neither", hint="install your system's package `chromium`")
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        except Error as error:
            raise AibildError(f"the browser {path} does not start: {str(error).splitlines()[0]}") from error
        try:
            yield chromium
        except Error as error:
            raise AibildError(f"the browser gave up: {str(error).splitlines()[0]}") from error
        finally:
            chromium.close()


def _visit(chromium: Any, base: str, promise: Promise) -> _Run:
    """One cold visit in a context of its own."""
    device = promise.device
    is_phone = device.width < _PHONE_PX
    context = chromium.new_context(
        viewport={"width": int(device.width), "height": int(device.height)},
        device_scale_factor=device.density,
        is_mobile=is_phone,
        has_touch=is_phone,
    )
    try:
        page = context.new_page()
        page.set_default_timeout(_PAGE_MS)
        page.add_init_script(_WATCH)
        asked: Counter[str] = Counter()
        priorities: dict[str, str] = {}
        _listen(context.new_cdp_session(page), base, is_phone, asked, priorities)
        page.goto(base + promise.address.lstrip("/"), wait_until="load")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(_SETTLE_MS)
        found = page.evaluate(_READ, [picture.selector for picture in promise.pictures])
        x, y = page.evaluate(_TAP)
        page.touchscreen.tap(x, y) if is_phone else page.mouse.click(x, y)
        page.wait_for_timeout(_SETTLE_MS)
        taps = page.evaluate("window.__lab.taps")
        return _run(found, taps, promise, base, asked, priorities)
    finally:
        context.close()


def _listen(session: Any, base: str, is_phone: bool, asked: Counter[str], priorities: dict[str, str]) -> None:
    def note(event: dict[str, Any]) -> None:
        file = _file(event["request"]["url"], base)
        if file:
            asked[file] += 1
            priorities.setdefault(file, event["request"].get("initialPriority", ""))

    session.on("Network.requestWillBeSent", note)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {"offline": False, **(_SLOW if is_phone else _FAST)})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4 if is_phone else 1})


def _run(
    found: dict[str, Any], taps: list[float], promise: Promise, base: str, asked: Counter[str], priorities: dict[str, str]
) -> _Run:
    largest = found["lcp"] or {"time": 0.0, "url": "", "element": ""}
    shown = {picture.selector: _file(url, base) for picture, url in zip(promise.pictures, found["shown"], strict=True)}
    blocked = sum(max(0.0, length - 50) for start, length in found["long"] if start + length > found["fcp"])
    return _Run(
        lcp_ms=largest["time"],
        cls=found["cls"],
        inp_ms=max(taps, default=0.0),
        tbt_ms=blocked,
        ttfb_ms=found["ttfb"],
        lcp_element=largest["element"].rpartition(" > ")[2],
        lcp_file=_file(largest["url"], base),
        shown=shown,
        asked=asked,
        priorities=priorities,
    )


def _seen(promise: Promise, runs: list[_Run]) -> Seen:
    """Medians; what is no number comes from the run whose largest paint is the median."""
    middle = sorted(runs, key=lambda run: run.lcp_ms)[len(runs) // 2]

    def of(name: str) -> Spread:
        return spread([float(getattr(run, name)) for run in runs])

    return Seen(
        path=promise.path,
        device=promise.device,
        runs=len(runs),
        lcp_ms=of("lcp_ms"),
        cls=of("cls"),
        inp_ms=of("inp_ms"),
        tbt_ms=of("tbt_ms"),
        ttfb_ms=of("ttfb_ms"),
        lcp_element=middle.lcp_element,
        lcp_file=middle.lcp_file,
        shown=middle.shown,
        asked=middle.asked,
        priorities=middle.priorities,
    )


def _file(url: str, base: str) -> str:
    """The file in the output that an address of the lab's server means, "" for any other."""
    plain = urlsplit(url)._replace(query="", fragment="").geturl() if url else ""
    path = unquote(plain[len(base) :]) if plain.startswith(base) else ""
    return path + "index.html" if plain.startswith(base) and (not path or path.endswith("/")) else path
