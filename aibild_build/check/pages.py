"""One page after another → verdicts: what each family of rules says of a page, what it notes for later, what both depend on.

A job for a worker process: takes plain arguments, opens the site itself, yields plain values. It knows no cache and no levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..budgets import Family, families
from ..budgets.reading import Fault, OnePage, Unreadable, read_page
from ..budgets.reading.page import MAX_PAGE_BYTES
from ..config import Config
from .recorded import RecordedSite


class Asked(NamedTuple):
    """What to judge: a site as `BuiltSite` takes it, `files` of it by size, the `only` rules (all when empty) and the pages."""

    root: Path
    base_url: str
    config: Config
    today: str
    files: Mapping[str, int]
    only: frozenset[str]
    pages: Sequence[str]


class Verdict(NamedTuple):
    """What was said of one page. `notes` are by family, `asked` is what the verdict depends on (see `recorded`)."""

    path: str
    faults: tuple[Fault, ...]
    notes: Mapping[str, Any]
    asked: tuple[str, ...]


class Judged(NamedTuple):
    """`unreadable` are files that could not be opened, `digests` those of files that were."""

    verdicts: list[Verdict]
    unreadable: list[Fault]
    digests: dict[str, bytes]


def judge_pages(asked: Asked) -> Judged:
    """Judge pages one by one. Never raises for what stands in a file."""
    site = RecordedSite(asked.root, asked.base_url, asked.config, asked.today, asked.files)
    every = asked_families(asked.only)
    verdicts = [_judge(site, path, every) for path in asked.pages]
    return Judged(verdicts, site.faults, site.digests)


def asked_families(only: frozenset[str]) -> list[Family]:
    """The families that have one of those rules; all when none is named."""
    return [family for family in families() if not only or any(rule.id in only for rule in family.rules)]


def _judge(site: RecordedSite, path: str, every: Sequence[Family]) -> Verdict:
    site.begin()
    seen = read_page(site.read(path, MAX_PAGE_BYTES + 1), path, site.page_url(path))
    if isinstance(seen, Unreadable):
        fault = Fault(seen.rule, path, seen.message, measured=seen.measured, limit=seen.limit)
        return Verdict(path, (fault,), {}, tuple(site.asked))
    page = OnePage(seen, site)
    faults: list[Fault] = []
    notes: dict[str, Any] = {}
    for family in every:
        try:
            if family.page is not None:
                faults += list(family.page(page))
            if family.note is not None and (note := family.note(page)) is not None:
                notes[family.name] = note
        except Exception as error:
            faults.append(failed(family, path, error))
    return Verdict(path, tuple(faults), notes, tuple(site.asked))


def failed(family: Family, path: str, error: Exception) -> Fault:
    """A page that makes a rule fall over must not hide what all others say, whatever the plug's exception is."""
    said = " ".join(str(error).split())[:200]
    message = f"expected the rules of `{family.name}` to come to an end, got {type(error).__name__}: {said}"
    return Fault("rule-failed", path, message)
