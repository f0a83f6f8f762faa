"""Whatever is edited between two builds, what comes is byte for byte what a build from nothing gives.

Each sequence begins with the small project and makes random edits; after each of them the site is built in its folder, with all
that was remembered, and once more elsewhere with nothing remembered but the pictures.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from aibild_build.build import Options
from aibild_build.build.resident import Resident
from aibild_build.build.talk import Silent
from aibild_build.errors import AibildError
from aibild_build.model import Actor
from tests.support.project import TODAY, run_build, tree, write_project

SEQUENCES, SERVED, STEPS = 24, 6, 8
Edit = Callable[[Path, random.Random], None]


def _pages(root: Path) -> list[Path]:
    return sorted((root / "site").rglob("*.md"))


def _words(root: Path, dice: random.Random) -> None:
    """The most frequent edit of all: a sentence more."""
    page = dice.choice(_pages(root))
    page.write_text(page.read_text() + f"\nThe tide of {dice.randrange(10_000)} came.\n")


def _words_and_link(root: Path, dice: random.Random) -> None:
    page = dice.choice([page for page in _pages(root) if page.parent.name == "site"])
    target = dice.choice([other for other in _pages(root) if other.parent.name == "site"])
    page.write_text(page.read_text() + f"\nSee [this]({target.name}) of {dice.randrange(100)}.\n")


def _heading(root: Path, dice: random.Random) -> None:
    page = dice.choice(_pages(root))
    page.write_text(page.read_text() + f"\n## Part {dice.randrange(1000)}\n\nWords.\n")


def _title(root: Path, dice: random.Random) -> None:
    page = dice.choice(_pages(root))
    lines = page.read_text().split("\n")
    lines[1] = f"title: Title {dice.randrange(1000)}"
    page.write_text("\n".join(lines))


def _new_page(root: Path, dice: random.Random) -> None:
    name = f"page-{dice.randrange(1000)}.md"
    tags = dice.choice(["", "tags: [north, sea]\n", "tags: [sea]\n", "date: 2026-01-02\nschema: Article\n"])
    (root / "site" / name).write_text(f"---\ntitle: New {dice.randrange(99)}\ndescription: A page.\n{tags}---\n\nNew.\n")


def _translate(root: Path, dice: random.Random) -> None:
    page = dice.choice([page for page in _pages(root) if page.parent.name == "site"])
    (root / "site" / "de" / page.name).write_text(f"---\ntitle: Seite {dice.randrange(99)}\ndescription: Neu.\n---\n\nNeu.\n")


def _delete(root: Path, dice: random.Random) -> None:
    gone = [page for page in _pages(root) if page.name.startswith("page-")]
    if gone:
        dice.choice(gone).unlink()


def _rename(root: Path, dice: random.Random) -> None:
    old = [page for page in _pages(root) if page.name.startswith("page-")]
    if old:
        dice.choice(old).rename(root / "site" / f"page-{dice.randrange(1000)}.md")


def _template(root: Path, dice: random.Random) -> None:
    (root / "templates").mkdir(exist_ok=True)
    text = dice.choice(
        [
            "{{ content }}<p>A%d</p>{%% for p in pages() %%}{{ p.title }}{%% endfor %%}",
            "{{ head() }}{{ content }}%d{%% for t in translations() %%}{{ t.url }}{%% endfor %%}",
            '{{ head() }}{{ content }}%d{%% for item in menu("main") %%}{{ item.label }}{%% endfor %%}',
        ]
    )
    (root / "templates" / "article.html").write_text(text % dice.randrange(100))


def _no_template(root: Path, dice: random.Random) -> None:
    (root / "templates" / "article.html").unlink(missing_ok=True)


def _brief(root: Path, dice: random.Random) -> None:
    """Words of a picture, or its pixels."""
    brief = root / "briefs" / dice.choice(["quay.yaml", "boat.yaml"])
    text = brief.read_text()
    if dice.random() < 0.7:
        lines = [f"  en: Seen {dice.randrange(1000)}" if line.startswith("  en:") else line for line in text.split("\n")]
        brief.write_text("\n".join(lines))
    else:
        brief.write_text(text.replace("colour: '#", f"colour: '#{dice.randrange(10)}")[: len(text)])


def _picture(root: Path, dice: random.Random) -> None:
    page = dice.choice(_pages(root))
    page.write_text(page.read_text() + f"\n![Seen from {dice.randrange(100)} sides](brief:{dice.choice(['boat', 'quay'])})\n")


def _settings(root: Path, dice: random.Random) -> None:
    config = root / "aibild.toml"
    config.write_text(config.read_text().replace('name = "Harbour', f'name = "Harbour{dice.randrange(9)}', 1))


def _static(root: Path, dice: random.Random) -> None:
    (root / "site" / "static" / f"file-{dice.randrange(3)}.txt").write_text(str(dice.random()))


def _meddle(root: Path, dice: random.Random) -> None:
    """Somebody touches the output."""
    page = dice.choice(sorted((root / "dist").rglob("*.html")))
    if dice.random() < 0.5:
        page.unlink()
    else:
        page.write_text("meddled")


def _hurry(root: Path, dice: random.Random) -> None:
    """A build in no time comes between."""
    run_build(root, time_box_s=0.0)


EDITS: dict[Edit, int] = {
    _words: 8, _words_and_link: 2, _heading: 2, _title: 2, _new_page: 2, _translate: 1, _delete: 1, _rename: 1, _template: 2,
    _no_template: 1, _brief: 2, _picture: 1, _settings: 1, _static: 1, _meddle: 1, _hurry: 1,
}  # fmt: skip


def _settled(root: Path) -> None:
    """What was written in this very tick is not trusted, and memory would never be used here."""
    time.sleep(0.025)


def _sources(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if _is_source(path, root)}


def _is_source(path: Path, root: Path) -> bool:
    return path.is_file() and path.relative_to(root).parts[0] not in (".aibild", "dist")


def _put_back(root: Path, before: dict[str, bytes]) -> None:
    for path, data in {**_sources(root), **before}.items():
        if path not in before:
            (root / path).unlink()
        elif not (root / path).exists() or (root / path).read_bytes() != data:
            (root / path).write_bytes(data)


class _Command:
    """The site as the command line builds it."""

    output, options = "dist", dict[str, Any]()

    def __init__(self, root: Path) -> None:
        self._root = root

    def build(self, changed: Collection[str]) -> None:
        """Raises AibildError."""
        run_build(self._root)


class _Served:
    """The site as `aibild serve` keeps it: a look at what was saved, and the build behind it."""

    output, options = ".aibild/serve", dict[str, Any](draft=True, time_box_s=0.0)

    def __init__(self, root: Path) -> None:
        options = Options(root=root, output=root / self.output, crew="inline", **self.options)
        actor = Actor(who="ada@example.org", when=TODAY)
        self._resident = Resident(options, today=lambda: TODAY, talk=Silent(), actor=lambda: actor)

    def build(self, changed: Collection[str]) -> None:
        """Raises AibildError."""
        self._resident.look(changed, ["index.html", "tides/index.html"])
        faults = self._resident.build().faults
        if faults:
            raise AibildError(faults[0].finding.message)


def _from_nothing(root: Path, elsewhere: Path, options: Mapping[str, Any]) -> Path:
    """The same sources built where nothing is remembered but the store."""
    shutil.rmtree(elsewhere, ignore_errors=True)
    shutil.copytree(root, elsewhere, ignore=lambda folder, names: [name for name in names if name in ("dist", ".aibild")])
    run_build(elsewhere, store=root / ".aibild" / "store", **options)
    return elsewhere / "dist"


def run_sequence(seed: int, folder: Path, *, served: bool = False, steps: int = STEPS) -> None:
    """One sequence of random edits in `folder`; fails where what comes is not what a build from nothing gives."""
    dice = random.Random(seed)
    root = write_project(folder / "site")
    _settled(root)
    site = _Served(root) if served else _Command(root)
    site.build(())
    done: list[str] = []
    for _ in range(steps):
        edit = dice.choices(list(EDITS), list(EDITS.values()))[0]
        if served and edit is _meddle:  # the output of `serve` is nobody else's
            continue
        before = _sources(root)
        edit(root, dice)
        done.append(edit.__name__)
        _settled(root)
        after = _sources(root)
        changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        try:
            site.build(changed)
        except AibildError:  # an edit that breaks the site is taken back
            _put_back(root, before)
            done[-1] += " (refused)"
            _settled(root)
            site.build(changed)
        assert tree(root / site.output) == tree(_from_nothing(root, folder / "clean", site.options)), done


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_edits_give_what_a_build_from_nothing_gives(seed: int, tmp_path: Path) -> None:
    run_sequence(seed, tmp_path)


@pytest.mark.parametrize("seed", range(SERVED))
def test_saves_give_what_a_build_from_nothing_gives(seed: int, tmp_path: Path) -> None:
    run_sequence(seed, tmp_path, served=True)


def test_one_page_is_rendered_when_its_words_changed(tmp_path: Path) -> None:
    root = write_project(tmp_path / "site")
    _settled(root)
    run_build(root)
    page = root / "site" / "tides.md"
    for turn in range(3):
        page.write_text(page.read_text() + f"\nAnd again, {turn}.\n")
        _settled(root)
        report = run_build(root)
        assert (report.made.page, report.reused.page, report.written) == (1, 5, 1)
        assert f"And again, {turn}." in (root / "dist" / "tides" / "index.html").read_text()
    assert run_build(root).made.page == 0
