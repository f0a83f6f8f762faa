"""One page after another → verdicts: what each family of rules says of a page, what it notes for later, what both depend on.

A job for a worker process: takes plain arguments, opens the site itself, yields plain values. It knows no cache and no levels.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..budgets import Family, families
from ..budgets.reading import Fault, OnePage, Unreadable, read_page
from ..budgets.reading.page import MAX_PAGE_BYTES
from ..config import Config
from .recorded import RecordedSite


class Asked(NamedTuple):
    """What is to be judged: a site as `BuiltSite` takes it, `files` of it by size, the `only` rules (all when empty), and whether
    verdicts are kept, so that it matters what they depend on."""

    root: Path
    base_url: str
    config: Config
    today: str
    files: Mapping[str, int]
    only: frozenset[str]
    kept: bool

    def open(self) -> tuple[RecordedSite, list[Family]]:
        site = RecordedSite(self.root, self.base_url, self.config, self.today, self.files, kept=self.kept)
        return site, asked_families(self.only)


class Verdict(NamedTuple):
    """What was said of one page. `notes` are pickled, one for each family that takes notes; `asked` is what the verdict depends
    on (see `recorded`)."""

    path: str
    faults: tuple[Fault, ...]
    notes: tuple[bytes | None, ...]
    asked: tuple[str, ...]


class Judged(NamedTuple):
    """`unreadable` are files that could not be opened, `marks` tell what was read of files."""

    verdicts: list[Verdict]
    unreadable: list[Fault]
    marks: dict[str, bytes]


def judge_pages(asked: Path, pages: Sequence[str]) -> Judged:
    """A job: judge pages of a site, where `asked` is the file of a pickled `Asked`. Never raises for what stands in a file."""
    site, every = _opened(asked)
    return judge_each(site, every, pages)


def judge_each(site: RecordedSite, every: Sequence[Family], pages: Sequence[str]) -> Judged:
    """Judge pages one by one."""
    verdicts = [_judge(site, path, every) for path in pages]
    faults, marks = site.faults, site.marks
    site.faults, site.marks = [], {}
    return Judged(verdicts, faults, marks)


@lru_cache(maxsize=1)
def _opened(asked: Path) -> tuple[RecordedSite, list[Family]]:
    """Once a worker: the list of files of a large site is large as well."""
    found: Asked = pickle.loads(asked.read_bytes())
    return found.open()


def asked_families(only: frozenset[str]) -> list[Family]:
    """The families that have one of those rules; all when none is named."""
    return [family for family in families() if not only or any(rule.id in only for rule in family.rules)]


def _judge(site: RecordedSite, path: str, every: Sequence[Family]) -> Verdict:
    site.begin()
    seen = read_page(site.read(path, MAX_PAGE_BYTES + 1), path, site.page_url(path))
    if isinstance(seen, Unreadable):
        fault = Fault(seen.rule, path, seen.message, measured=seen.measured, limit=seen.limit)
        return Verdict(path, (fault,), tuple(None for family in every if family.note is not None), tuple(site.asked))
    page = OnePage(seen, site)
    faults: list[Fault] = []
    notes: list[bytes | None] = []
    for family in every:
        note = None
        try:
            if family.page is not None:
                faults += list(family.page(page))
            if family.note is not None and (found := family.note(page)) is not None:
                note = pickle.dumps(found, 5)
        except Exception as error:
            faults.append(failed(family, path, error))
        if family.note is not None:
            notes.append(note)
    return Verdict(path, tuple(faults), tuple(notes), tuple(site.asked))


def failed(family: Family, path: str, error: Exception) -> Fault:
    """A page that makes a rule fall over must not hide what all others say, whatever the plug's exception is."""
    said = " ".join(str(error).split())[:200]
    message = f"expected the rules of `{family.name}` to come to an end, got {type(error).__name__}: {said}"
    return Fault("rule-failed", path, message)
