"""The command line in real processes: exit codes, what goes to stdout and stderr, JSON shapes, messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.support.project import edit, run_build, write_project

SCHEMAS = Path(__file__).parents[1] / "aibild_build/reports/schemas"


def aibild(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("GITHUB_ACTIONS", "NO_COLOR", "CI")}
    env = {**plain, "PYTHONPATH": str(SCHEMAS.parents[2]), "LC_ALL": "C", **environment}
    return subprocess.run(
        [sys.executable, "-m", "aibild_build", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120
    )


def checked(name: str, text: str) -> dict[str, object]:
    """The one object on stdout, held against the schema that the package ships."""
    value: dict[str, object] = json.loads(text)
    jsonschema.validate(value, json.loads((SCHEMAS / f"{name}.json").read_text()))
    return value


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("cli"))
    run_build(root)
    return root


def test_version(tmp_path: Path) -> None:
    done = aibild("--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("aibild ")
    assert "numpy" in aibild("-v", cwd=tmp_path).stdout


def test_help_groups_commands(tmp_path: Path) -> None:
    done = aibild("--help", cwd=tmp_path)
    assert "Every day:" in done.stdout and "Pictures:" in done.stdout


def test_build_json_is_one_object(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    first = checked("build", aibild("build", "--json", cwd=root).stdout)
    assert first["made"] == {"picture": 2, "rendition": first["made"]["rendition"], "page": 6}  # type: ignore[index]
    second = aibild("build", "--json", "-q", cwd=root)
    assert checked("build", second.stdout)["made"] == {"picture": 0, "rendition": 0, "page": 0}
    assert second.stderr == ""


def test_plan_and_why_json(built: Path) -> None:
    assert checked("plan", aibild("plan", "--json", cwd=built).stdout)["work"] == []
    answers = checked("why", aibild("why", "boat", "--json", cwd=built).stdout)["answers"]
    assert [answer["verdict"] for answer in answers] == ["nothing differs"]  # type: ignore[attr-defined]
    checked("pictures", (built / "dist/pictures.json").read_text())
    for name in ("stats", "verify"):
        checked("cache", aibild("cache", name, "--json", cwd=built).stdout)


def test_talk_goes_to_stderr(built: Path) -> None:
    done = aibild("build", cwd=built)
    assert done.stdout == "" and "reused" in done.stderr


def test_source_faults_exit_2_with_file_and_line(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "size: [640, 360]", "size: [640, 360]\nsede: 4")
    done = aibild("build", cwd=root)
    assert done.returncode == 2
    assert "briefs/boat.yaml:3: error: " in done.stderr and "hint: did you mean `seed`?" in done.stderr
    assert "Traceback" not in done.stderr and not (root / "dist").exists()
    fault = aibild("build", "--json", cwd=root)
    found = checked("fault", fault.stdout)["findings"]
    assert [(one["path"], one["line"]) for one in found] == [("briefs/boat.yaml", 3)]  # type: ignore[attr-defined]


def test_github_annotations(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/boat.yaml", "size: [640, 360]", "sede: 4")
    assert (
        "::error file=briefs/boat.yaml,line=2,title=source-unknown-key::"
        in aibild("build", cwd=root, GITHUB_ACTIONS="true").stderr
    )


def test_no_project_says_what_to_do(tmp_path: Path) -> None:
    done = aibild("build", cwd=tmp_path)
    assert done.returncode == 2 and "aibild.toml" in done.stderr and "aibild init" in done.stderr


def test_frozen_exits_1_with_the_list(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    done = aibild("build", "--frozen", cwd=root)
    assert done.returncode == 1
    assert "  boat: the lock is without an entry for it\n" in done.stderr
    assert checked("fault", aibild("build", "--frozen", "--json", cwd=root).stdout)["missing"]


def test_missing_alt_text_is_an_error_and_exit_1(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "briefs/quay.yaml", "  de: Ein Kai im Morgenlicht\n", "")
    done = aibild("build", cwd=root)
    assert done.returncode == 1 and "site/de/index.md:4: error: picture `quay` has no alt text in `de`" in done.stderr
    text = (root / "aibild.toml").read_text()
    (root / "aibild.toml").write_text(text + '\n[rules]\nimage-alt-missing = "warning"\n')
    assert aibild("build", cwd=root).returncode == 0


def test_template_fault_exits_2(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"templates/article.html": "<p>\n{{ nothing.here }}"})
    done = aibild("build", cwd=root)
    assert done.returncode == 2 and "templates/article.html:2: error: " in done.stderr and "Traceback" not in done.stderr


def test_limit_exits_3(tmp_path: Path) -> None:
    done = aibild("build", "--limit-images", "0", cwd=write_project(tmp_path))
    assert done.returncode == 3 and "2 pictures would be made, the limit is 0" in done.stderr


def test_why_names_the_fields(built: Path, tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    edit(root, "briefs/boat.yaml", "#b03a2e", "#0000ff")
    done = aibild("why", "boat", cwd=root)
    assert done.stdout.splitlines() == ["picture boat: the lock pins another recipe", "  parameters.colour: #b03a2e → #0000ff"]
    assert aibild("why", "/de/tides/", cwd=root).stdout == "page /de/tides/: nothing differs\n"
    edit(root, "site/de/tides.md", "Zweimal", "Dreimal")
    assert "it would be rendered: source changed" in aibild("why", "de/tides", cwd=root).stdout
    picture = next((root / "dist/pictures").glob("quay-*.avif")).name
    answer = aibild("why", f"https://harbour.example/pictures/{picture}", cwd=root).stdout
    assert "nothing differs" in answer and "brief = quay" in answer
    unknown = aibild("why", "baot", cwd=root)
    assert unknown.returncode == 3 and "did you mean `boat`?" in unknown.stderr


def test_why_of_a_file_that_will_be_replaced(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    picture = next((root / "dist/pictures").glob("quay-*.avif")).name
    edit(root, "aibild.toml", "avif = 40", "avif = 55")
    done = aibild("why", f"/pictures/{picture}", cwd=root).stdout
    assert "it would be replaced" in done and "settings.quality: 40 → 55" in done


def test_brief_show_prints_the_merged_prompt(built: Path) -> None:
    assert "a red boat" in aibild("brief", "show", "boat", cwd=built).stdout
    assert json.loads(aibild("brief", "show", "boat", "--json", cwd=built).stdout)["prompt"] == "a red boat"
    done = aibild("brief", "show", "baot", cwd=built)
    assert done.returncode == 2 and "did you mean `boat`?" in done.stderr


def test_cache_commands(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    run_build(root)
    assert "0 damaged" in aibild("cache", "stats", cwd=root).stdout
    assert aibild("cache", "verify", cwd=root).returncode == 0
    assert "removed 0 blobs" in aibild("cache", "gc", "--grace-days", "0", cwd=root).stdout, "all is needed"
    edit(root, "briefs/boat.yaml", "#b03a2e", "#0000ff")
    run_build(root)
    assert "removed 0 blobs" not in aibild("cache", "gc", "--grace-days", "0", cwd=root).stdout
    assert run_build(root).made.rendition == 0, "what the site needs was kept"
    victim = next(path for path in sorted((root / ".aibild/store/cas").rglob("*")) if path.is_file())
    victim.write_bytes(b"rot")
    broken = aibild("cache", "verify", cwd=root)
    assert broken.returncode == 1 and "set aside" in broken.stdout


def test_init_writes_a_site_that_builds(tmp_path: Path) -> None:
    done = aibild("init", "harbour", cwd=tmp_path)
    assert done.returncode == 0 and "next: cd harbour && aibild build" in done.stderr
    assert aibild("plan", "-q", cwd=tmp_path / "harbour").returncode == 0
    again = aibild("init", "harbour", cwd=tmp_path)
    assert again.returncode == 3 and "harbour/aibild.toml exists already" in again.stderr


def test_init_keeps_a_gitignore(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert aibild("init", "-q", cwd=tmp_path).returncode == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_source_date_epoch_dates_new_pixels(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    aibild("generate", "boat", cwd=root, SOURCE_DATE_EPOCH="86400")
    assert '"made":"1970-01-02"' in (root / "aibild.lock").read_text()


def test_a_build_checks_what_it_built(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    edit(root, "site/tides.md", "Twice a day.", 'Twice a day. <a href="/gone/">Nothing</a>')
    done = aibild("build", cwd=root)
    assert done.returncode == 1 and "dist/tides/index.html" in done.stderr and "link-broken" in done.stderr
    assert (root / "dist/tides/index.html").exists(), "it is built; it should not go out"
    assert aibild("build", "--no-check", cwd=root).returncode == 0
    text = (root / "aibild.toml").read_text()
    (root / "aibild.toml").write_text(text + "\n[check]\nbuild = false\n")
    assert aibild("build", cwd=root).returncode == 0
