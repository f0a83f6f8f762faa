"""The pipeline as its users see it: what a second build does, what one edit costs, and that equal input gives an equal tree."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from aibild_build.build import Options
from aibild_build.build.generate import generate
from aibild_build.errors import LimitError, OutputError, SourceError, TemplateError
from aibild_build.model import PictureReason, RenditionReason
from aibild_build.plan import plan
from tests.support.project import TODAY, edit, run_build, stamps, tree, write_project


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("built"))
    run_build(root)
    return root


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """A built project of one's own."""
    return Path(shutil.copytree(built_once, tmp_path / "site", symlinks=True))


def test_a_second_build_makes_and_touches_nothing(built: Path) -> None:
    run_build(built)
    before = stamps(built / "dist")
    report = run_build(built, today="2031-05-05")
    assert (report.made.picture, report.made.rendition, report.made.page) == (0, 0, 0)
    assert (report.written, report.removed) == (0, 0)
    assert stamps(built / "dist") == before


def test_another_folder_and_day_give_the_same_tree(built: Path, tmp_path: Path) -> None:
    other = write_project(tmp_path / "elsewhere" / "deep")
    for name in ("aibild.lock", "aibild.audit.jsonl"):
        shutil.copy(built / name, other)
    run_build(other, today="2040-01-01", frozen=True)
    assert tree(other / "dist") == tree(built / "dist")


def test_directory_order_does_not_matter(built: Path, tmp_path: Path) -> None:
    """Files written in the opposite order lie in another order in their folders on most file systems."""
    source = tree(write_project(tmp_path / "plain"))
    other = tmp_path / "shuffled"
    for path in reversed(list(source)):
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_bytes(source[path])
    for name in ("aibild.lock", "aibild.audit.jsonl"):
        shutil.copy(built / name, other)
    run_build(other)
    assert tree(other / "dist") == tree(built / "dist")


def test_no_path_host_or_clock_in_the_output(built: Path) -> None:
    for path, data in tree(built / "dist").items():
        assert str(built).encode() not in data, path
        assert os.uname().nodename.encode() not in data, path


def test_an_edited_alt_text_renders_its_pages_only(built: Path) -> None:
    edit(built, "briefs/quay.yaml", "en: A quay at dawn", "en: The quay before sunrise")
    report = run_build(built)
    assert (report.made.picture, report.made.rendition, report.embedded, report.made.page) == (0, 0, 0, 2)
    assert "The quay before sunrise" in (built / "dist/index.html").read_text()


def test_an_edited_credit_encodes_nothing(built: Path) -> None:
    edit(built, "briefs/boat.yaml", "The Boatyard", "The Old Boatyard")
    report = run_build(built)
    assert (report.made.picture, report.made.rendition) == (0, 0)
    assert report.embedded > 0 and report.made.page >= 2
    fresh = write_project(built.parent / "fresh", {"briefs/boat.yaml": (built / "briefs/boat.yaml").read_text()})
    for name in ("aibild.lock", "aibild.audit.jsonl"):
        shutil.copy(built / name, fresh)
    run_build(fresh)
    assert tree(fresh / "dist") == tree(built / "dist"), "put in later equals put in at once"


def test_an_edited_prompt_makes_exactly_that_brief(built: Path) -> None:
    edit(built, "briefs/boat.yaml", "a red boat", "a very red boat")
    planned = plan(built, today=TODAY)
    assert [(work.subject, work.reason, work.detail) for work in planned.work if work.kind == "picture"] == [
        ("boat", PictureReason.RECIPE_CHANGED, "prompt")
    ]
    assert run_build(built).made.picture == 1


def test_an_edited_body_renders_one_page(built: Path) -> None:
    edit(built, "site/tides.md", "Twice a day.", "Twice a day, or so.")
    report = run_build(built)
    assert (report.made.page, report.written) == (1, 1)


def test_an_edited_title_renders_what_shows_it(built: Path) -> None:
    edit(built, "site/boats.md", "title: Boats", "title: All boats")
    planned = {work.subject: work.reason.value for work in plan(built, today=TODAY).work}
    assert planned["boats/"] == "source changed"
    assert planned["/"] == "something it shows changed", "its menu shows the title"
    assert "de/" not in planned, "the German pages show German titles"
    run_build(built)
    assert "All boats" in (built / "dist/index.html").read_text()


def test_a_template_of_the_site_overrides_and_is_tracked(built: Path) -> None:
    (built / "templates").mkdir()
    (built / "templates/article.html").write_text(
        '{% extends "base.html" %}{% block main %}<p>mine {{ page.title }}</p>{% endblock %}'
    )
    first = run_build(built)
    assert 0 < first.made.page < 6
    (built / "templates/article.html").write_text('{% extends "base.html" %}{% block main %}<p>ours</p>{% endblock %}')
    assert run_build(built).made.page == first.made.page


