"""`aibild pictures` and `aibild export feed`: records, partials, a second run, and what is wrong said plainly."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import jsonschema
import pytest

from aibild_build.build import Options, build
from aibild_build.build.exporting import export_feed
from aibild_build.errors import AibildError, FrozenError, OutputError, SourceError
from aibild_build.lock import read_lock
from aibild_build.model import Report
from tests.support.project import FILES, TODAY, edit, run_build, stamps, tree, write_project

SCHEMA = Path(__file__).parents[1] / "aibild_build/reports/schemas/records.json"
PARTIALS = Path(__file__).parents[1] / "aibild_build/pages/partials"
NO_SITE: Mapping[str, str | None] = {path: None for path in FILES if path.startswith("site/")}
QUAY = FILES["briefs/quay.yaml"].replace("A quay at dawn\n  de", '"A \\"quiet\\" quay & its <boats>, O\'Hara\'s"\n  de')


def pictures(root: Path, **options: Any) -> Report:
    return build(Options(root=root, output=root / "out", pictures=True, crew="inline", **options), today=TODAY)


def records(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "out/pictures.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without pages, its pictures made; the store is warm for the tests that copy it."""
    root = write_project(tmp_path_factory.mktemp("pictures"), {**NO_SITE, "briefs/quay.yaml": QUAY})
    pictures(root)
    return root


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def test_records_are_what_the_schema_says_and_name_every_file(made: Path) -> None:
    found = records(made)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    files = {f"/{path}" for path in tree(made / "out") if path.startswith("pictures/")}
    assert files == set(found["urls"]) and len(files) > 50
    quay = found["pictures"]["quay"]
    assert quay["slot"] == "hero" and set(quay["slots"]) == {"hero", "card", "prose", "thumb"}
    hero = quay["slots"]["hero"]
    assert hero["priority"] and hero["share"]["width"] > 0 and hero["preload"].startswith('<link rel="preload" as="image"')
    assert hero["jsonld"]["de"]["caption"] == "Ein Kai im Morgenlicht"
    assert hero["sitemap"] == f"<image:image><image:loc>https://harbour.example{hero['src']['url']}</image:loc></image:image>"
    assert quay["slots"]["card"]["preload"] == "" and "prompt" not in json.dumps(found)


def test_a_schema_that_lacks_a_field_is_noticed(made: Path) -> None:
    found = records(made)
    del found["pictures"]["quay"]["slots"]["hero"]["markup"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, json.loads(SCHEMA.read_text()))


def test_markup_and_head_are_those_of_our_own_pages(made: Path, tmp_path: Path) -> None:
    """The same briefs as pages of ours: hero and preload are in them word for word."""
    root = write_project(tmp_path, {"briefs/quay.yaml": QUAY})
    shutil.copytree(made / ".aibild/store", root / ".aibild/store")
    assert run_build(root).made.picture == 0
    html = (root / "dist/index.html").read_text()
    hero = records(made)["pictures"]["quay"]["slots"]["hero"]
    macros = jinja(made)
    shown = str(macros.picture(records(made), "quay", "hero", "en"))
    assert shown in html and hero["preload"] in html and "O&#39;Hara&#39;s" in shown
    card = [line for line in hero["head"]["en"].splitlines() if "og:image" in line or "twitter:card" in line]
    assert len(card) == 6 and all(line in html for line in card)
    boats = (root / "dist/boats/index.html").read_text()
    assert str(macros.picture(records(made), "boat", "hero", "en")) in boats


def test_a_second_run_makes_nothing_and_touches_nothing(copied: Path) -> None:
    before = stamps(copied / "out")
    shutil.rmtree(copied / ".aibild/pictures", ignore_errors=True)
    for _ in range(2):
        done = pictures(copied)
        assert (done.made.picture, done.made.rendition, done.written, done.removed) == (0, 0, 0, 0)
    assert stamps(copied / "out") == before


def test_another_alt_text_changes_records_alone(copied: Path) -> None:
    edit(copied, "briefs/boat.yaml", "A red boat", "A red boat at rest")
    before = tree(copied / "out")
    assert pictures(copied).made.rendition == 0
    differ = {path for path, data in tree(copied / "out").items() if before[path] != data and not path.startswith(".aibild/")}
    assert differ == {"pictures.json"}


