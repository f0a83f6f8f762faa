"""Faults → findings: levels by rule and by path, waivers and their last day.

Takes what rules yielded and the site's settings, yields a `CheckReport`. Knows no file and no rule's meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..budgets import Rule
from ..budgets.reading import BuiltSite, Fault
from ..config import Waiver, path_matches
from ..model import Finding, Level, Origin

_ORDER = {Level.FATAL: 0, Level.ERROR: 1, Level.WARNING: 2, Level.NOTE: 3, Level.OFF: 4}

OWN_RULES = (
    Rule(
        id="waiver-expired",
        level=Level.ERROR,
        title="no waiver is past its last day",
        source="own",
        hint="mend what it stands for, or give it a new day and a reason for it",
    ),
    Rule(
        id="waiver-unused",
        level=Level.WARNING,
        title="every waiver waives something",
        source="own",
        hint="what it stood for is mended: take it out",
    ),
    Rule(
        id="rule-failed",
        level=Level.ERROR,
        title="every rule can judge every page",
        source="own",
        hint="this is a fault of the rule, not of your page; please report it with the page",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found. `findings` count; `waived` are those that somebody answers for; `known` stand in a baseline.

    Sorted by path, gravest first. `pages`, `files` and `bytes` are those of the folder; `paths` are its pages, as in findings.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()
    known: tuple[Finding, ...] = ()
    base_url: str = ""
    pages: int = 0
    files: int = 0
    bytes: int = 0
    paths: tuple[str, ...] = ()


def judge(faults: Iterable[Fault], site: BuiltSite, rules: Mapping[str, Rule], *, whole: bool, prefix: str = "") -> CheckReport:
    """Weigh all faults. `whole`: every rule was asked, so that a waiver without a finding is one too many."""
    checks = site.config.checks
    running = [waiver for waiver in checks.waivers if waiver.until >= site.today]
    used: set[Waiver] = set()
    findings: list[Finding] = []
    waived: list[Finding] = []
    for fault in faults:
        finding = _finding(fault, site, rules, prefix)
        if finding.level is Level.OFF:
            continue
        waiver = next((one for one in running if one.rule == fault.rule and path_matches(one.path, finding.subject)), None)
        if waiver is None:
            findings.append(finding)
        else:
            used.add(waiver)
            waived.append(finding)
    if whole:
        for waiver in checks.waivers:
            if waiver.until < site.today:
                findings.append(
                    _about(waiver, "waiver-expired", f"expected a waiver that runs until {site.today} or later", site)
                )
            elif waiver not in used:
                findings.append(_about(waiver, "waiver-unused", "expected a waiver that is needed", site))
    return CheckReport(
        findings=tuple(sorted((one for one in findings if one.level is not Level.OFF), key=_place)),
        waived=tuple(sorted(waived, key=_place)),
        base_url=site.base_url,
        pages=len(site.pages),
        files=len(site.files),
        bytes=sum(site.files.values()),
        paths=tuple(prefix + path for path in site.pages),
    )


def subject_of(path: str) -> str:
    """The address on the site, from its root, of a file in the output."""
    folder, slash, name = path.rpartition("/")
    return "/" + (folder + slash if name in ("index.html", "index.htm") else path)


def _finding(fault: Fault, site: BuiltSite, rules: Mapping[str, Rule], prefix: str) -> Finding:
    if fault.rule not in rules:
        message = f"expected faults of rules that a family has, got one of `{fault.rule}`: {fault.message}"
        fault = fault._replace(rule="rule-failed", message=message)
    rule = rules[fault.rule]
    subject = subject_of(fault.path)
    return Finding(
        rule=fault.rule,
        level=_level(rule, subject, site),
        message=fault.message,
        origin=Origin(path=prefix + fault.path, line=fault.line),
        subject=subject,
        selector=fault.selector,
        measured=fault.measured,
        limit=fault.limit,
        hint=fault.hint or rule.hint,
    )


def _level(rule: Rule, subject: str, site: BuiltSite) -> Level:
    """The last pattern that fits a page and names the rule counts, then the settings for all pages, then the rule's own level."""
    level = site.config.levels.get(rule.id, rule.level)
    for paths in site.config.checks.paths:
        if rule.id in paths.levels and path_matches(paths.path, subject):
            level = paths.levels[rule.id]
    return level


def _about(waiver: Waiver, rule_id: str, expected: str, site: BuiltSite) -> Finding:
    rule = next(rule for rule in OWN_RULES if rule.id == rule_id)
    return Finding(
        rule=rule_id,
        level=site.config.levels.get(rule_id, rule.level),
        message=f"{expected}, got one for `{waiver.rule}` on {waiver.path} until {waiver.until}: {waiver.reason}",
        origin=Origin(path=site.config.checks.path, line=waiver.line),
        subject=waiver.rule,
        measured=waiver.until,
        limit=site.today,
        hint=rule.hint,
    )


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    origin = finding.origin
    assert origin is not None
    return origin.path, _ORDER[finding.level], origin.line or 0, finding.rule, finding.message
