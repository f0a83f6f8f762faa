"""What texts were read as is taken over while they are as they were, and for no moment longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aibild_build.errors import OutputError
from aibild_build.model import Page
from aibild_build.pages.content import Words, read_pages
from aibild_build.pages.texts import TEXTS, Texts
from tests.unit.pages.project import Project

_LATER_NS = 60_000_000_000


@pytest.fixture
def texts_of(project: Project) -> Path:
    """Where texts are kept of a project with three pages, one of which shows a picture by its path."""
    project.page("site/index.md", "Home", "# Home\n\n[next](a.md#part)\n")
    project.page("site/a.md", "A", "Words with a ![quay](brief:quay).\n\n## Part\n\nMore.\n", tags="[sea]")
    project.page("site/b.md", "B", "![shown](pictures/photo.png)\n")
    project.write("site/pictures/photo.png", "PNG")
    return project.root / ".aibild" / TEXTS


def _read(project: Project, file: Path, *, later: bool = True) -> tuple[tuple[Page, ...], Texts]:
    """Pages without words, as a build sees them that begins a minute from now, or in this very moment."""
    texts = Texts(file, time.time_ns() + (_LATER_NS if later else 0))
    pages, _, findings = read_pages(project.config, texts=texts)
    assert findings == ()
    return pages, texts


def _whole(project: Project, pages: tuple[Page, ...], texts: Texts) -> list[Page]:
    words = Words(project.config, texts)
    with words:
        return [words.of(page) for page in pages]


def _kept(project: Project, file: Path, *, later: bool = True) -> set[str]:
    """The files that would not be opened again."""
    paths = sorted(path.relative_to(project.root).as_posix() for path in (project.root / "site").rglob("*.md"))
    texts = Texts(file, time.time_ns() + (_LATER_NS if later else 0))
    return set(texts.before(project.config, paths))


def test_pages_come_without_words_and_get_them_back(project: Project, texts_of: Path) -> None:
    read = list(project.pages().values())
    for _ in range(2):
        pages, texts = _read(project, texts_of)
        assert not any(isinstance(piece, str) for page in pages for piece in page.body)
        assert next(page.body for page in pages if page.id == "a"), "pictures in the text are known without it"
        assert _whole(project, pages, texts) == read


def test_only_what_changed_is_read_again(project: Project, texts_of: Path) -> None:
    _read(project, texts_of)
    assert _kept(project, texts_of) == {"site/index.md", "site/a.md", "site/b.md"}
    project.page("site/a.md", "Another", "## Part\n")
    assert _kept(project, texts_of) == {"site/index.md", "site/b.md"}
    (project.root / "site/index.md").unlink()
    project.page("site/c.md", "C")
    pages, texts = _read(project, texts_of)
    assert {page.id: page.title for page in pages} == {"a": "Another", "b": "B", "c": "C"} | {
        page.id: page.title for page in pages if page.made
    }
    assert _whole(project, pages, texts) == list(project.pages().values())
    assert _kept(project, texts_of) == {"site/a.md", "site/b.md", "site/c.md"}


def test_equal_bytes_under_other_times_are_not_parsed_again(project: Project, texts_of: Path) -> None:
    _read(project, texts_of)
    file = project.root / "site/a.md"
    os.utime(file, ns=(1, 1))
    texts = Texts(texts_of, time.time_ns() + _LATER_NS)
    assert "site/a.md" not in texts.before(project.config, ["site/a.md", "site/b.md", "site/index.md"])
    digest = next(page.digest for page in project.pages().values() if page.id == "a")
    found = texts.as_before("site/a.md", digest)
    assert found is not None and found.page.title == "A"
    assert texts.as_before("site/a.md", "0" * 64) is None
    _read(project, texts_of)
    assert "site/a.md" in _kept(project, texts_of), "its new times are known now"


def test_times_of_this_very_moment_tell_nothing(project: Project, texts_of: Path) -> None:
    _read(project, texts_of, later=False)
    assert _kept(project, texts_of) == set()
    _read(project, texts_of)
    assert len(_kept(project, texts_of)) == 3


def test_a_picture_that_went_is_missed(project: Project, texts_of: Path) -> None:
    _read(project, texts_of)
    (project.root / "site/pictures/photo.png").unlink()
    assert _kept(project, texts_of) == {"site/index.md", "site/a.md"}
    _, _, findings = read_pages(project.config, texts=Texts(texts_of, time.time_ns() + _LATER_NS))
    assert [finding.rule for finding in findings] == ["source-reference"]


def test_a_picture_that_comes_nearer_is_taken(project: Project, texts_of: Path) -> None:
    project.page("site/deep/d.md", "D", "![shown](pictures/photo.png)\n")
    project.write("pictures/photo.png", "PNG")
    _read(project, texts_of)
    project.write("site/deep/pictures/photo.png", "PNG")
    assert "site/deep/d.md" not in _kept(project, texts_of)


def test_faults_are_told_again(project: Project, texts_of: Path) -> None:
    project.page("site/a.md", "A", "[gone](nowhere.md) ## Part\n", order="first")
    for _ in range(2):
        _, _, findings = read_pages(project.config, texts=Texts(texts_of, time.time_ns() + _LATER_NS))
        assert {finding.rule for finding in findings} == {"source-value", "source-link"}


def test_other_settings_read_anew(project: Project, texts_of: Path) -> None:
    _read(project, texts_of)
    project.settings["digest"] = "another name of the site, say"
    assert len(_kept(project, texts_of)) == 3
    project.settings["languages"] = project.settings["languages"][:1]
    assert _kept(project, texts_of) == set()


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + bytes(2000)])
def test_a_damaged_memory_costs_a_reading(project: Project, texts_of: Path, damage: bytes) -> None:
    _read(project, texts_of)
    texts_of.write_bytes(damage)
    pages, texts = _read(project, texts_of)
    assert _whole(project, pages, texts) == list(project.pages().values())
    _read(project, texts_of)
    assert len(_kept(project, texts_of)) == 3


def test_words_that_went_are_read_once_more(project: Project, texts_of: Path) -> None:
    pages, texts = _read(project, texts_of)
    texts_of.unlink()
    assert _whole(project, pages, texts) == list(project.pages().values())
    project.page("site/a.md", "Another", "## Part\n")
    with pytest.raises(OutputError, match=r"site/a\.md changed while the site was being built"):
        _whole(project, pages, texts)


def test_a_folder_that_cannot_be_written_is_no_fault(project: Project, texts_of: Path) -> None:
    texts_of.parent.write_text("a file")
    pages, texts = _read(project, texts_of)
    assert _whole(project, pages, texts) == list(project.pages().values())
    assert list(pages) == list(project.pages().values()), "words stay in memory"