def test_frozen_refuses_what_is_not_pinned(copied: Path) -> None:
    assert pictures(copied, frozen=True).made.picture == 0
    edit(copied, "briefs/boat.yaml", "a red boat", "a blue boat")
    with pytest.raises(FrozenError):
        pictures(copied, frozen=True)


def test_a_collection_is_cut_for_its_own_slots(tmp_path: Path) -> None:
    row = {"id": "mug", "subject": "a mug", "size": [320, 180], "alt": {"en": "A mug", "de": "Eine Tasse"}}
    files = {
        **NO_SITE,
        "briefs/quay.yaml": None,
        "briefs/shop.jsonl": json.dumps({**row, "parameters": {"colour": "#aabbcc"}}) + "\n",
        "aibild.toml": FILES["aibild.toml"] + '\n[pictures]\nslots = ["prose"]\n[pictures.collections]\nshop = ["card"]\n',
    }
    root = write_project(tmp_path, files)
    pictures(root)
    found = records(root)["pictures"]
    assert {name: list(one["slots"]) for name, one in found.items()} == {"mug": ["card"], "boat": ["prose"]}


def test_slots_of_a_collection_that_is_not_there(tmp_path: Path) -> None:
    settings = FILES["aibild.toml"] + '\n[pictures.collections]\nshops = ["card"]\n'
    root = write_project(tmp_path, {**NO_SITE, "aibild.toml": settings, "briefs/shop.jsonl": ""})
    with pytest.raises(SourceError) as caught:
        pictures(root)
    (found,) = caught.value.findings
    assert found.message.endswith("got `shops` and no file `briefs/shops.jsonl`") and found.hint == "did you mean `shop`?"
    assert found.origin is not None and found.origin.line == settings.splitlines().index('shops = ["card"]') + 1


def test_ordinary_files_of_our_own_pages_stay_in_the_lock(copied: Path) -> None:
    lock = json.loads((copied / "aibild.lock").read_text())
    lock["briefs"]["file:site/a.png"] = lock["briefs"]["boat"]
    (copied / "aibild.lock").write_text(json.dumps(lock))
    edit(copied, "briefs/boat.yaml", "a red boat", "a green boat")
    pictures(copied)
    assert "file:site/a.png" in read_lock((copied / "aibild.lock").read_text())[0].briefs


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aibild.toml": FILES["aibild.toml"] + '\n[pictures]\nslots = ["heroo"]\n'}, "pictures.slots"),
        ({"aibild.toml": FILES["aibild.toml"] + '\n[pictures.collections]\nshop = ["none"]\n'}, "pictures.collections.shop"),
        ({"aibild.toml": FILES["aibild.toml"] + "\n[pictures]\nslot = 1\n"}, "slot"),
        ({"aibild.toml": FILES["aibild.toml"].replace('engine = "flat"', 'engine = "flatt"')}, "flatt"),
    ],
)
def test_faults_of_the_source(tmp_path: Path, changes: Mapping[str, str], said: str) -> None:
    root = write_project(tmp_path, {**NO_SITE, **changes})
    with pytest.raises(SourceError) as caught:
        pictures(root)
    assert any(said in finding.message for finding in caught.value.findings)
    assert not (root / "out").exists()


def test_a_missing_alt_text_is_an_error(copied: Path) -> None:
    edit(copied, "briefs/boat.yaml", "  de: Ein rotes Boot\n", "")
    found = [one for one in pictures(copied).findings if one.rule == "image-alt-missing"]
    assert [(one.subject, one.level.value) for one in found] == [("boat", "error")]


def test_a_folder_of_somebody_else_is_left_alone(copied: Path) -> None:
    (copied / "public").mkdir()
    (copied / "public/index.html").write_text("mine")
    with pytest.raises(OutputError):
        build(Options(root=copied, output=copied / "public", pictures=True, crew="inline"), today=TODAY)
    assert tree(copied / "public") == {"index.html": b"mine"}


# Partials


def jinja(root: Path) -> Any:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(root / "out/jinja"), autoescape=True)
    return environment.get_template("aibild.html").module


