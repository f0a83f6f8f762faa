"""Builds a site, or finds that nothing has to be done.

`build` is the entry point of `aibild build`. It asks `standing` first: while no file changed that the last build read or wrote,
that build's report is the answer, and nothing else is even imported. Otherwise `pipeline` carries out the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from .. import standing
from ..model import Actor, Report
from ..wire import from_json
from .options import Options
from .talk import Silent, Talk

__all__ = ["Options", "build"]


def build(options: Options, *, today: str, talk: Talk | None = None, actor: Callable[[], Actor] | None = None) -> Report:
    """Build the project at `options.root`. `today` (YYYY-MM-DD) is the day that new pixels are dated with.

    `actor` says who builds; it is asked only when the lock changes.

    Raises SourceError and TemplateError (exit 2), FrozenError (1), and the other AibildErrors (3). Unless it was OutputError the
    output folder is untouched; it is whole in any case. A damaged blob is set aside when it is come upon, and made again.
    """
    started = perf_counter()
    key = standing.asked_key({**asdict(options), "today": today, "from": Path.cwd()})
    # A strict build asks the machine too, of which no file tells.
    if not (options.force or options.strict) and (report := _as_it_stands(options.root, key)) is not None:
        return replace(report, seconds=round(perf_counter() - started, 3))
    from .anew import build_anew

    return build_anew(options, key, today=today, talk=talk or Silent(), actor=actor or partial(Actor, when=today))


def _as_it_stands(root: Path, key: str) -> Report | None:
    found = standing.last_report(root / standing.STATE_FOLDER, root, key)
    with suppress(ValueError):
        return from_json(Report, found) if found is not None else None
    return None
