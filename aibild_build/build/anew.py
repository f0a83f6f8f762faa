"""One build in earnest: carried out again where something was damaged, checked, and remembered for the next question.

Takes options and the day, yields the report. What is asked before, whether anything has to be done at all, is `build`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter, time_ns
from typing import TypeVar

from .. import standing
from ..errors import StoreCorrupt
from ..model import Actor, Report
from .keeping import checked_site, kept, with_findings
from .options import Options
from .pipeline import carry_out_plan
from .talk import Once, Talk

T = TypeVar("T")

_ATTEMPTS = 3  # damaged files may hide a damaged master


def build_anew(options: Options, key: str, *, today: str, talk: Talk, actor: Callable[[], Actor]) -> Report:
    """Build, check where that is wanted, and remember all of it under `key`. Raises what `build` raises."""
    started, began_ns = perf_counter(), time_ns()
    state = options.memory
    seen = standing.listing(options.root, standing.PLACES)
    standing.forget(state)
    say = Once(talk)
    built = mended(lambda: carry_out_plan(options, today=today, say=say, actor=actor), say)
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


def mended(carry_out: Callable[[], T], talk: Talk) -> T:
    """What `carry_out` gives, tried again where it came upon a damaged blob and set it aside."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            return carry_out()
        except StoreCorrupt as error:
            if not attempts_left:
                raise
            talk.note(f"{error.message}; what was damaged is made again")
    raise AssertionError
