"""Makes pictures and pins them; builds no page. The entry point of `aibild generate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from ..errors import SourceError
from ..model import Actor, Finding, Level
from ..plan.guarding import refuse_guarded
from ..plan.models import Pins
from ..plan.pictures import want_assets
from ..plan.reading import open_project
from ..source import nearest
from .exactness import Exactness
from .gating import outcomes_of
from .hiring import hired
from .making import make_pictures
from .options import Options
from .pinning import record_build
from .pipeline import limits_of, opened_store
from .shards import dealt, read_shard
from .talk import Silent, Talk


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
    share = read_shard(shard)
    project = open_project(options.root)
    faults = tuple(_unknown(brief, project.site.briefs) for brief in briefs if brief not in project.site.briefs)
    if faults:
        raise SourceError(faults)
    output = options.root / project.config.output
    with (
        opened_store(options, project, output) as (store, arguments),
        hired(options, store) as crew,
    ):
        pins = Pins(project)
        takes = Exactness(project.config, store, crew, options.manner).takes if options.strict else None
        ask = partial(want_assets, store=store, force=options.force, repin=repin, pins=pins, takes=takes)
        mine = briefs or None
        if share is not None:
            mine = dealt(want_assets(project, store, briefs=mine, pins=pins), *share)
        wanted = ask(project, briefs=mine)
        refuse_guarded(project, wanted)
        wanted = limits_of(options).over(project.config).costed(project, store, wanted)
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


def _unknown(brief: str, known: Iterable[str]) -> Finding:
    near = nearest(brief, known)
    hint = f"did you mean `{near}`?" if near else ""
    return Finding(rule="source-reference", level=Level.FATAL, message=f"there is no brief `{brief}`", subject=brief, hint=hint)
