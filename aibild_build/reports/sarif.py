"""What a check found as SARIF 2.1.0, the form that code hosts and editors show beside the lines.

Takes a `CheckReport` and the rules, yields one log with one run. Waived findings are suppressed results, so that a reader sees
that they are there; with a baseline each result says whether it is new. Source: OASIS SARIF 2.1.0, sections 3.13–3.54.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from .. import __version__
from ..budgets import Rule
from ..canonical import digest_of
from ..check import CheckReport
from ..model import Finding, Json, Level
from .places import HOME, rule_url

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.FATAL: "error", Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note", Level.OFF: "none"}


def sarif_object(report: CheckReport, rules: Mapping[str, Rule], *, compared: bool) -> dict[str, Json]:
    """One SARIF log. `compared`: the report was held against a baseline."""
    used = sorted({finding.rule for finding in (*report.findings, *report.waived, *report.known)})
    index = {rule: number for number, rule in enumerate(used)}
    results: list[Json] = [_result(one, index, "new" if compared else "") for one in report.findings]
    results += [_result(one, index, "unchanged") for one in report.known]
    results += [{**_result(one, index, "unchanged" if compared else ""), "suppressions": [_WAIVED]} for one in report.waived]
    driver: dict[str, Json] = {
        "name": "aibild",
        "semanticVersion": __version__,
        "informationUri": HOME,
        "rules": [_rule(rules[rule]) for rule in used],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "aibild/check/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SITE": {"description": {"text": "the folder that the check ran in"}}},
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


_WAIVED: dict[str, Json] = {"kind": "external", "status": "accepted", "justification": "waived in the settings of the check"}


def _rule(rule: Rule) -> dict[str, Json]:
    words = f"{rule.title}. Source: {rule.source}."
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": words},
        "helpUri": rule_url(rule.id),
        "help": {"text": rule.hint or words},
        "defaultConfiguration": {"level": _LEVELS[rule.level], "enabled": rule.level is not Level.OFF},
    }


def _result(finding: Finding, index: Mapping[str, int], state: str) -> dict[str, Json]:
    said = {"subject": finding.subject, "measured": finding.measured, "limit": finding.limit, "hint": finding.hint}
    properties: dict[str, Json] = {name: value for name, value in said.items() if value not in (None, "")}
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVELS[finding.level],
        "message": {"text": finding.message},
        "locations": [_location(finding)],
        "partialFingerprints": {"aibild/v1": _fingerprint(finding)},
    }
    if properties:
        result["properties"] = properties
    if state:
        result["baselineState"] = state
    return result


def _location(finding: Finding) -> dict[str, Json]:
    origin = finding.origin
    location: dict[str, Json] = {}
    if origin is not None:
        physical: dict[str, Json] = {"artifactLocation": {"uri": quote(origin.path or "."), "uriBaseId": "SITE"}}
        if origin.line is not None:
            physical["region"] = {"startLine": origin.line}
        location["physicalLocation"] = physical
    if finding.selector:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.selector, "kind": "element"}]
    return location


def _fingerprint(finding: Finding) -> str:
    """The same finding keeps its fingerprint when lines above it come or go."""
    path = finding.origin.path if finding.origin is not None else ""
    return digest_of("\n".join((finding.rule, path, finding.selector, finding.message)).encode("utf-8", "replace"))[:32]