def test_a_failing_template_leaves_the_output_alone(built: Path) -> None:
    before = stamps(built / "dist")
    (built / "templates").mkdir()
    (built / "templates/article.html").write_text("line one\n{{ page.titel }}\n")
    with pytest.raises(TemplateError) as caught:
        run_build(built)
    assert (caught.value.path, caught.value.line, caught.value.exit_code) == ("templates/article.html", 2, 2)
    assert stamps(built / "dist") == before


def test_a_removed_page_leaves_the_output_and_its_folder(built: Path) -> None:
    (built / "site/tides.md").unlink()
    (built / "site/de/tides.md").unlink()
    report = run_build(built)
    assert report.removed >= 2, "the pages, and the cards that nobody lists any more"
    assert not (built / "dist/tides").exists() and not (built / "dist/de/tides").exists()


def test_a_page_becomes_a_folder_and_back(built: Path) -> None:
    (built / "site/static/charts").write_text("a file without suffix")
    run_build(built)
    (built / "site/static/charts").unlink()
    (built / "site/static/charts").mkdir()
    (built / "site/static/charts/one.txt").write_text("1")
    run_build(built)
    assert (built / "dist/charts/one.txt").read_text() == "1"
    shutil.rmtree(built / "site/static/charts")
    (built / "site/static/charts").write_text("a file again")
    run_build(built)
    assert (built / "dist/charts").read_text() == "a file again"


def test_an_altered_output_file_is_mended(built: Path) -> None:
    before = tree(built / "dist")
    (built / "dist/boats/index.html").write_text("vandalised")
    next((built / "dist/pictures").glob("boat-*.avif")).write_bytes(b"cut")
    (built / "dist/sitemap.xml").unlink()
    report = run_build(built)
    assert report.written == 3 and report.made.rendition == 0
    assert tree(built / "dist") == before


def test_losing_the_memory_of_pages_costs_a_rendering_only(built: Path) -> None:
    before = stamps(built / "dist")
    (built / ".aibild/pages.db").write_text("{torn")
    report = run_build(built)
    assert (report.made.page, report.made.rendition, report.written) == (6, 0, 0)
    assert stamps(built / "dist") == before


def test_rotten_blobs_are_made_again(built: Path) -> None:
    before = tree(built / "dist")
    for path in sorted((built / ".aibild/store/cas").rglob("*")):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-7] + b"rotten!")
    shutil.rmtree(built / "dist")
    report = run_build(built)
    assert report.outputs and tree(built / "dist") == before


def test_a_foreign_folder_is_refused(built: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "diary.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files that aibild did not build"):
        run_build(built, output=foreign)
    assert tree(foreign) == {"diary.txt": b"mine"}


def test_files_of_others_in_our_folder_are_left_alone(built: Path) -> None:
    (built / "dist/.well-known").mkdir()
    (built / "dist/.well-known/token").write_text("theirs")
    edit(built, "site/tides.md", "Twice", "Thrice")
    run_build(built)
    assert (built / "dist/.well-known/token").read_text() == "theirs"


def test_a_static_file_must_not_take_a_page(built: Path) -> None:
    (built / "site/static/robots.txt").write_text("mine")
    with pytest.raises(SourceError) as caught:
        run_build(built)
    finding = caught.value.findings[0]
    assert (finding.rule, str(finding.origin)) == ("source-duplicate", "site/static/robots.txt")


def test_every_fault_of_the_source_in_one_run(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "briefs/boat.yaml": "subject: x\nenginee: flat\nseed: auto\n",
            "site/tides.md": "---\ntitle: T\nhero: qay\n---\n[x](gone.md)\n",
        },
    )
    with pytest.raises(SourceError) as caught:
        run_build(root)
    lines = {f"{finding.origin}" for finding in caught.value.findings}
    assert {"briefs/boat.yaml:2", "briefs/boat.yaml:3", "site/tides.md:3"} <= lines
    assert any("`engine`" in finding.hint for finding in caught.value.findings)
    assert any("`quay`" in finding.hint for finding in caught.value.findings)
    assert not (root / "dist").exists() and not (root / ".aibild").exists()


