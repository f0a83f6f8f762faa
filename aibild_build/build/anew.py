"""One build in earnest: carried out again where something was damaged, checked, and remembered for the next question.

Takes options and the day, yields the report. What is asked before, whether anything has to be done at all, is `build`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, time_ns

from .. import standing
from ..check import check_site, verdicts_file
from ..disk import below
from ..errors import StoreCorrupt
from ..model import Actor, Finding, Report, Tally
from ..wire import to_json
from .options import Options
from .pipeline import Built, carry_out_plan
from .talk import Talk

_ATTEMPTS = 3  # damaged files may hide a damaged master


def build_anew(options: Options, key: str, *, today: str, talk: Talk, actor: Callable[[], Actor]) -> Report:
    """Build, check where that is wanted, and remember all of it under `key`. Raises what `build` raises."""
    started, began_ns = perf_counter(), time_ns()
    state = options.root / standing.STATE_FOLDER
    seen = standing.listing(options.root, standing.PLACES)
    standing.forget(state)
    built = _built(options, today, talk, actor)
    findings = (*built.report.findings, *_checked(options, built, today))
    report = replace(built.report, findings=findings, seconds=round(perf_counter() - started, 3))
    watched = built.watched()
    standing.remember(
        state,
        key,
        (*standing.PLACES, *watched),
        (seen, standing.listing(options.root, watched, since_ns=began_ns)),
        built.left(),
        to_json(_at_rest(report)),
    )
    return report


def _built(options: Options, today: str, talk: Talk, actor: Callable[[], Actor]) -> Built:
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return carry_out_plan(options, today=today, say=talk, actor=actor)
        except StoreCorrupt as error:
            if not attempts_left:
                raise
            talk.note(f"{error.message}; what was damaged is made again")
    raise AssertionError


def _checked(options: Options, built: Built, today: str) -> tuple[Finding, ...]:
    """What the rules say of the site that was just built."""
    config = built.project.config
    if not options.check or not config.checks.build:
        return ()
    output: Path = built.output
    return check_site(
        output,
        config,
        today=today,
        base_url=options.base_url or "",
        prefix=below(output, options.root),
        cache=verdicts_file(output, options.root),
    ).findings


def _at_rest(report: Report) -> Report:
    """What there is to report when the same is asked again: all of it is reused."""
    made, reused = report.made, report.reused
    return replace(
        report,
        made=Tally(),
        reused=Tally(
            picture=made.picture + reused.picture, rendition=made.rendition + reused.rendition, page=made.page + reused.page
        ),
        embedded=0,
        signed=0,
        refused=0,
        engine_seconds=0.0,
        credits=0.0,
        written=0,
        removed=0,
    )
