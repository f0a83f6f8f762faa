"""Makes pictures and pins them; builds no page. The entry point of `aibild generate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from .. import crews
from ..disk import write_atomic
from ..errors import SourceError
from ..lock import LOCK_FILE, write_lock
from ..model import Finding, Level
from ..plan.guarding import refuse_guarded
from ..plan.models import Pins
from ..plan.pictures import want_assets
from ..plan.reading import open_project
from ..source import nearest
from .making import make_pictures
from .options import Options
from .pipeline import limits_of, opened_store
from .talk import Silent, Talk


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Counted from what was done. `review` lists what no page shows before somebody approves it."""

    made: int
    reused: int
    seconds: float
    engine_seconds: float
    credits: float
    review: tuple[str, ...] = ()


def generate(
    options: Options, briefs: Sequence[str] = (), *, repin: bool = False, today: str, talk: Talk | None = None
) -> Generated:
    """Make the pictures of `briefs`, or of all that pages use, and pin them in the lock.

    With `repin` pinned pixels are replaced by new ones of the same recipe. Raises the AibildErrors that `build` raises.
    """
    started, say = perf_counter(), talk or Silent()
    project = open_project(options.root)
    faults = tuple(_unknown(brief, project.site.briefs) for brief in briefs if brief not in project.site.briefs)
    if faults:
        raise SourceError(faults)
    output = options.root / project.config.output
    with (
        opened_store(options, project, output) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        pins = Pins(project)
        ask = partial(want_assets, store=store, briefs=briefs or None, force=options.force, repin=repin, pins=pins)
        wanted = ask(project)
        refuse_guarded(project, wanted)
        costs = [one.work.cost for want in wanted for one in want.making]
        limits_of(options).over(project.config).refuse(
            images=len(costs),
            seconds=sum(cost.seconds or 0.0 for cost in costs),
            credits=sum(cost.credits for cost in costs),
        )
        made = make_pictures(project, wanted, arguments, crew, say, today, lambda at, settled: ask(at, settled=settled))
        pins.save()
        write_atomic(project.config.root / LOCK_FILE, write_lock(made.lock).encode())
    return Generated(
        made=made.made,
        reused=made.reused,
        seconds=round(perf_counter() - started, 3),
        engine_seconds=made.seconds,
        credits=made.credits,
        review=made.review,
    )


def _unknown(brief: str, known: Iterable[str]) -> Finding:
    near = nearest(brief, known)
    hint = f"did you mean `{near}`?" if near else ""
    return Finding(rule="source-reference", level=Level.FATAL, message=f"there is no brief `{brief}`", subject=brief, hint=hint)
