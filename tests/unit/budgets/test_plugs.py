"""The open set: what may join, what is refused, and a family from outside that falls over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aibild_build.budgets import families, load, names, rules
from aibild_build.errors import AibildError

PLUG = """\
from aibild_build.budgets import Family, Rule
from aibild_build.model import Level


def page(one):
    if "falls" in one.seen.text:
        raise KeyError("a\\nlong story")
    if "strays" in one.seen.text:
        yield one.fault("page-stray", "expected a page that stays, got one that strays")
    yield one.fault("page-odd", "expected an even page, got an odd one")


RULE = Rule(id="page-odd", level=Level.NOTE, title="pages are even", source="own", hint="make it even")
FAMILY = Family(name="odd", fingerprint=1, rules=(RULE,), page=page)
"""


def check_with_plug(tmp_path: Path, entry: str, text: str) -> tuple[int, str, list[dict[str, str]]]:
    """Exit code, last line of stderr and findings of a check with a package from outside, installed for real."""
    (tmp_path / "plug/odd_rules-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "plug/odd_rules.py").write_text(PLUG)
    (tmp_path / "plug/odd_rules-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: odd-rules\nVersion: 1.0\n")
    (tmp_path / "plug/odd_rules-1.0.dist-info/entry_points.txt").write_text(f"[aibild.budgets]\nodd = odd_rules:{entry}\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text(f"<!doctype html><title>Odd</title><p>{text} <a href=/gone/>gone</a>")
    path = os.pathsep.join((str(tmp_path / "plug"), str(Path(__file__).parents[3])))
    command = [sys.executable, "-m", "aibild_build", "check", "site", "--json"]
    run = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    found = json.loads(run.stdout)["findings"]
    rows = found["list"] if isinstance(found, dict) else found
    return run.returncode, run.stderr, [row for row in rows if row["rule"] in ("page-odd", "link-broken", "rule-failed")]


def test_a_family_from_outside_joins(tmp_path: Path) -> None:
    code, _, found = check_with_plug(tmp_path, "FAMILY", "walks")
    assert code == 1
    assert [(row["rule"], row["level"]) for row in found] == [("link-broken", "error"), ("page-odd", "note")]


def test_one_that_falls_over_is_told_and_all_others_are_heard(tmp_path: Path) -> None:
    _, _, found = check_with_plug(tmp_path, "FAMILY", "falls")
    assert [row["rule"] for row in found] == ["rule-failed", "link-broken"]
    assert found[0]["message"] == "expected the rules of `odd` to come to an end, got KeyError: 'a\\nlong story'"


def test_one_that_strays_from_its_rules_is_told(tmp_path: Path) -> None:
    _, _, found = check_with_plug(tmp_path, "FAMILY", "strays")
    assert sorted(row["rule"] for row in found) == ["link-broken", "page-odd", "rule-failed"]


def test_what_is_no_family_is_refused(tmp_path: Path) -> None:
    code, said, _ = check_with_plug(tmp_path, "page", "walks")
    assert code == 3 and "`odd` is no family of rules with a fingerprint" in said and "Traceback" not in said


def test_names_lead_to_families() -> None:
    assert [family.name for family in families()] == list(names())
    assert all(rule.id == name for name, rule in rules().items())
    with pytest.raises(AibildError, match="no family of rules `nothing`"):
        load("nothing")
    assert load("hero") is load("hero")
