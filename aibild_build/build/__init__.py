"""Builds a site, or finds that nothing has to be done.

`build` is the entry point of `aibild build`. It asks `standing` first: while no file changed that the last build read or wrote,
that build's report is the answer, and nothing else is even imported. Otherwise `pipeline` carries out the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from .. import standing
from ..model import Actor, Finding, Report
from ..wire import from_json
from .options import Options
from .talk import Silent, Talk

__all__ = ["Options", "build"]


def build(
    options: Options,
    *,
    today: str,
    talk: Talk | None = None,
    actor: Callable[[], Actor] | None = None,
    looked: Collection[str] = frozenset(),
) -> Report:
    """Build the project at `options.root`. `today` (YYYY-MM-DD) is the day that new pixels are dated with.

    `actor` says who builds; it is asked only when the lock changes. `looked` are outputs, by full path, that were rewritten since
    the last build for somebody who could not wait.

    Raises SourceError and TemplateError (exit 2), FrozenError (1), and the other AibildErrors (3). Unless it was OutputError the
    output folder is untouched; it is whole in any case. A damaged blob is set aside when it is come upon, and made again.
    """
    started = perf_counter()
    key = standing.asked_key({**asdict(options), "today": today, "from": Path.cwd()})
    talk, actor = talk or Silent(), actor or partial(Actor, when=today)
    # A strict build asks the machine too, of which no file tells.
    run = None if options.force or options.strict else standing.last_run(options.memory, options.root, key, but=looked)
    report = _report_of(run) if run is not None else None
    if run is not None and report is not None and not run.changed and not looked:
        return replace(report, seconds=round(perf_counter() - started, 3))
    if run is not None and not options.pictures and (report := _report_of(run, checked=False)) is not None:
        from .amend import amend_or_build

        return amend_or_build(options, key, run, report, today=today, talk=talk, actor=actor, looked=looked)
    from .anew import build_anew

    return build_anew(options, key, today=today, talk=talk, actor=actor)


def _report_of(run: standing.Standing, *, checked: bool = True) -> Report | None:
    """The report of a run, with what rules said of the site or without it."""
    with suppress(ValueError, KeyError, TypeError):
        report = from_json(Report, run.report["built"])
        said = tuple(from_json(Finding, one) for one in run.report["checked"]) if checked else ()
        return replace(report, findings=(*report.findings, *said))
    return None
