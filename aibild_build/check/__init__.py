"""Checks a built site: reads every page once, asks all rules, and weighs what they say by the settings.

Takes an output folder (ours or anybody's) and settings if there are any, yields a `CheckReport`. It opens files of that folder
only and knows no clock: the day by which waivers end is an argument. How findings are shown is not known here.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from .. import __version__, budgets, crews
from ..budgets import Family, Rule, rules
from ..budgets.reading import Fault
from ..canonical import digest_of
from ..config import STATE_FOLDER, Config, no_config
from ..errors import AibildError
from ..model import Finding
from .address import UNKNOWN_BASE, guess_base
from .baseline import Baseline, first_baseline, hold_against, read_baseline, write_baseline
from .cache import Verdicts, chunks
from .judging import OWN_RULES, CheckReport, judge
from .notes import Notes, Spoilt
from .pages import Asked, Judged, asked_families, failed, judge_each, judge_pages
from .recorded import RecordedSite

__all__ = [
    "Baseline",
    "CheckReport",
    "Rule",
    "all_rules",
    "check_page",
    "check_site",
    "first_baseline",
    "hold_against",
    "read_baseline",
    "verdicts_file",
    "write_baseline",
]

_MANY_PAGES = 300  # from here on a second process earns back what starting it costs
_AT_ONCE = 100  # pages of one job


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
    if site.away:
        cache = None  # verdicts are kept by what was read, and these files were not
    try:
        faults = _all_faults(site, frozenset(only), cache if not only else None, workers)
    except Spoilt:
        faults = _all_faults(site, frozenset(only), None, workers)
    return judge((one for one in faults if not only or one.rule in only), site, all_rules(), whole=not only, prefix=prefix)


def check_page(output: Path, config: Config, path: str, *, today: str) -> tuple[Finding, ...]:
    """What the rules say of one page of the site in `output`, for itself; what only the whole site can tell is left out.

    `path` is the page's file, relative to `output`; nothing is said of one that is not there.
    """
    site = RecordedSite(output, "", config, today, kept=False)
    site.base_url = _with_slash(config.base_url)
    if path not in site.sizes:
        return ()
    judged = judge_each(site, asked_families(frozenset()), [path])
    faults = (fault for verdict in judged.verdicts for fault in verdict.faults)
    return judge(faults, site, all_rules(), whole=False).findings


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


def _all_faults(site: RecordedSite, only: frozenset[str], cache: Path | None, workers: int) -> list[Fault]:
    """What all rules say: pages first, each for itself, then what the notes of all pages tell together. Raises Spoilt."""
    noting = [family.name for family in asked_families(only) if family.note is not None]
    with closing(Verdicts(cache, _key(site) if cache is not None else "", noting)) as verdicts:
        try:
            return _judged(site, only, verdicts, workers)
        except Spoilt:
            verdicts.drop()
            raise


def _judged(site: RecordedSite, only: frozenset[str], verdicts: Verdicts, workers: int) -> list[Fault]:
    held, faults = verdicts.still_true(site)
    stirred = verdicts.stirred_by_loss()
    asked = Asked(site.root, site.base_url, site.config, site.day, site.sizes, only, verdicts.is_kept)
    unreadable: list[Fault] = []
    for part in _parts(asked, [path for path in site.pages if path not in held], workers):
        stirred |= verdicts.add(part)
        faults += [fault for verdict in part.verdicts for fault in verdict.faults]
        unreadable += part.unreadable
    wholes: dict[str, tuple[list[Fault], frozenset[str]]] = {}
    for family in asked_families(only):
        if family.whole is None:
            continue
        known = verdicts.whole(family.name) if family.name not in stirred else None
        if known is None:
            site.begin()
            known = _whole(family, verdicts.notes(family.name) if family.note is not None else {}, site)
            wholes[family.name] = (known, frozenset(site.asked))
        faults += known
    unreadable += site.faults
    if not unreadable:
        verdicts.mark(site.marks)
        verdicts.keep(site, wholes)
    return [*faults, *dict.fromkeys(unreadable)]


def _parts(asked: Asked, pages: Sequence[str], workers: int) -> Iterator[Judged]:
    """Judge pages, many of them in several processes; what is said comes part by part."""
    if not pages:
        return
    if len(pages) < _MANY_PAGES or workers == 1:
        site, every = asked.open()
        for part in chunks(pages, _AT_ONCE):
            yield judge_each(site, every, part)
        return
    from tempfile import TemporaryDirectory

    crew = crews.load("local", workers=workers)
    with TemporaryDirectory(prefix="aibild-check-") as folder:
        file = Path(folder) / "asked"
        file.write_bytes(pickle.dumps(asked))
        try:
            jobs = deque(crew.cpu.submit(judge_pages, file, part) for part in chunks(pages, _AT_ONCE))
            while jobs:
                yield jobs.popleft().result()
        finally:
            crew.close()


def _whole(family: Family, notes: Notes | dict[str, None], site: RecordedSite) -> list[Fault]:
    assert family.whole is not None
    try:
        return list(family.whole(notes, site))
    except Spoilt:
        raise
    except Exception as error:
        return [failed(family, "", error)]
