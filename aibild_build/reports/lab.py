"""What the lab saw, as lines for people and as an object for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..lab.compare import Seen, Spread
from ..lab.expected import Promise
from ..lab.lighthouse import Agreement, Audited
from ..model import Finding, Json
from .objects import finding_object


def lab_lines(seen: Sequence[tuple[Promise, Seen]]) -> Iterator[str]:
    """A table of page × device: medians with their spread, and the file that the hero came as."""
    if not seen:
        return
    yield f"in the lab, {seen[0][1].runs} runs each: median (least–most)"
    names = f"{'largest paint ms':>20} {'told':>6} {'shift':>6} {'tap':>5} {'blocked':>8} {'first byte':>10}"
    yield f"  {'page':<34} {'device':<11} {names}  hero"
    for promise, one in seen:
        told = "" if promise.lcp_ms is None else str(promise.lcp_ms)
        hero = promise.hero
        came = one.shown.get(hero.selector, "").rpartition("/")[2] if hero is not None else ""
        yield (
            f"  {promise.address[:34]:<34} {one.device.name:<11} {_spread(one.lcp_ms):>20} {told:>6} {one.cls.median:>6.3f} "
            f"{one.inp_ms.median:>5.0f} {one.tbt_ms.median:>8.0f} {one.ttfb_ms.median:>10.0f}  {came}"
        )


def agreement_lines(agreements: Sequence[Agreement], audited: Sequence[Audited]) -> Iterator[str]:
    """Lighthouse's scores, then every audit on which it and we differ, then the count."""
    for one in audited:
        scores = ", ".join(f"{name} {score}" for name, score in one.scores.items())
        yield f"  {one.path:<40} {one.device:<8} {scores}"
    for found in agreements:
        if found.verdict != "agree":
            who = ", ".join(found.ours) if found.verdict == "we only" else found.shown
            yield f"  {found.verdict:<9} {found.audit} on {found.path} ({found.device}): {who}"
    counts = Counter(found.verdict for found in agreements)
    version = audited[0].version if audited else ""
    told = ", ".join(f"{counts[name]} {name}" for name in ("agree", "we only", "they only"))
    yield f"Lighthouse {version} and aibild, audit by audit: {told}"


def lab_object(
    seen: Iterable[tuple[Promise, Seen]], agreements: Iterable[Agreement], findings: Iterable[Finding]
) -> dict[str, Json]:
    """What `aibild check --lab --lighthouse --har --json` adds under `lab`."""
    return {
        "seen": [_seen_object(promise, one) for promise, one in seen],
        "lighthouse": [
            {
                "path": one.path,
                "device": one.device,
                "audit": one.audit,
                "verdict": one.verdict,
                "rules": list(one.ours),
                "shown": one.shown,
            }
            for one in agreements
        ],
        "findings": [finding_object(finding) for finding in findings],
    }


def _seen_object(promise: Promise, one: Seen) -> dict[str, Json]:
    hero = promise.hero
    return {
        "path": promise.path,
        "device": one.device.name,
        "runs": one.runs,
        "told_lcp_ms": promise.lcp_ms,
        "lcp_element": one.lcp_element,
        "lcp_file": one.lcp_file,
        "hero_told": hero.file if hero is not None else None,
        "hero_shown": one.shown.get(hero.selector, "") if hero is not None else None,
        "priority": one.priorities.get(one.lcp_file, ""),
        **{name: _three(getattr(one, name)) for name in ("lcp_ms", "cls", "inp_ms", "tbt_ms", "ttfb_ms")},
    }


def _three(spread: Spread) -> dict[str, Json]:
    return {"median": round(spread.median, 4), "low": round(spread.low, 4), "high": round(spread.high, 4)}


def _spread(spread: Spread) -> str:
    return f"{spread.median:.0f} ({spread.low:.0f}–{spread.high:.0f})"
