"""What a browser saw against what the files promise: agreement, and each disagreement as a finding.

Takes promises and observations, yields findings of level note: a lab run confirms, it does not gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..devices import Device
from ..model import Finding, Level, Origin
from .expected import Chosen, Promise

_NEAR_RATIO = 0.2  # how far the estimated largest paint may be from the measured one
_NEAR_MS = 250
_CLS = 0.1
_INP_MS = 200
_URGENT = ("High", "VeryHigh")

HINTS = {
    "lab-candidate-differs": "the browser took another file than the sizes promise; look at what styles do to the picture",
    "lab-double-download": "one picture came twice: a preload that differs from the picture, or a script",
    "lab-lcp-differs": "the estimate is off for this page; trust the browser, and tell us",
    "lab-lcp-element-differs": "what paints largest is not what was expected; see rule `lcp-text`",
    "lab-shift": "something moves while the page loads, although its files give no reason",
    "lab-slow-tap": "a tap is answered late: look for long scripts",
    "lab-low-priority": "the largest paint was asked for with low priority",
    "lab-not-loaded": "the picture was not loaded although it is on the first screen",
}


class Spread(NamedTuple):
    """Median, least and most of several runs."""

    median: float
    low: float
    high: float


class Seen(NamedTuple):
    """What a browser saw on one page with one device: the medians of `runs` runs. Times in ms; `cls` has no unit.

    `shown` is by CSS path the file that each picture shows ("" for none), `asked` by file how often it was asked for,
    `priorities` by file the priority of the first request. `lcp_file` is "" when the largest paint is no picture.
    """

    path: str
    device: Device
    runs: int
    lcp_ms: Spread
    cls: Spread
    inp_ms: Spread
    tbt_ms: Spread
    ttfb_ms: Spread
    lcp_element: str
    lcp_file: str
    shown: Mapping[str, str]
    asked: Mapping[str, int]
    priorities: Mapping[str, str]


def disagreements(promise: Promise, seen: Seen, *, prefix: str) -> Iterator[Finding]:
    """Everything in which the browser and the files differ on one page and device."""
    for picture in promise.pictures:
        yield from _picture(promise, picture, seen, prefix)
    yield from _largest(promise, seen, prefix)
    if seen.cls.median > _CLS:
        yield _note(
            "lab-shift", f"expected a shift of at most {_CLS}, got {seen.cls.median:.3f}", promise, prefix, seen.cls.median, _CLS
        )
    if seen.inp_ms.median > _INP_MS:
        message = f"expected a tap to be answered within {_INP_MS} ms, got {seen.inp_ms.median:.0f} ms"
        yield _note("lab-slow-tap", message, promise, prefix, round(seen.inp_ms.median), _INP_MS)


def _picture(promise: Promise, picture: Chosen, seen: Seen, prefix: str) -> Iterator[Finding]:
    came = sorted(file for file in picture.candidates if seen.asked.get(file))
    shown = seen.shown.get(picture.selector)
    if shown and shown != picture.file and shown in picture.candidates:
        message = f"expected /{picture.file}, got /{shown}"
        yield _note("lab-candidate-differs", message, promise, prefix, shown, picture.file, picture.selector)
    elif picture.is_hero and not came:
        yield _note(
            "lab-not-loaded", f"expected /{picture.file} to be loaded, got nothing", promise, prefix, selector=picture.selector
        )
    others = {one.file for one in promise.pictures if one is not picture}
    extra = [file for file in came if file not in others]
    if len(extra) > 1:
        message = f"expected one file of the picture, got {' and '.join('/' + file for file in extra)}"
        yield _note("lab-double-download", message, promise, prefix, len(extra), 1, picture.selector)


def _largest(promise: Promise, seen: Seen, prefix: str) -> Iterator[Finding]:
    hero = promise.hero
    is_picture = bool(seen.lcp_file)
    if promise.lcp_ms is not None and hero is not None and is_picture != promise.lcp_is_picture:
        words = ("a picture", "text")
        message = f"expected {words[not promise.lcp_is_picture]} as the largest paint, got {seen.lcp_element or 'nothing'}"
        yield _note("lab-lcp-element-differs", message, promise, prefix)
    if promise.lcp_ms is not None and seen.lcp_ms.median:
        off = abs(promise.lcp_ms - seen.lcp_ms.median)
        if off > max(_NEAR_MS, _NEAR_RATIO * seen.lcp_ms.median):
            message = f"expected the largest paint after {promise.lcp_ms} ms, got {seen.lcp_ms.median:.0f} ms"
            yield _note("lab-lcp-differs", message, promise, prefix, round(seen.lcp_ms.median), promise.lcp_ms)
    priority = seen.priorities.get(seen.lcp_file, "")
    if is_picture and priority and priority not in _URGENT:
        message = f"expected high priority for /{seen.lcp_file}, got {priority}"
        yield _note("lab-low-priority", message, promise, prefix, priority, "High")


def _note(
    rule: str,
    message: str,
    promise: Promise,
    prefix: str,
    measured: str | float | None = None,
    limit: str | float | None = None,
    selector: str = "",
) -> Finding:
    return Finding(
        rule=rule,
        level=Level.NOTE,
        message=f"{message} on a {promise.device.name}",
        origin=Origin(path=prefix + promise.path),
        subject=promise.address,
        measured=round(measured, 3) if isinstance(measured, float) else measured,
        limit=limit,
        hint=HINTS[rule],
        selector=selector,
    )


def spread(values: Sequence[float]) -> Spread:
    """Median, least and most; zeros for no values."""
    if not values:
        return Spread(0.0, 0.0, 0.0)
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Spread(median, ordered[0], ordered[-1])
