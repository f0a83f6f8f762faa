"""A baseline: what was wrong on a day, so that only what is worse than then fails.

Takes a report, yields one whose old findings are set aside; and, when a ratchet is wanted, the tighter baseline. Counted by rule
and page: how many there are and how far the worst one is beyond its limit. A finding that moves on its page stays known.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..canonical import canonical
from ..errors import AibildError
from ..model import Finding, Json
from .judging import CheckReport

SCHEMA = 1
_PLAY = 1.02  # bytes move a little with every encoder; 2 % further beyond a limit is not worse


class Known(NamedTuple):
    number: int
    beyond: float


Baseline = Mapping[tuple[str, str], Known]


def read_baseline(text: str, path: str) -> Baseline:
    """Parse a baseline file. Raises AibildError when it is none."""
    try:
        found = json.loads(text)
        if found["schema"] != SCHEMA:
            raise ValueError("another schema")
        return {
            (rule, subject): Known(int(row["count"]), float(row["beyond"]))
            for rule, subjects in found["findings"].items()
            for subject, row in subjects.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "remove it and run `aibild check --baseline FILE --ratchet` to write a new one"
        raise AibildError(f"expected {path} as a baseline, got something else", hint=hint) from error


def write_baseline(baseline: Baseline) -> bytes:
    """One line a rule and page, sorted, so that it reads well in a diff."""
    lines: dict[str, list[str]] = defaultdict(list)
    for (rule, subject), known in sorted(baseline.items()):
        row: Json = {"beyond": known.beyond, "count": known.number}
        lines[rule].append(f"   {canonical(subject).decode()}: {canonical(row).decode()}")
    blocks = [f"  {canonical(rule).decode()}: {{\n" + ",\n".join(rows) + "\n  }" for rule, rows in lines.items()]
    return (f'{{\n "schema": {SCHEMA},\n "findings": {{\n' + ",\n".join(blocks) + "\n }\n}\n").encode()


def hold_against(report: CheckReport, baseline: Baseline) -> tuple[CheckReport, Baseline]:
    """Set aside what the baseline knows; returns what remains, and the baseline tightened to what there still is.

    A rule on a page is worse than before when it has more findings or one that is further beyond its limit; then all its findings
    on that page count, since nobody can say which one is new.
    """
    grouped: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        grouped[finding.rule, finding.subject].append(finding)
    known: list[Finding] = []
    tightened: dict[tuple[str, str], Known] = {}
    for key, findings in grouped.items():
        before, now = baseline.get(key), measure(findings)
        if before is None:
            continue
        tightened[key] = Known(min(before.number, now.number), min(before.beyond, now.beyond))
        if now.number <= before.number and now.beyond <= before.beyond * _PLAY:
            known += findings
    kept = set(map(id, known))
    left = tuple(finding for finding in report.findings if id(finding) not in kept)
    return replace(report, findings=left, known=tuple(known)), tightened


def first_baseline(report: CheckReport) -> Baseline:
    """A baseline that knows everything that the report holds."""
    grouped: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        grouped[finding.rule, finding.subject].append(finding)
    return {key: measure(findings) for key, findings in grouped.items()}


def measure(findings: Iterable[Finding]) -> Known:
    """How many, and how far the worst is from its limit (0 where nothing was measured)."""
    every = list(findings)
    beyond = [
        abs(one.measured - one.limit)
        for one in every
        if isinstance(one.measured, int | float) and isinstance(one.limit, int | float)
    ]
    return Known(len(every), round(max(beyond, default=0.0), 6))