def test_limits_stop_before_anything_is_made(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    with pytest.raises(LimitError, match="2 pictures would be made, the limit is 1"):
        run_build(root, limit_images=1)
    assert not (root / ".aibild/store/cas").exists()
    assert run_build(root, limit_images=2).made.picture == 2
    shutil.rmtree(root / "dist")
    run_build(root, limit_images=0)


def test_plan_writes_nothing_and_tells_what_build_does(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    before = stamps(root)
    planned = plan(root, today=TODAY)
    assert stamps(root) == before
    report = run_build(root)
    assert planned.made == report.made
    after = plan(root, today=TODAY)
    assert not after.work and after.reused.rendition == report.made.rendition


def test_plan_knows_the_cost_from_the_past(built: Path) -> None:
    edit(built, "briefs/boat.yaml", "#b03a2e", "#104020")
    planned = plan(built, today=TODAY)
    files = [work for work in planned.work if work.kind == "rendition"]
    assert files and all(work.cost.seconds is not None for work in files)
    assert planned.seconds > 0 and planned.unknown == 0


def test_force_makes_all_again_to_the_same_tree(built: Path) -> None:
    before = stamps(built / "dist")
    report = run_build(built, force=True)
    assert (report.made.picture, report.made.page) == (2, 6) and report.made.rendition > 20
    assert stamps(built / "dist") == before
    assert {work.reason for work in plan(built, today=TODAY, force=True).work if work.kind == "rendition"} == {
        RenditionReason.FORCED
    }


def test_base_url_with_a_path(built: Path) -> None:
    run_build(built, base_url="https://preview.example/pr/7/", output=built / "preview")
    page = (built / "preview/index.html").read_text()
    assert 'href="/pr/7/boats/"' in page and 'src="/pr/7/pictures/' in page
    assert "https://preview.example/pr/7/" in (built / "preview/sitemap.xml").read_text()
    assert "harbour.example/boats" not in page.replace("https://harbour.example/boats/", ""), "only the licence stays"


def test_pictures_json_names_every_file(built: Path) -> None:
    index = json.loads((built / "dist/pictures.json").read_bytes())
    files = {f"/{path.relative_to(built / 'dist').as_posix()}" for path in (built / "dist/pictures").iterdir()}
    assert set(index["urls"]) == files
    assert "prompt" not in (built / "dist/pictures.json").read_text()
    boat = index["pictures"]["boat"]
    assert boat["pages"] == ["/", "/boats/", "/de/", "/de/boats/"], "the home pages show it on a card"
    assert f'data-asset="{boat["asset"]}"' in (built / "dist/boats/index.html").read_text()


def test_pictures_json_can_be_switched_off(tmp_path: Path, built: Path) -> None:
    text = (built / "aibild.toml").read_text()
    (built / "aibild.toml").write_text(text + "\n[output]\npictures_json = false\n")
    run_build(built)
    assert not (built / "dist/pictures.json").exists()


def test_generate_makes_and_pins_without_pages(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    done = generate(Options(root=root, crew="inline"), ["boat"], today=TODAY)
    assert (done.made, done.reused) == (1, 0)
    lock = (root / "aibild.lock").read_text()
    assert '"boat"' in lock and '"quay"' not in lock
    assert not (root / "dist").exists()
    assert generate(Options(root=root, crew="inline"), today=TODAY).made == 1
    assert run_build(root, frozen=True).made.picture == 0


def test_repin_replaces_pinned_pixels_only_when_asked(tmp_path: Path) -> None:
    config = (write_project(tmp_path) / "aibild.toml").read_text()
    (tmp_path / "aibild.toml").write_text(config + "\n[engines.flat]\nexact = false\n")
    run_build(tmp_path)
    before = (tmp_path / "aibild.lock").read_text()
    (tmp_path / "aibild.toml").write_text(config + "\n[engines.flat]\nexact = false\ndrift = 9\n")
    assert run_build(tmp_path).made.picture == 0
    assert (tmp_path / "aibild.lock").read_text() == before
    generate(Options(root=tmp_path, crew="inline"), ["boat"], repin=True, today="2027-01-01")
    after = (tmp_path / "aibild.lock").read_text()
    assert sum(1 for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new) == 2, "pixels, trail"
    report = run_build(tmp_path, frozen=True)
    assert (report.made.picture, report.made.rendition > 0) == (0, True)
    shutil.rmtree(tmp_path / "dist")
    assert run_build(tmp_path, frozen=True).made.rendition == 0


def test_candidates_are_all_made_and_one_is_used(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {"briefs/boat.yaml": "subject: boat\nsize: [640, 360]\nseed: 7\ncandidates: 3\nalt: {en: A boat, de: Ein Boot}\n"},
    )
    assert run_build(root).made.picture == 4
    lock = json.loads((root / "aibild.lock").read_text())
    boat = lock["briefs"]["boat"]["assets"]["master"]
    assert [row["seed"] for row in boat["candidates"]] == [7, 8, 9] and boat["pick"] == 0
    boat["pick"] = 2
    (root / "aibild.lock").write_text(json.dumps(lock))
    assert run_build(root, frozen=True).made.picture == 0
    index = json.loads((root / "dist/pictures.json").read_bytes())
    assert index["pictures"]["boat"]["seed"] == 9
