"""`aibild check` from end to end: our own output, other people's, settings, waivers, baselines, exit codes, hostile folders."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from aibild_build.check import CheckReport, check_site, first_baseline, hold_against, read_baseline, write_baseline
from aibild_build.cli import aibild as command
from aibild_build.config import no_config, path_matches, read_check_config, read_config
from aibild_build.errors import AibildError
from aibild_build.model import Level
from tests.support.project import edit, run_build, write_project
from tests.support.rule_sites import picture, write_site

ROOT = Path(__file__).parents[1]
TODAY = "2026-11-23"
LAZY = '<img src="/hero.jpg" width="1600" height="900" alt="A quay" fetchpriority="high" loading="lazy">'
FINE = LAZY.replace(' loading="lazy"', "")


def page(body: str, path: str = "/") -> str:
    head = f'<meta charset="utf-8"><title>Harbour</title><link rel="canonical" href="https://harbour.example{path}">'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "hero.jpg").write_bytes(picture("hero.jpg", [1600, 900]))
    return root


def aibild(*arguments: str | Path, cwd: Path, **environment: str) -> Result:
    """The command in this process, as it was typed in `cwd`."""
    runner = CliRunner(env={"GITHUB_ACTIONS": None, "CI": None, "NO_COLOR": "1", **environment})
    with chdir(cwd):
        return runner.invoke(command, [str(argument) for argument in arguments])


def rules(report: CheckReport) -> list[tuple[str, str]]:
    """The lazy heroes that were found, with their pages."""
    return [(finding.rule, finding.subject) for finding in report.findings if finding.rule.startswith(("hero", "waiver"))]


def settings(tmp_path: Path, text: str) -> Path:
    (tmp_path / "check.toml").write_text(text)
    return tmp_path / "check.toml"


def check(site: Path, text: str, tmp_path: Path, today: str = TODAY) -> CheckReport:
    config, faults = read_check_config(settings(tmp_path, text))
    assert faults == () and config is not None
    return check_site(site, config, today=today)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return write(tmp_path / "two", {"index.html": page(LAZY), "press/index.html": page(LAZY, "/press/")})


def test_what_we_build_is_clean(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    for name in ("quay", "boat"):
        edit(root, f"briefs/{name}.yaml", "[640, 360]", "[1440, 1400]")
    run_build(root)
    config, _ = read_config(root)
    report = check_site(root / "dist", config, today=TODAY)
    ours = [finding for finding in report.findings if finding.level in (Level.ERROR, Level.WARNING)]
    assert [(finding.rule, finding.subject, finding.message) for finding in ours if finding.rule in delivery_rules()] == []
    assert report.pages >= 6 and report.base_url == "https://harbour.example/"


def delivery_rules() -> set[str]:
    """Rules on pictures, their delivery and addresses: those hold for pages of any content."""
    from aibild_build.budgets import load

    names = ("hero", "preload", "shift", "formats", "screens", "paint", "links", "drafts", "files")
    return {rule.id for name in names for rule in load(name).rules}


def test_a_foreign_site_needs_no_settings(two: Path) -> None:
    report = check_site(two, None, today=TODAY)
    assert report.base_url == "https://harbour.example/"
    assert rules(report) == [("hero-lazy", "/"), ("hero-lazy", "/press/")]
    finding = next(finding for finding in report.findings if finding.rule == "hero-lazy")
    assert finding.origin is not None and (finding.origin.path, finding.origin.line) == ("index.html", 3)
    assert finding.selector == "html > body > img" and finding.hint


@pytest.mark.parametrize(
    ("files", "base"),
    [
        ({"index.html": page("")}, "https://harbour.example/"),
        ({"a/index.html": page("", "/docs/a/")}, "https://harbour.example/docs/"),
        ({"about.html": page("", "/about.html")}, "https://harbour.example/"),
        ({"about.html": page("", "/about")}, "https://harbour.example/"),
        ({"index.html": "<p>nothing said"}, "http://localhost/"),
        ({"index.html": '<meta property="og:url" content="https://harbour.example">'}, "https://harbour.example/"),
        ({}, "http://localhost/"),
    ],
)
def test_the_address_is_guessed(tmp_path: Path, files: dict[str, str], base: str) -> None:
    assert check_site(write(tmp_path, files), None, today=TODAY).base_url == base


def test_levels_for_the_site_and_for_a_path(two: Path, tmp_path: Path) -> None:
    text = '[rules]\nhero-lazy = "note"\n[[check.paths]]\npath = "/press/*"\nrules = {hero-lazy = "off"}\n'
    found = [finding for finding in check(two, text, tmp_path).findings if finding.rule == "hero-lazy"]
    assert [(finding.subject, finding.level) for finding in found] == [("/", Level.NOTE)]


WAIVER = '[[check.waivers]]\nrule = "hero-lazy"\npath = "/press/*"\nreason = "spring"\nuntil = "2026-11-30"\n'


@pytest.mark.parametrize(
    ("today", "expected", "waived"),
    [
        ("2026-11-30", [("hero-lazy", "/")], 1),
        ("2026-12-01", [("waiver-expired", "hero-lazy"), ("hero-lazy", "/"), ("hero-lazy", "/press/")], 0),
    ],
)
def test_waivers_end(two: Path, tmp_path: Path, today: str, expected: list[tuple[str, str]], waived: int) -> None:
    report = check(two, WAIVER, tmp_path, today)
    assert (rules(report), len(report.waived)) == (expected, waived)


def test_waivers_are_not_judged_when_one_rule_is_asked(two: Path, tmp_path: Path) -> None:
    config, _ = read_check_config(settings(tmp_path, WAIVER))
    assert rules(check_site(two, config, today="2027-01-01", only={"hero-priority"})) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[check.waivers]]\nrule = "hero-lazy"\nreason = "x"\n', "expected check.waivers[0].until as day"),
        ('[[check.waivers]]\nrule = "hero-lazy"\nuntil = "2026-11-30"\n', "expected check.waivers[0].reason as text"),
        ('[[check.waivers]]\nrule = "Hero"\nreason = "x"\nuntil = "2026-11-30"\n', "expected rule ids in kebab-case"),
        ('[[check.paths]]\npath = "press"\nrules = {}\n', "expected check.paths[0].path as path on the site"),
        ('[check]\nbuild = "no"\n', "expected check.build as true or false"),
        ("[check]\nbuilt = true\n", "expected a known key, got `check.built`"),
        ('[budgets]\npage_bytes = "much"\n', "expected budgets.page_bytes as size"),
        ('[budgets]\nimage_kib = "1"\n', "expected a known key, got `budgets.image_kib`"),
        ('[budgets]\nfile = "gone.json"\n', "expected a file"),
        ('[rules]\nhero-lazy = "loud"\n', "expected rules.hero-lazy as one of"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, said: str) -> None:
    _, faults = read_check_config(settings(tmp_path, text))
    assert any(said in fault.message for fault in faults), faults


def test_budgets_are_read_from_both_files(tmp_path: Path) -> None:
    (tmp_path / "budget.json").write_text(
        json.dumps(
            [
                {
                    "path": "/shop/*/sale$",
                    "resourceSizes": [{"resourceType": "image", "budget": 300}, {"resourceType": "third-party", "budget": 0}],
                    "resourceCounts": [{"resourceType": "total", "budget": 40}],
                    "timings": [{"metric": "interactive", "budget": 1}, {"metric": "largest-contentful-paint", "budget": 2500}],
                },
                {"resourceSizes": [{"resourceType": "total", "budget": 600}]},
            ]
        )
    )
    text = '[budgets]\nfile = "budget.json"\npage_bytes = "1 MB"\n[[budgets.paths]]\npath = "/a/*"\nscript_count = 2\n'
    config, faults = read_check_config(settings(tmp_path, text))
    assert faults == () and config is not None
    sale, every, ours, path = config.checks.budgets
    assert (sale.path, dict(sale.sizes), dict(sale.counts), sale.max_lcp_ms) == (
        "/shop/*/sale",
        {"image": 307_200, "third_party": 0},
        {"page": 40},
        2500,
    )
    assert (every.path, dict(every.sizes)) == ("/*", {"page": 614_400})
    assert (ours.path, dict(ours.sizes)) == ("*", {"page": 1_000_000})
    assert (path.path, dict(path.counts)) == ("/a/*", {"script": 2})


@pytest.mark.parametrize(
    "text", ["{", "{}", '[{"path": 3}]', '[{"resourceSizes": [{"resourceType": "x", "budget": 1}]}]', "[[[" * 9999]
)
def test_a_budget_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "budget.json").write_text(text)
    _, faults = read_check_config(settings(tmp_path, '[budgets]\nfile = "budget.json"\n'))
    assert [fault.rule for fault in faults] == ["source-value"]


def test_patterns() -> None:
    assert path_matches("/press/*", "/press/") and path_matches("/press/*", "/press/2026/") and path_matches("*", "/")
    assert path_matches("/*/old/", "/a/b/old/") and not path_matches("/press", "/press/") and not path_matches("/", "/press/")
    assert not path_matches("/a*b*c*d*e*f*g*h*i*j*", "/" + "a" * 2000)


def test_a_baseline_lets_nothing_get_worse(two: Path) -> None:
    before = check_site(two, None, today=TODAY, only={"hero-lazy", "image-weight"})
    baseline = read_baseline(write_baseline(first_baseline(before)).decode(), "b.json")
    same, tightened = hold_against(before, baseline)
    assert same.findings == () and len(same.known) == 2 and tightened == baseline
    (two / "index.html").write_text(page(FINE))
    write(two, {"new/index.html": page(LAZY, "/new/")})
    later, tightened = hold_against(check_site(two, None, today=TODAY, only={"hero-lazy"}), baseline)
    assert rules(later) == [("hero-lazy", "/new/")]
    assert list(tightened) == [("hero-lazy", "/press/")]


def test_a_known_finding_that_grows_is_new(tmp_path: Path) -> None:
    site = write(tmp_path, {"index.html": page(FINE)})

    def weigh(size: int) -> CheckReport:
        (site / "hero.jpg").write_bytes(picture("hero.jpg", {"size": [1600, 900], "bytes": size}))
        return check_site(site, None, today=TODAY, only={"image-weight"})

    baseline = first_baseline(weigh(300_000))
    assert hold_against(weigh(300_500), baseline)[0].findings == ()
    assert len(hold_against(weigh(400_000), baseline)[0].findings) == 1
    assert hold_against(weigh(260_000), baseline)[1]["image-weight", "/"].beyond < baseline["image-weight", "/"].beyond


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "findings": {"a": {"b": {}}}}', "[" * 9999])
def test_a_baseline_that_is_none_is_told(text: str) -> None:
    with pytest.raises(AibildError, match=r"expected b\.json as a baseline"):
        read_baseline(text, "b.json")


def test_the_command_groups_by_page(two: Path) -> None:
    run = aibild("check", two, "--rule", "hero-lazy", cwd=two.parent)
    assert run.exit_code == 1
    assert run.stdout.splitlines() == [
        "two/index.html  /",
        '  error      3: expected the first large picture without `loading="lazy"`, got it lazy [hero-lazy]',
        '                hint: take `loading="lazy"` off the first large picture: a lazy one is asked for only after layout',
        "two/press/index.html  /press/",
        '  error      3: expected the first large picture without `loading="lazy"`, got it lazy [hero-lazy]',
    ]
    assert run.stderr == "2 pages, 3 files: 2 errors, 0 warnings, 0 notes\n"


def test_what_many_pages_share_is_told_once(tmp_path: Path) -> None:
    site = write(tmp_path / "site", {f"{name}/index.html": page(LAZY, f"/{name}/") for name in "abcdef"})
    lines = aibild("check", site, "--rule", "hero-lazy", cwd=tmp_path).stdout.splitlines()
    assert lines[0] == "on several pages" and lines[-1].strip() == "6 pages: /a/, /b/, /c/ and 3 more" and len(lines) == 4


def test_the_command_prints_one_object(two: Path) -> None:
    run = aibild("check", two, "--json", cwd=two.parent)
    found = json.loads(run.stdout)
    jsonschema.validate(found, json.loads((ROOT / "aibild_build/reports/schemas/check.json").read_text()))
    lazy = [row for row in found["findings"]["list"] if row["rule"] == "hero-lazy"]
    assert [(row["path"], row["line"], row["selector"]) for row in lazy] == [
        ("two/index.html", 3, "html > body > img"),
        ("two/press/index.html", 3, "html > body > img"),
    ]


def test_the_command_keeps_a_baseline(two: Path) -> None:
    arguments = ("check", two, "--baseline", "b.json", "--rule", "hero-lazy")
    assert "there is no baseline b.json" in aibild(*arguments, cwd=two.parent).stderr
    assert aibild(*arguments, "--ratchet", cwd=two.parent).exit_code == 0
    assert aibild(*arguments, cwd=two.parent).exit_code == 0
    (two / "press/index.html").write_text(page(FINE, "/press/"))
    assert aibild(*arguments, "--ratchet", cwd=two.parent).exit_code == 0
    assert "/press/" not in (two.parent / "b.json").read_text()
    (two / "press/index.html").write_text(page(LAZY, "/press/"))
    assert aibild(*arguments, cwd=two.parent).exit_code == 1


def test_the_command_explains_a_rule_without_a_site(tmp_path: Path) -> None:
    run = aibild("check", "--explain", "hero-lazy", cwd=tmp_path)
    told = run.stdout.splitlines()
    assert run.exit_code == 0 and told[0] == "hero-lazy  error" and told[1] == "  expected: the first large picture is not lazy"
    assert told[2].startswith("  to do: take `loading=") and told[3].startswith("  source: Lighthouse")
    assert "did you mean `hero-lazy`?" in aibild("check", "--explain", "hero-lasy", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("gone",), 3, "there is no folder gone"),
        (("two", "--rule", "hero-lasy"), 2, "did you mean `hero-lazy`?"),
        (("two", "--base", "harbour"), 2, "expected --base as address https://…"),
        (("two", "--today", "soon"), 2, "expected --today as day YYYY-MM-DD"),
        (("two", "--config", "gone.toml"), 2, "expected a file"),
        (("two", "--ratchet"), 2, "--ratchet needs --baseline FILE"),
        ((), 2, "aibild.toml"),
        (("two", "--rule", "hero-src-width"), 0, "0 errors"),
    ],
)
def test_exit_codes(two: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    run = aibild("check", *arguments, cwd=two.parent)
    assert run.exit_code == code and said in run.stderr, run.stderr
    assert run.exception is None or isinstance(run.exception, SystemExit)


def test_a_project_is_checked_by_its_own_settings(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    write(root / "dist", {"index.html": page(LAZY)})
    (root / "aibild.toml").write_text((root / "aibild.toml").read_text() + '\n[rules]\nhero-lazy = "note"\n')
    assert "hero-lazy" not in aibild("check", cwd=root).stdout
    assert "dist/index.html" in aibild("check", "--level", "note", "--rule", "hero-lazy", cwd=root).stdout
    elsewhere = write(tmp_path / "elsewhere" / "site", {"index.html": page(LAZY)})
    assert "hero-lazy" in aibild("check", elsewhere, cwd=tmp_path / "elsewhere").stdout


def test_annotations_where_github_runs_us(two: Path) -> None:
    run = aibild("check", two, "--rule", "hero-lazy", cwd=two.parent, GITHUB_ACTIONS="true")
    assert "::error file=two/index.html,line=3,title=hero-lazy::" in run.stderr


def test_hostile_folders_end_in_findings(tmp_path: Path) -> None:
    site = write_site("file-unreadable", "bad", tmp_path / "site")
    (site / "junk.html").write_bytes(os.urandom(200_000))
    (site / "bomb.html").write_bytes(b"<b>" * 1_000_000)
    (site / "huge.html").write_bytes(b" " * 50_000_000)
    (site / "void.html").write_bytes(b"")
    (site / "odd.html").write_text(
        '<img srcset=",,, ( 1w" sizes="((((" src="http://[" width=1e9><style>@font-face{src:url(</style><base href="::">'
    )
    (site / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0\xff\xff")
    (site / "pic.html").write_text(
        '<img src="bad.jpg"><img src="%ff%00.jpg"><a href="//[">x</a><link rel=preload as=image imagesrcset=",">'
    )
    os.mkfifo(site / "pipe.html")
    report = check_site(site, no_config(site), today=TODAY)
    found = {finding.rule for finding in report.findings}
    assert {"file-unreadable", "page-too-large", "page-not-html", "image-broken", "srcset-invalid"} <= found
    assert "rule-failed" not in found
