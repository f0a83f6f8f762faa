"""What `aibild check --sarif` writes against the SARIF 2.1.0 schema of OASIS, as Microsoft's package carries it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aibild_build.cli import aibild
from tests.support.judges import node_file
from tests.support.rule_sites import write_site

SCHEMA = "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
RULES = ("hero-lazy", "img-size-missing", "sitemap-missing", "host-limits", "page-encoding")


@pytest.fixture(scope="module")
def judge() -> Any:
    from jsonschema import Draft4Validator

    schema = json.loads(node_file(SCHEMA).read_text("utf-8"))
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema)


def log(site: Path, file: Path, *options: str) -> dict[str, Any]:
    """The log of one run over a site."""
    command = ["check", str(site), "--base", "https://quay.example/", "--today", "2026-11-23", "--sarif", str(file), *options]
    if (site / "check.toml").is_file():
        command += ["--config", str(site / "check.toml")]
    result = CliRunner().invoke(aibild, command)
    assert result.exit_code in (0, 1), result.output
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


@pytest.mark.parametrize("rule", RULES)
def test_a_faulty_site(judge: Any, tmp_path: Path, rule: str) -> None:
    found = log(write_site(rule, "bad", tmp_path / "bad site"), tmp_path / "log.sarif")
    assert rule in {result["ruleId"] for result in found["runs"][0]["results"]}
    assert [error.message for error in judge.iter_errors(found)] == []


def test_waivers_and_a_baseline(judge: Any, tmp_path: Path) -> None:
    site = write_site("hero-lazy", "bad", tmp_path / "site")
    (site / "check.toml").write_text(
        '[[check.waivers]]\nrule = "hero-lazy"\npath = "/*"\nreason = "until the new theme"\nuntil = "2026-12-31"\n'
    )
    baseline = ("--baseline", str(tmp_path / "known.json"))
    log(site, tmp_path / "first.sarif", *baseline, "--ratchet")
    (site / "new.html").write_text("<img src=none.jpg>")
    found = log(site, tmp_path / "second.sarif", *baseline)
    results = found["runs"][0]["results"]
    assert {result["baselineState"] for result in results} == {"new", "unchanged"}
    assert any(result.get("suppressions") for result in results)
    assert [error.message for error in judge.iter_errors(found)] == []


def test_a_clean_site(judge: Any, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "notes.txt").write_text("no page at all")
    assert [error.message for error in judge.iter_errors(log(site, tmp_path / "log.sarif"))] == []


def test_the_judge_sees_faults(judge: Any, tmp_path: Path) -> None:
    found = log(write_site("hero-lazy", "bad", tmp_path / "site"), tmp_path / "log.sarif")
    found["runs"][0]["results"][0]["level"] = "fatal"
    del found["runs"][0]["tool"]["driver"]["name"]
    assert len(list(judge.iter_errors(found))) == 2
