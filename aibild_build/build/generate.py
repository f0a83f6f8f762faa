"""Makes pictures and pins them; builds no page. The entry point of `aibild generate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from .. import crews
from ..errors import AibildError, SourceError
from ..model import Actor, Finding, Level
from ..plan.costs import past_costs
from ..plan.guarding import refuse_guarded
from ..plan.models import Pins
from ..plan.pictures import WantedAsset, want_assets, with_cost
from ..plan.reading import open_project
from ..source import nearest
from .exactness import Exactness
from .gating import outcomes_of
from .making import make_pictures
from .options import Options
from .pinning import record_build
from .pipeline import limits_of, opened_store
from .talk import Silent, Talk

_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Counted from what was done. `briefs` is how many were this run's, all or a shard's.

    `review` lists what no page shows before somebody approves it.
    """

    made: int
    reused: int
    seconds: float
    engine_seconds: float
    credits: float
    briefs: int
    review: tuple[str, ...] = ()


def generate(
    options: Options,
    briefs: Sequence[str] = (),
    *,
    repin: bool = False,
    shard: str = "",
    today: str,
    talk: Talk | None = None,
    actor: Callable[[], Actor] | None = None,
) -> Generated:
    """Make the pictures of `briefs`, or of all that pages use, and pin them in the lock.

    With `repin` pinned pixels are replaced by new ones of the same recipe. `shard` is `i/n`: of n runs the i-th makes its share,
    and all of them together make what one would. Raises the AibildErrors that `build` raises.
    """
    started, say = perf_counter(), talk or Silent()
    share = _shard(shard)
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
        takes = Exactness(project.config, store, crew, options.manner).takes if options.strict else None
        ask = partial(want_assets, store=store, force=options.force, repin=repin, pins=pins, takes=takes)
        mine = briefs or None
        if share is not None:
            mine = _dealt(want_assets(project, store, briefs=mine, pins=pins), *share)
        wanted = ask(project, briefs=mine)
        refuse_guarded(project, wanted)
        if any(want.making for want in wanted):
            wanted = with_cost(wanted, past_costs(store, project.config.root))
        costs = [one.work.cost for want in wanted for one in want.making]
        limits_of(options).over(project.config).refuse(
            images=len(costs),
            seconds=sum(cost.seconds or 0.0 for cost in costs),
            credits=sum(cost.credits for cost in costs),
        )
        again = lambda at, settled: ask(at, briefs=mine, settled=settled)  # noqa: E731
        made = make_pictures(project, wanted, arguments, crew, say, today, again, options.manner)
        pins.save()
        record_build(project.config.root, project.lock, made.lock, actor or partial(Actor, when=today), outcomes_of(made.judged))
    return Generated(
        made=made.made,
        reused=made.reused,
        seconds=round(perf_counter() - started, 3),
        engine_seconds=made.seconds,
        credits=made.credits,
        briefs=len({want.brief for want in wanted}),
        review=made.review,
    )


def _shard(text: str) -> tuple[int, int] | None:
    """`2/4` → (2, 4); None for "". Raises AibildError."""
    if not text:
        return None
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise AibildError(
            f"expected a shard as `i/n` with i from 1 to n, got `{text}`", hint="`--shard 2/4` is the second of four runs"
        )
    return int(found[1]), int(found[2])


def _dealt(wanted: tuple[WantedAsset, ...], index: int, count: int) -> tuple[str, ...]:
    """The briefs of one run of several: dealt out in turn, in the order of their first recipe's keys.

    All pictures of a brief go to one run, since some start from others. What is there already is dealt out too: else runs that
    begin one after another would deal differently, and leave gaps.
    """
    first = {want.brief: want.recipes[0].key for want in reversed(wanted)}
    ordered = sorted(first, key=lambda brief: (first[brief], brief))
    return tuple(sorted(ordered[index - 1 :: count]))


def _unknown(brief: str, known: Iterable[str]) -> Finding:
    near = nearest(brief, known)
    hint = f"did you mean `{near}`?" if near else ""
    return Finding(rule="source-reference", level=Level.FATAL, message=f"there is no brief `{brief}`", subject=brief, hint=hint)