def test_jinja_takes_class_alt_and_figure(made: Path) -> None:
    found, macros = records(made), jinja(made)
    html = str(macros.picture(found, "boat", "prose", "fr", css_class='a"b', alt="", figure=True))
    assert html.startswith('<figure><picture class="a&#34;b"><source ') and ' alt="" ' in html
    assert html.endswith("</picture>" + found["pictures"]["boat"]["slots"]["prose"]["caption"]["en"] + "</figure>")
    assert str(macros.head(found, "quay", "hero", "de")) == found["pictures"]["quay"]["slots"]["hero"]["head"]["de"]
    assert str(macros.preload(found, "quay")) == found["pictures"]["quay"]["slots"]["hero"]["preload"]


_ELEVENTY = """
import plugin from "./eleventy/index.mjs";
const codes = {}, copied = {}, events = [];
plugin({ on: (name, call) => events.push(call), addShortcode: (name, code) => { codes[name] = code; },
  addPassthroughCopy: (paths) => Object.assign(copied, paths), addWatchTarget: () => {}, ignores: new Set() });
events.forEach((call) => call());
const page = { ctx: { lang: "de" } };
let fault = "";
try { codes.aibild.call(page, "nothing"); } catch (error) { fault = error.message; }
console.log(JSON.stringify([codes.aibild.call(page, "quay", "hero"), codes.aibild.call(page, "quay", "hero", { lang: "en" }),
  codes.aibildHead.call(page, "quay"), codes.aibild("boat", "prose", { class: 'a"b', alt: "", figure: true }), copied, fault]));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_eleventy_plugin_prints_the_same(made: Path) -> None:
    command = ["node", "--input-type=module", "-e", _ELEVENTY]
    run = subprocess.run(command, cwd=made / "out", capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    german, english, head, figure, copied, fault = json.loads(run.stdout)
    found, macros = records(made), jinja(made)
    assert german == str(macros.picture(found, "quay", "hero", "de"))
    assert english == str(macros.picture(found, "quay", "hero", "en"))
    assert head == str(macros.head(found, "quay", "hero", "de"))
    assert figure == str(macros.picture(found, "boat", "prose", "en", css_class='a"b', alt="", figure=True))
    assert copied == {"pictures": "pictures", "slots.css": "aibild.css"} and 'no picture "nothing"' in fault


def test_hugo_and_astro_print_records_and_nothing_of_their_own(made: Path) -> None:
    """The golden of what cannot run here: no markup but the seams is in them, and every key that they ask for is a record's."""
    slot = records(made)["pictures"]["quay"]["slots"]["hero"]
    for path in sorted((made / "out/hugo").rglob("*.html")):
        text = path.read_text()
        assert "<source" not in text and "<img" not in text and "<link" not in text
        asked = {part.split()[0].strip(")") for part in text.split("$found.slot.")[1:]}
        assert asked <= set(slot), path
    picture = (made / "out/hugo/layouts/partials/aibild/picture.html").read_text()
    assert (
        'printf "<picture%s%s%s%s" $class (index $found.slot.markup 0) (htmlEscape $alt) (index $found.slot.markup 1)' in picture
    )
    astro = (made / "out/astro/Picture.astro").read_text()
    assert "<Fragment set:html={picture(records, { id, slot: cut, lang, class: name, alt, figure })} />" in astro
    mounts = (made / "out/hugo.toml").read_text()
    assert all((made / "out" / line.split('"')[1]).exists() for line in mounts.splitlines() if line.startswith("source"))


def test_partials_are_shipped_as_they_lie_in_the_package(made: Path) -> None:
    shipped, put = tree(PARTIALS), tree(made / "out")
    assert shipped and all(put[path] == data for path, data in shipped.items())


