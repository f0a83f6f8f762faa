"""What a check found as JUnit XML, the form that build servers count.

Takes a `CheckReport`, yields a document: a suite a page, a case a rule that has something to say there, one passing case for a
page on which nothing was found. Errors fail; warnings and notes pass and say so in their output. Source: the `junit-10.xsd` of
Jenkins' xUnit plug-in, which other servers follow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from xml.etree import ElementTree as Tree

from ..check import CheckReport
from ..model import Finding, Level

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
_FAILING = (Level.FATAL, Level.ERROR)


def junit_text(report: CheckReport) -> str:
    """The whole document."""
    by_file: dict[str, dict[str, list[Finding]]] = {path: {} for path in report.paths}
    waived: dict[str, dict[str, list[Finding]]] = defaultdict(dict)
    for finding in report.findings:
        by_file.setdefault(_file(finding), {}).setdefault(finding.rule, []).append(finding)
    for finding in (*report.waived, *report.known):
        waived[_file(finding)].setdefault(finding.rule, []).append(finding)
        by_file.setdefault(_file(finding), {})
    root = Tree.Element("testsuites", name="aibild check")
    for path, by_rule in sorted(by_file.items()):
        _suite(root, path, by_rule, waived[path])
    for name in ("tests", "failures", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    Tree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _file(finding: Finding) -> str:
    return finding.origin.path if finding.origin is not None else finding.subject


def _suite(root: Tree.Element, path: str, by_rule: Mapping[str, list[Finding]], waived: Mapping[str, list[Finding]]) -> None:
    suite = Tree.SubElement(root, "testsuite", name=_clean(path) or "the whole site", errors="0")
    failures = 0
    for rule, findings in sorted(by_rule.items()):
        case = Tree.SubElement(suite, "testcase", classname=_clean(path), name=rule)
        lines = "\n".join(_line(finding) for finding in findings)
        if any(finding.level in _FAILING for finding in findings):
            failures += 1
            Tree.SubElement(case, "failure", message=_clean(findings[0].message), type=findings[0].level.value).text = lines
        else:
            Tree.SubElement(case, "system-out").text = lines
    for rule, findings in sorted(waived.items()):
        case = Tree.SubElement(suite, "testcase", classname=_clean(path), name=rule)
        Tree.SubElement(case, "skipped", message=_clean(f"waived or known: {findings[0].message}"))
    if not len(suite):
        Tree.SubElement(suite, "testcase", classname=_clean(path), name="no findings")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(len(waived)))


def _line(finding: Finding) -> str:
    place = str(finding.origin) if finding.origin is not None else finding.subject
    limits = "" if finding.limit is None else f" ({finding.measured} against {finding.limit})"
    return _clean(f"{place}: {finding.level.value}: {finding.message}{limits}" + (f"\n  {finding.hint}" if finding.hint else ""))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
