"""Plan, report, answers and findings as JSON objects, each of a documented, versioned shape (`schemas/*.json` beside this
file)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..model import Finding, Json, Plan, Report
from ..wire import to_json

SCHEMA = 1


def finding_object(finding: Finding) -> dict[str, Json]:
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "path": finding.origin.path if finding.origin else None,
        "line": finding.origin.line if finding.origin else None,
        "subject": finding.subject,
        "measured": finding.measured,
        "limit": finding.limit,
        "hint": finding.hint,
        "selector": finding.selector,
    }


def plan_object(plan: Plan) -> dict[str, Json]:
    """The shape of `aibild plan --json` (schemas/plan.json)."""
    return {
        "schema": SCHEMA,
        "work": [to_json(work) for work in plan.work],
        "make": to_json(plan.made),
        "there": to_json(plan.reused),
        "seconds": round(plan.seconds, 3),
        "credits": plan.credits,
        "unknown": plan.unknown,
        "blocked": list(plan.blocked),
        "unlocked": list(plan.unlocked),
        "findings": [finding_object(finding) for finding in plan.findings],
    }


def report_object(report: Report) -> dict[str, Json]:
    """The shape of `aibild build --json` (schemas/build.json)."""
    return {
        "schema": SCHEMA,
        "made": to_json(report.made),
        "reused": to_json(report.reused),
        "embedded": report.embedded,
        "signed": report.signed,
        "improvable": report.improvable,
        "refused": report.refused,
        "findings": {**by_level(report.findings), "list": [finding_object(finding) for finding in report.findings]},
        "seconds": report.seconds,
        "engine_seconds": report.engine_seconds,
        "credits": report.credits,
        "outputs": report.outputs,
        "bytes": report.bytes,
        "store_bytes": report.store_bytes,
        "written": report.written,
        "removed": report.removed,
        "folder": report.folder,
    }


def site_data(report: Report, *, frozen: bool) -> dict[str, Json]:
    """What a hook is told of a build: the counts alone."""
    return {
        "made": to_json(report.made),
        "written": report.written,
        "removed": report.removed,
        "outputs": report.outputs,
        "bytes": report.bytes,
        "findings": by_level(report.findings),
        "frozen": frozen,
    }


def by_level(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of each level that a run can end with."""
    counts = Counter(finding.level.value for finding in findings)
    return {level: counts[level] for level in ("error", "warning", "note")}


def fault_object(message: str, hint: str, findings: Sequence[Finding], missing: Sequence[str]) -> dict[str, Json]:
    """The shape of any command's `--json` when it could not go on (schemas/fault.json)."""
    return {
        "schema": SCHEMA,
        "error": message,
        "hint": hint,
        "missing": list(missing),
        "findings": [finding_object(finding) for finding in findings],
    }
