"""One build in earnest: carried out again where something was damaged, checked, and remembered for the next question.

Takes options and the day, yields the report. What is asked before, whether anything has to be done at all, is `build`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter, time_ns

from .. import standing
from ..errors import StoreCorrupt
from ..model import Actor, Report
from .keeping import checked_site, kept, with_findings
from .options import Options
from .pipeline import Built, carry_out_plan
from .talk import Once, Talk

_ATTEMPTS = 3  # damaged files may hide a damaged master


def build_anew(options: Options, key: str, *, today: str, talk: Talk, actor: Callable[[], Actor]) -> Report:
    """Build, check where that is wanted, and remember all of it under `key`. Raises what `build` raises."""
    started, began_ns = perf_counter(), time_ns()
    state = options.memory
    seen = standing.listing(options.root, standing.PLACES)
    standing.forget(state)
    built = _built(options, today, Once(talk), actor)
    checked = checked_site(options, built.project.config, built.output, today)
    report = replace(built.report, seconds=round(perf_counter() - started, 3))
    watched = built.watched()
    standing.remember(
        state,
        key,
        (*standing.PLACES, *watched),
        (seen, standing.listing(options.root, watched, since_ns=began_ns)),
        built.left(),
        kept(report, checked),
    )
    return with_findings(report, checked)


def _built(options: Options, today: str, talk: Talk, actor: Callable[[], Actor]) -> Built:
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return carry_out_plan(options, today=today, say=talk, actor=actor)
        except StoreCorrupt as error:
            if not attempts_left:
                raise
            talk.note(f"{error.message}; what was damaged is made again")
    raise AssertionError