# Export


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One picture that a shop takes, and one that is too small."""
    text = FILES["briefs/quay.yaml"].replace("[640, 360]", "[1200, 800]")
    root = write_project(
        tmp_path_factory.mktemp("large"),
        {
            **NO_SITE,
            "briefs/quay.yaml": text,
            "aibild.toml": FILES["aibild.toml"].replace('["avif", "webp", "jpeg"]', '["jpeg"]')
            + '\n[pictures]\nslots = ["hero"]\n',
        },
    )
    pictures(root)
    return root


def test_the_feed_has_large_jpegs_in_full(large: Path, tmp_path: Path) -> None:
    done = export_feed(large / "out", tmp_path / "feed")
    assert (done.rows, done.written) == (1, 2)
    assert [(one.rule, one.subject) for one in done.findings] == [("feed-picture-small", "boat")]
    rows = list(csv.DictReader((tmp_path / "feed/feed.csv").read_text().splitlines()))
    assert [row["id"] for row in rows] == ["quay"]
    files = {path.name: path for path in (large / "out/pictures").iterdir()}
    from PIL import Image

    for url in (rows[0]["image_link"], *rows[0]["additional_image_link"].split(",")):
        assert url.startswith("https://harbour.example/pictures/")
        with Image.open(files[url.rpartition("/")[2]]) as image:
            assert image.format == "JPEG" and min(image.size) >= 500
    assert rows[0]["digital_source_type"] == "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    again = export_feed(large / "out", tmp_path / "feed")
    assert replace(done, written=0) == again


def test_records_for_a_library_have_addresses_in_full(large: Path, tmp_path: Path) -> None:
    export_feed(large / "out", tmp_path / "feed")
    found = json.loads((tmp_path / "feed/pictures.json").read_bytes())

    def urls(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (item for key, item in value.items() if key == "url")
            yield from (url for item in value.values() for url in urls(item))
        elif isinstance(value, list):
            yield from (url for item in value for url in urls(item))

    every = [*urls(found["pictures"]), *found["urls"]]
    assert len(every) > 10 and all(url.startswith("https://harbour.example/pictures/") for url in every)
    assert "markup" not in json.dumps(found) and found["pictures"]["quay"]["pixels"]


@pytest.mark.parametrize(
    "text", [None, "{", "[]", '{"schema": 1, "pictures": {}, "urls": {}}', '{"records": 9, "pictures": {}, "base_url": ""}']
)
def test_a_folder_without_records_is_said(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "pictures.json").write_text(text)
    with pytest.raises(AibildError, match=r"records|cannot read"):
        export_feed(tmp_path, tmp_path / "feed")
    assert not (tmp_path / "feed").exists()


def test_both_guides_have_the_code_that_the_slow_trial_runs() -> None:
    """`scripts/slow/pictures.py` takes its settings, commands and pages from the English guide; the German one has the same."""
    from scripts.slow import pictures as trial

    german = (Path(__file__).parents[1] / "site/de/guide/generators.md").read_text("utf-8")
    made = [trial.documented(name) for name in ("Hugo", "Astro", "Eleventy")]
    assert [trial.documented(name, german) for name in ("Hugo", "Astro", "Eleventy")] == made
    assert [blocks[0].split()[:3] for blocks in made] == [["aibild", "pictures", "--out"]] * 3
    assert all(trial.page(blocks[2], "").count("harbour") >= 3 for blocks in made)
    assert trial.documented("What you need")[0].startswith("[site]")


def test_watch_shows_what_is_saved(copied: Path) -> None:
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-m", "aibild_build", "pictures", "--out", "out", "--watch", "--crew", "local", "--workers", "1"]
    with subprocess.Popen(
        command, cwd=copied, env={**_environment(), "PYTHONPATH": root}, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stderr is not None
            _until(run.stderr, "untouched")
            edit(copied, "briefs/boat.yaml", "A red boat", "A boat that was saved")
            _until(run.stderr, "written")
            assert "A boat that was saved" in (copied / "out/pictures.json").read_text()
            edit(copied, "briefs/boat.yaml", "subject:", "subjekt:")
            _until(run.stderr, "did you mean `subject`?")
            edit(copied, "briefs/boat.yaml", "subjekt:", "subject:")
            _until(run.stderr, "reused 2 pictures")
        finally:
            run.terminate()


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _until(lines: Any, words: str) -> None:
    """Read on until a line has these words; the end of the process is a failure."""
    seen = []
    for line in lines:
        seen.append(line)
        if words in line:
            return
    raise AssertionError(f"never said {words!r}: {''.join(seen)}")
