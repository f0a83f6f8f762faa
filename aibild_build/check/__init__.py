"""Checks a built site: reads every page once, asks all rules, and weighs what they say by the settings.

Takes an output folder (ours or anybody's) and settings if there are any, yields a `CheckReport`. It opens files of that folder
only and knows no clock: the day by which waivers end is an argument. How findings are shown is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..budgets import Family, Rule, families, rules
from ..budgets.reading import BuiltSite, Fault, OnePage, Unreadable, read_page, read_site
from ..budgets.reading.page import MAX_PAGE_BYTES
from ..config import Config, no_config
from ..errors import AibildError
from .address import UNKNOWN_BASE, guess_base
from .baseline import Baseline, first_baseline, hold_against, read_baseline, write_baseline
from .judging import OWN_RULES, CheckReport, judge

__all__ = [
    "Baseline",
    "CheckReport",
    "all_rules",
    "check_site",
    "first_baseline",
    "hold_against",
    "read_baseline",
    "write_baseline",
]


def all_rules() -> dict[str, Rule]:
    """Every rule that a check may report, by id."""
    return {**rules(), **{rule.id: rule for rule in OWN_RULES}}


def check_site(
    output: Path,
    config: Config | None,
    *,
    today: str,
    base_url: str = "",
    only: Collection[str] = (),
    prefix: str = "",
) -> CheckReport:
    """Check the site in the folder `output`.

    `config` is the site's own, None for a site without settings. `today` (YYYY-MM-DD) decides which waivers have ended.
    `base_url` goes before the settings' one; where neither says it, it is guessed from the pages. `only` names the rules to ask,
    all when empty. `prefix` is put before paths in findings, so that they are relative to the project. Raises AibildError when
    there is no such folder.
    """
    if not output.is_dir():
        raise AibildError(f"there is no folder {output}", hint="build the site first, or name the folder of a built one")
    settings = config if config is not None else no_config(output)
    site = read_site(output, "", settings, today)
    site.base_url = _with_slash(base_url or settings.base_url or guess_base(site) or UNKNOWN_BASE)
    asked = [family for family in families() if not only or any(rule.id in only for rule in family.rules)]
    faults = [fault for fault in _all_faults(site, asked) if not only or fault.rule in only]
    return judge(faults, site, all_rules(), whole=not only, prefix=prefix)


def _with_slash(url: str) -> str:
    return url if url.endswith("/") else url + "/"


def _all_faults(site: BuiltSite, asked: Sequence[Family]) -> Iterator[Fault]:
    notes: dict[str, dict[str, Any]] = defaultdict(dict)
    for path in site.pages:
        seen = read_page(site.read(path, MAX_PAGE_BYTES + 1), path, site.page_url(path))
        if isinstance(seen, Unreadable):
            yield Fault(seen.rule, path, seen.message, measured=seen.measured, limit=seen.limit)
            continue
        page = OnePage(seen, site)
        for family in asked:
            try:
                if family.page is not None:
                    yield from list(family.page(page))
                if family.note is not None and (note := family.note(page)) is not None:
                    notes[family.name][path] = note
            except Exception as error:
                yield _failed(family, path, error)
    for family in asked:
        try:
            if family.whole is not None:
                yield from list(family.whole(notes[family.name], site))
        except Exception as error:
            yield _failed(family, "", error)
    yield from site.faults


def _failed(family: Family, path: str, error: Exception) -> Fault:
    """A page that makes a rule fall over must not hide what all others say, whatever the plug's exception is."""
    said = " ".join(str(error).split())[:200]
    return Fault(
        "rule-failed", path, f"expected the rules of `{family.name}` to come to an end, got {type(error).__name__}: {said}"
    )
