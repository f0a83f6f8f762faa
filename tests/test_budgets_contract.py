"""Every rule is asked the same: does it find its bad site and nothing on its good one, is it told as the house tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aibild_build.budgets import Family, families, names
from aibild_build.check import all_rules
from aibild_build.model import Level
from tests.support.rule_sites import SITES, findings, told

UNPROVOKED = {"rule-failed"}  # needs a plug that falls over: tests/unit/budgets/test_plugs.py
RULES = sorted(set(all_rules()) - UNPROVOKED)


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_site_is_found_out(rule: str, tmp_path: Path) -> None:
    expected = json.loads((SITES / rule / "expected.json").read_text("utf-8"))
    found = findings(rule, "bad", tmp_path)
    assert [told(finding) for finding in found] == expected
    assert found, "a bad site must break its rule"


@pytest.mark.parametrize("rule", RULES)
def test_the_good_site_is_left_alone(rule: str, tmp_path: Path) -> None:
    assert [told(finding) for finding in findings(rule, "good", tmp_path)] == []


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_told_in_one_way(rule: str) -> None:
    row = all_rules()[rule]
    assert re.fullmatch(r"[a-z]+(?:-[a-z0-9]+)+", row.id)
    assert row.level in (Level.ERROR, Level.WARNING, Level.NOTE)
    assert row.title and row.source and row.hint
    assert not row.title.endswith(".") and not row.hint.endswith(".")
    for finding in json.loads((SITES / rule / "expected.json").read_text("utf-8")):
        assert re.match(r"expected .+, got:? .+", finding["message"])


@pytest.mark.parametrize("family", families(), ids=names())
def test_families_are_whole(family: Family) -> None:
    assert family.fingerprint >= 1 and family.rules
    assert family.page is not None or family.whole is not None
    assert (family.note is None) or (family.whole is not None), "notes that nobody reads"


@pytest.mark.parametrize("lang", ["", "de/"])
def test_every_rule_has_its_heading_and_its_level(lang: str) -> None:
    page = (SITES.parents[1] / "site" / lang / "reference/rules.md").read_text("utf-8")
    written = dict(re.findall(r"^### ([a-z0-9-]+)\n\n(?:Level|Stufe) `([a-z]+)`", page, re.M))
    assert written == {rule.id: rule.level.value for rule in all_rules().values()}


def test_every_site_belongs_to_a_rule() -> None:
    assert sorted(path.name for path in SITES.iterdir()) == RULES


def test_no_rule_says_more_than_its_family_may(tmp_path: Path) -> None:
    """All rules over all bad sites: no id is unknown, no rule falls over."""
    for rule in RULES:
        for finding in findings(rule, "bad", tmp_path / rule, only=False):
            assert finding.rule in all_rules() and finding.rule != "rule-failed", finding
