"""What a check found as one HTML file to look at: pages as devices get them, bytes against budgets, candidates, findings.

Takes a `CheckReport`, looks at pages and the rows of earlier runs, yields a document that needs no script, network or other
file. It opens nothing; the clock is an argument.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..budgets import Rule
from ..check import CheckReport
from ..check.looks import KINDS, Bar, Look
from ..model import Finding, Json, Level
from .objects import SCHEMA, by_level
from .places import rule_url
from .text import size

_MOST_RUNS = 40
_SPARK = (120, 28)
_LEVELS = {Level.FATAL: "error", Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
_ORDER = ("error", "warning", "note")
_PHONE = 1  # Lighthouse's phone among the five devices
KIND_NAMES = {
    "document": "HTML",
    "style": "style",
    "script": "script",
    "font": "font",
    "image": "pictures",
    "media": "media",
    "other": "other",
}


class Group(NamedTuple):
    """Findings of one rule on one page, or one that many pages share."""

    rule: Rule
    level: str
    url: str
    findings: tuple[Finding, ...]
    hint: str
    excess: float | None


class Sheet(NamedTuple):
    """One page of the report; `trend` is the drawing of what a phone loaded in earlier runs."""

    look: Look
    anchor: str
    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    trend: str
    before: int | None


def read_runs(text: str) -> list[dict[str, Any]]:
    """The rows of earlier runs, oldest first; [] for a file that is none."""
    try:
        found = json.loads(text)
        rows = found["runs"] if found.get("schema") == SCHEMA else []
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("pages"), dict)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def write_runs(earlier: Sequence[Mapping[str, Any]], row: Mapping[str, Json]) -> bytes:
    """The file of runs with this one at its end; the oldest ones leave."""
    rows = [*earlier, row][-_MOST_RUNS:]
    lines = ",\n  ".join(json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in rows)
    return f'{{\n "schema": {SCHEMA},\n "runs": [\n  {lines}\n ]\n}}\n'.encode()


def run_row(report: CheckReport, looks: Sequence[Look], today: str) -> dict[str, Json]:
    """What later runs want to know of this one: counts, and by page the bytes and the largest paint of a phone."""
    pages: dict[str, Json] = {
        look.address: {"bytes": look.bars[_PHONE].total, "lcp_ms": look.paints[0].ms if look.paints else None} for look in looks
    }
    return {"day": today, **by_level(report.findings), "bytes": report.bytes, "pages": pages}


def html_text(
    report: CheckReport,
    looks: Sequence[Look],
    rules: Mapping[str, Rule],
    earlier: Sequence[Mapping[str, Any]],
    *,
    today: str,
    prefix: str = "",
) -> str:
    """The whole document. `prefix` stands before paths in findings, and is no part of those in `looks`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aibild_build", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bytes"] = size
    environment.filters["number"] = lambda number: f"{number:,}".replace(",", "\u202f")
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_path[finding.origin.path if finding.origin else ""].append(finding)
    shown = {prefix + look.path for look in looks}
    rest = [finding for path, findings in by_path.items() if path not in shown for finding in findings]
    sheets = [_sheet(look, by_path[prefix + look.path], rules, earlier, number) for number, look in enumerate(looks)]
    counts = by_level(report.findings)
    return environment.get_template("check.html").render(
        report=report,
        today=today,
        counts=counts,
        trends={name: spark([*_series(earlier, name), counts[name]]) for name in _ORDER},
        before=earlier[-1] if earlier else None,
        sheets=sheets,
        rest=_groups(rest, rules),
        kinds=[(kind, KIND_NAMES[kind]) for kind in KINDS],
        widest=max((_scale(bar) for look in looks for bar in look.bars), default=1),
        host=report.base_url.partition("//")[2].rstrip("/") or report.base_url,
    )


def spark(values: Sequence[float]) -> str:
    """The points of a line through the values, for an SVG of 120 × 28; "" for fewer than two."""
    if len(values) < 2:
        return ""
    width, height = _SPARK
    low, high = min(values), max(values)
    span = high - low
    step = (width - 6) / (len(values) - 1)
    heights = [(value - low) / span if span else 0.5 for value in values]
    return " ".join(f"{3 + at * step:.1f},{height - 4 - part * (height - 8):.1f}" for at, part in enumerate(heights))


def _sheet(
    look: Look, findings: Sequence[Finding], rules: Mapping[str, Rule], earlier: Sequence[Mapping[str, Any]], number: int
) -> Sheet:
    past = [row["pages"][look.address].get("bytes") for row in earlier if isinstance(row["pages"].get(look.address), dict)]
    weights = [weight for weight in past if isinstance(weight, int)]
    trend = spark([*weights, look.bars[_PHONE].total])
    return Sheet(look, f"page-{number}", _groups(findings, rules), by_level(findings), trend, weights[-1] if weights else None)


def _groups(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> tuple[Group, ...]:
    same: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        same[finding.rule].append(finding)
    found = [
        Group(rules[rule], _LEVELS[ones[0].level], rule_url(rule), tuple(ones), ones[0].hint, _excess(ones))
        for rule, ones in same.items()
    ]
    return tuple(sorted(found, key=lambda group: (_ORDER.index(group.level), group.rule.id)))


def _excess(findings: Sequence[Finding]) -> float | None:
    """How many times the worst of them is its limit, None where that means nothing."""
    ratios = [
        one.measured / one.limit
        for one in findings
        if isinstance(one.measured, int | float) and isinstance(one.limit, int | float) and one.limit > 0 and one.measured >= 0
    ]
    return max(ratios, key=lambda ratio: abs(ratio - 1)) if ratios else None


def _series(earlier: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [row[name] for row in earlier if isinstance(row.get(name), int)]


def _scale(bar: Bar) -> int:
    return max(bar.total, bar.limits.get("page", 0), 1)
