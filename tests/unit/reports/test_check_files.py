"""SARIF, JUnit and the HTML report of one check, by what their readers rely on."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
from click.testing import CliRunner
from PIL import Image

from aibild_build.check import CheckReport, all_rules
from aibild_build.cli import aibild
from aibild_build.model import Finding, Level, Origin
from aibild_build.reports.html import read_runs, spark, write_runs
from aibild_build.reports.junit import junit_text
from aibild_build.reports.sarif import sarif_object


def finding(rule: str, level: Level, path: str, line: int | None = 3, message: str = "expected <b>, got \x0b & more") -> Finding:
    return Finding(rule=rule, level=level, message=message, origin=Origin(path=path, line=line), subject="/", measured=2, limit=1)


REPORT = CheckReport(
    findings=(
        finding("hero-lazy", Level.ERROR, "dist/a b.html"),
        finding("hero-lazy", Level.ERROR, "dist/a b.html", 9),
        finding("image-waste", Level.WARNING, "dist/a b.html"),
        finding("sitemap-missing", Level.NOTE, "dist/", None),
    ),
    waived=(finding("img-ratio", Level.ERROR, "dist/index.html"),),
    known=(finding("image-weight", Level.WARNING, "dist/index.html"),),
    base_url="https://quay.example/",
    pages=3,
    paths=("dist/a b.html", "dist/clean.html", "dist/index.html"),
)


def test_sarif_names_rules_places_and_what_is_set_aside() -> None:
    log = json.loads(json.dumps(sarif_object(REPORT, all_rules(), compared=True)))
    assert log["version"] == "2.1.0" and "sarif-schema-2.1.0" in log["$schema"]
    (run,) = log["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert [rule["id"] for rule in rules] == sorted({result["ruleId"] for result in results})
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    assert {result["level"] for result in results} == {"error", "warning", "note"}
    assert [result["baselineState"] for result in results] == ["new"] * 4 + ["unchanged"] * 2
    assert [result["ruleId"] for result in results if "suppressions" in result] == ["img-ratio"]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "dist/a%20b.html" and place["region"] == {"startLine": 3}
    assert "region" not in results[3]["locations"][0]["physicalLocation"]
    assert all(len(result["partialFingerprints"]["aibild/v1"]) == 32 for result in results)
    assert all(rule["helpUri"].endswith("#" + rule["id"]) for rule in rules)


def test_without_a_baseline_sarif_compares_nothing() -> None:
    log = json.dumps(sarif_object(replace(REPORT, known=()), all_rules(), compared=False))
    assert "baselineState" not in log


def test_a_fingerprint_outlives_a_moved_line() -> None:
    first, second = (sarif_object(replace(REPORT, findings=(REPORT.findings[at],)), all_rules(), compared=False) for at in (0, 1))
    prints = [re.findall(r'"aibild/v1": "(\w+)"', json.dumps(log))[0] for log in (first, second)]
    assert prints[0] == prints[1]


def test_junit_counts_a_case_a_rule_and_a_clean_page() -> None:
    root = Tree.fromstring(junit_text(REPORT).encode())
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "1", "2")
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"dist/", *REPORT.paths}
    bad = suites["dist/a b.html"]
    assert [(case.get("name"), [child.tag for child in case]) for case in bad] == [
        ("hero-lazy", ["failure"]),
        ("image-waste", ["system-out"]),
    ]
    failure = bad[0][0]
    assert failure.get("message") == "expected <b>, got \ufffd & more" and (failure.text or "").count("(2 against 1)") == 2
    assert [case.get("name") for case in suites["dist/clean.html"]] == ["no findings"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    root.mkdir()
    for width in (400, 1200):
        Image.effect_noise((width, width // 2), 40).convert("RGB").save(root / f"quay-{width}.jpg", quality=60)
    (root / "index.html").write_text(
        '<!doctype html><html lang="en"><head><title>Quay &lt;1&gt;</title></head><body><h1>Quay</h1>'
        '<img src="quay-1200.jpg" srcset="quay-400.jpg 400w, quay-1200.jpg 1200w" sizes="100vw" width="1200" height="600"'
        ' loading="lazy" alt="A &quot;quay&quot;"></body></html>'
    )
    return root


def run(site: Path, *options: object) -> str:
    command = ["check", str(site), "--base", "https://quay.example/", "--today", "2026-11-23", *map(str, options)]
    result = CliRunner().invoke(aibild, command)
    assert result.exit_code == 1, result.output
    return result.stdout


def test_the_report_shows_what_devices_get(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    run(site, "--html", file)
    text = file.read_text("utf-8")
    assert text.count("<figure") == 5 and text.count("data:image/webp;base64,") >= 5
    assert "Quay &lt;1&gt;" in text and "<title>Quay" not in text
    assert "quay.example" in text and "#hero-lazy" in text and "<script" not in text
    assert not re.search(r'(?:src|href)="(?!data:|#|https://)', text)
    assert "1200 px jpeg" in text


def test_a_second_run_draws_lines_and_names_what_was_before(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    run(site, "--html", file)
    assert "<polyline" not in file.read_text("utf-8")
    page = site / "index.html"
    page.write_text(page.read_text().replace('alt="A &quot;quay&quot;"', ""))
    run(site, "--html", file)
    text = file.read_text("utf-8")
    assert "<polyline" in text and " before" in text
    rows = read_runs((tmp_path / "report.runs.json").read_text("utf-8"))
    assert [row["day"] for row in rows] == ["2026-11-23"] * 2 and rows[1]["error"] == rows[0]["error"] + 1


def test_the_runs_travel_with_the_baseline(site: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "known.json"
    command = ["check", str(site), "--base", "https://quay.example/", "--baseline", str(baseline), "--ratchet"]
    assert CliRunner().invoke(aibild, [*command, "--html", str(tmp_path / "report.html")]).exit_code == 0
    assert (tmp_path / "known.runs.json").is_file() and not (tmp_path / "report.runs.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 9, "runs": [{}]}', '{"schema": 1, "runs": [3, {"pages": 4}]}'])
def test_runs_that_are_none_begin_anew(text: str) -> None:
    assert read_runs(text) == []


def test_the_oldest_runs_leave() -> None:
    rows = [{"day": str(number), "pages": {}} for number in range(45)]
    kept = read_runs(write_runs(rows, {"day": "new", "pages": {}}).decode())
    assert len(kept) == 40 and kept[-1]["day"] == "new"


def test_a_line_needs_two_values() -> None:
    assert spark([3]) == "" and spark([]) == ""
    assert spark([0, 10]) == "3.0,24.0 117.0,4.0"
    assert spark([5, 5]) == "3.0,14.0 117.0,14.0"


def test_a_file_that_cannot_be_written_ends_in_a_sentence(site: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = ["check", str(site), "--base", "https://quay.example/", "--sarif", str(tmp_path / "file" / "x.sarif")]
    result = CliRunner().invoke(aibild, command)
    assert result.exit_code == 3 and "cannot write" in result.stderr
