"""Checks a built site: reads every page once, asks all rules, and weighs what they say by the settings.

Takes an output folder (ours or anybody's) and settings if there are any, yields a `CheckReport`. It opens files of that folder
only and knows no clock: the day by which waivers end is an argument. How findings are shown is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__, budgets, crews
from ..budgets import Family, Rule, rules
from ..budgets.reading import Fault
from ..canonical import digest_of
from ..config import STATE_FOLDER, Config, no_config
from ..errors import AibildError
from .address import UNKNOWN_BASE, guess_base
from .baseline import Baseline, first_baseline, hold_against, read_baseline, write_baseline
from .cache import Cache, Spoilt, chunks
from .judging import OWN_RULES, CheckReport, judge
from .pages import Asked, Verdict, asked_families, failed, judge_pages
from .recorded import RecordedSite

__all__ = [
    "Baseline",
    "CheckReport",
    "all_rules",
    "check_site",
    "first_baseline",
    "hold_against",
    "read_baseline",
    "verdicts_file",
    "write_baseline",
]

_MANY_PAGES = 300  # from here on a second process earns back what starting it costs


def verdicts_file(output: Path, root: Path) -> Path:
    """Where the project at `root` keeps what rules said of its output."""
    return root / STATE_FOLDER / f"verdicts-{digest_of(str(output.resolve()).encode())[:12]}"


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
    cache: Path | None = None,
    workers: int = 0,
) -> CheckReport:
    """Check the site in the folder `output`.

    `config` is the site's own, None for a site without settings. `today` (YYYY-MM-DD) decides which waivers have ended.
    `base_url` goes before the settings' one; where neither says it, it is guessed from the pages. `only` names the rules to ask,
    all when empty. `prefix` is put before paths in findings, so that they are relative to the project. With a `cache` file
    verdicts are kept, and only what changed is judged. `workers` is the number of processes, 0 for one a processor. Raises
    AibildError when there is no such folder, and when the cache cannot be written.
    """
    if not output.is_dir():
        raise AibildError(f"there is no folder {output}", hint="build the site first, or name the folder of a built one")
    settings = config if config is not None else no_config(output)
    site = RecordedSite(output, "", settings, today)
    site.base_url = _with_slash(base_url or settings.base_url or guess_base(site) or UNKNOWN_BASE)
    kept = Cache(cache, _key(site)) if cache is not None and not only else None
    with closing(kept) if kept is not None else nullcontext():
        try:
            faults = _all_faults(site, frozenset(only), kept, workers)
        except Spoilt:
            assert kept is not None
            kept.drop()
            faults = _all_faults(site, frozenset(only), None, workers)
    return judge((one for one in faults if not only or one.rule in only), site, all_rules(), whole=not only, prefix=prefix)


def _with_slash(url: str) -> str:
    return url if url.endswith("/") else url + "/"


def _key(site: RecordedSite) -> str:
    """Everything but the site's files that verdicts depend on: settings, address, rules and the code that asks them."""
    prints = [f"{family.name} {family.fingerprint}" for family in asked_families(frozenset())]
    code = [
        f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(Path(budgets.__file__).parent.rglob("*.py"))
    ]
    settings = replace(site.config, root=Path())  # the same project may be named by another path
    said = [__version__, str(site.root.resolve()), site.base_url, repr(settings), *prints, *code]
    return digest_of("\n".join(said).encode("utf-8", "surrogateescape"))


def _all_faults(site: RecordedSite, only: frozenset[str], kept: Cache | None, workers: int) -> list[Fault]:
    """What all rules say: pages first, each for itself, then what the notes of all pages tell together."""
    held = kept.still_true(site) if kept is not None else {}
    verdicts, unreadable, digests = _judged(site, only, [path for path in site.pages if path not in held], workers)
    faults = [fault for said in held.values() for fault in said]
    faults += [fault for verdict in verdicts for fault in verdict.faults]
    gone = kept.pages() - set(site.pages) if kept is not None else set()
    stirred = _stirred(verdicts, gone, kept)
    wholes: dict[str, tuple[list[Fault], frozenset[str]]] = {}
    for family in asked_families(only):
        if family.whole is None:
            continue
        known = kept.whole(family.name) if kept is not None and family.name not in stirred else None
        if known is None:
            site.begin()
            said = _whole(family, _notes(family.name, site, verdicts, kept, gone), site)
            wholes[family.name] = (said, frozenset(site.asked))
        faults += known if known is not None else wholes[family.name][0]
    unreadable += site.faults
    if kept is not None and not unreadable:
        kept.keep(verdicts, wholes, gone, {**digests, **site.digests})
    return [*faults, *dict.fromkeys(unreadable)]


def _judged(
    site: RecordedSite, only: frozenset[str], pages: Sequence[str], workers: int
) -> tuple[list[Verdict], list[Fault], dict[str, bytes]]:
    """Judge pages, many of them in several processes."""
    from ..crews.local import processors

    crew = crews.load("local" if len(pages) >= _MANY_PAGES and workers != 1 else "inline", workers=workers)
    number = (workers or processors()) if len(pages) >= _MANY_PAGES else 1
    try:
        asked = Asked(site.root, site.base_url, site.config, site.day, site.sizes, only, ())
        parts = [crew.cpu.submit(judge_pages, asked._replace(pages=part)) for part in chunks(pages, number)]
        done = [part.result() for part in parts]
    finally:
        crew.close()
    verdicts = [verdict for part in done for verdict in part.verdicts]
    return (
        verdicts,
        [fault for part in done for fault in part.unreadable],
        {k: v for part in done for k, v in part.digests.items()},
    )


def _stirred(verdicts: Sequence[Verdict], gone: Collection[str], kept: Cache | None) -> set[str]:
    """The families whose notes are not what they were."""
    if kept is None:
        return set()
    found = {family for path in gone for family in kept.notes_of(path)}
    for verdict in verdicts:
        before = kept.notes_of(verdict.path)
        found |= {name for name in before.keys() | verdict.notes.keys() if before.get(name) != verdict.notes.get(name)}
    return found


def _notes(
    family: str, site: RecordedSite, verdicts: Sequence[Verdict], kept: Cache | None, gone: Collection[str]
) -> dict[str, Any]:
    """The family's notes by page, in the order of pages."""
    notes = kept.notes(family) if kept is not None else {}
    for path in gone:
        notes.pop(path, None)
    for verdict in verdicts:
        notes.pop(verdict.path, None)
        if family in verdict.notes:
            notes[verdict.path] = verdict.notes[family]
    return dict(sorted(notes.items()))


def _whole(family: Family, notes: Mapping[str, Any], site: RecordedSite) -> list[Fault]:
    assert family.whole is not None
    try:
        return list(family.whole(notes, site))
    except Exception as error:
        return [failed(family, "", error)]
