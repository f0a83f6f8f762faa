"""What a check found, as lines for people and as an object for machines.

Takes a `CheckReport`, yields text grouped by page, or JSON. A finding that many pages share is told once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from ..check import CheckReport, Rule
from ..model import Finding, Json, Level
from .objects import SCHEMA, by_level, finding_object

_ORDER = (Level.FATAL, Level.ERROR, Level.WARNING, Level.NOTE)
_MANY = 3  # pages that share a finding before it is told once for all of them
_MOST_NAMED = 3


def at_least(findings: Sequence[Finding], level: Level) -> tuple[Finding, ...]:
    """Those of that level and of graver ones."""
    wanted = _ORDER[: _ORDER.index(level) + 1]
    return tuple(finding for finding in findings if finding.level in wanted)


def check_object(report: CheckReport) -> dict[str, Json]:
    """The shape of `aibild check --json` (schemas/check.json)."""
    return {
        "schema": SCHEMA,
        "base_url": report.base_url,
        "pages": report.pages,
        "files": report.files,
        "bytes": report.bytes,
        "findings": {**by_level(report.findings), "list": [finding_object(finding) for finding in report.findings]},
        "waived": [finding_object(finding) for finding in report.waived],
        "known": [finding_object(finding) for finding in report.known],
    }


def rule_lines(rule: Rule) -> Iterator[str]:
    """What a rule asks for, what to do, and where that comes from."""
    yield f"{rule.id}  {rule.level.value}"
    yield f"  expected: {rule.title}"
    if rule.hint:
        yield f"  to do: {rule.hint}"
    yield f"  source: {rule.source}"


def check_lines(report: CheckReport, *, level: Level = Level.WARNING, verbose: bool = False) -> Iterator[str]:
    """A block a page: its file and address, then a line a finding with what was measured and the limit.

    Hints follow the first finding of each rule; with `verbose`, so do CSS paths.
    """
    told: set[str] = set()
    shared, single = _grouped(at_least(report.findings, level))
    if shared:
        yield "on several pages"
        for findings in shared:
            yield from _finding(findings[0], told, verbose=verbose, place=False)
            yield f"            {_pages(findings)}"
    for path, findings in single.items():
        subject = findings[0].subject
        yield f"{path}  {subject}" if subject.startswith("/") and not path.endswith(subject) else path
        for finding in findings:
            yield from _finding(finding, told, verbose=verbose, place=True)


def summary_line(report: CheckReport, shown: Collection[Finding]) -> str:
    """One line at the end: how many of each, and what was left out."""
    counts = by_level(report.findings)
    found = ", ".join(_number(counts[name], name) for name in ("error", "warning", "note"))
    hidden = len(report.findings) - len(shown)
    aside = [f"{len(report.waived)} waived"] if report.waived else []
    aside += [f"{len(report.known)} known"] if report.known else []
    aside += [f"{hidden} not shown"] if hidden else []
    return f"{_number(report.pages, 'page')}, {_number(report.files, 'file')}: {found}" + (
        f" ({', '.join(aside)})" if aside else ""
    )


def _grouped(findings: Sequence[Finding]) -> tuple[list[list[Finding]], dict[str, list[Finding]]]:
    same: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        same[finding.rule, finding.message].append(finding)
    shared = [group for group in same.values() if len({finding.subject for finding in group}) > _MANY]
    taken = {(group[0].rule, group[0].message) for group in shared}
    single: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if (finding.rule, finding.message) not in taken:
            single[finding.origin.path if finding.origin else finding.subject].append(finding)
    return sorted(shared, key=lambda group: (_ORDER.index(group[0].level), -len(group))), single


def _finding(finding: Finding, told: set[str], *, verbose: bool, place: bool) -> Iterator[str]:
    line = finding.origin.line if finding.origin is not None and place else None
    where = f"{line}:" if line else ""
    is_said = finding.limit is None or str(finding.limit) in finding.message
    limits = "" if is_said else f" ({finding.measured} against {finding.limit})"
    yield f"  {finding.level.value:<8}{where:>5} {finding.message}{limits} [{finding.rule}]"
    if verbose and finding.selector:
        yield f"                at {finding.selector}"
    if finding.hint and finding.rule not in told:
        told.add(finding.rule)
        yield f"                hint: {finding.hint}"


def _pages(findings: Sequence[Finding]) -> str:
    subjects = list(dict.fromkeys(finding.subject for finding in findings))
    rest = len(subjects) - _MOST_NAMED
    return f"    {len(subjects)} pages: {', '.join(subjects[:_MOST_NAMED])}" + (f" and {rest} more" if rest > 0 else "")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
