"""One share of a build, for one machine of several: its pictures and their files, and nothing of what pages are.

The entry point of `aibild build --shard`. Takes options and a share, yields what was made; the bytes lie in the store. A build
after all shares finds them there, makes nothing, pins what each share pinned for itself, and writes the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter

from .. import plan
from ..model import Actor, Report, Tally
from ..plan.guarding import refuse_guarded
from ..plan.models import Pins
from ..plan.pictures import engine_findings, want_assets
from ..plan.reading import open_project, relevel
from ..plan.renditions import want_renditions
from ..plan.shared import pack_name
from .anew import mended
from .exactness import Exactness
from .gating import let_files_through
from .hiring import hired
from .ledger import Spent, note_spent
from .making import make_pictures
from .options import Options
from .pipeline import cut, limits_of, opened_store, pin
from .shards import dealt, read_shard
from .talk import Once, Silent, Talk


def build_share(
    options: Options, shard: str, *, today: str, talk: Talk | None = None, actor: Callable[[], Actor] | None = None
) -> Report:
    """Make the share `i/n` of a build; all n together make what one build would, and no run needs to know of the others.

    The lock is written as far as this share goes, unless the build is frozen; the output folder is not touched. What people still
    have to decide holds up no share. Raises the AibildErrors that `build` raises.
    """
    say, actor = Once(talk or Silent()), actor or partial(Actor, when=today)
    share = read_shard(shard) or (1, 1)
    return mended(lambda: _carry_out(options, share, today, say, actor), say)


def _carry_out(options: Options, share: tuple[int, int], today: str, say: Talk, actor: Callable[[], Actor]) -> Report:
    started = perf_counter()
    project = open_project(options.root, base_url=options.base_url, today=today)
    config, output = project.config, (options.output or plan.output_path(project)).absolute()
    with (
        opened_store(options, project, output) as (store, arguments),
        hired(options, store) as crew,
    ):
        pins = Pins(project)
        takes = Exactness(config, store, crew, options.manner).takes if options.strict else None
        mine = dealt(want_assets(project, store, pins=pins), *share)
        ask = partial(want_assets, store=store, briefs=mine, force=options.force, pins=pins, takes=takes)
        wanted = ask(project)
        guarded = refuse_guarded(project, wanted)
        if options.frozen:
            plan.refuse_frozen(wanted)
        wanted = limits_of(options).over(config).costed(project, store, wanted)
        again = lambda at, settled: ask(at, settled=settled)  # noqa: E731
        made = make_pictures(project, wanted, arguments, crew, say, today, again, options.manner)
        pins.save()
        if not options.frozen:
            pin(project, made, actor)
        assets = {brief: made.assets[brief] for brief in mine if brief in made.assets}
        want = partial(want_renditions, project, store, assets, made.days, force=options.force)
        briefs, files = cut(options, project, want, store, arguments, crew, say, today, started)
        let_files_through(project, briefs, files.renditions, store, arguments, crew, say)
        store.share_pack(pack_name(config), "{}-of-{}".format(*share))
        if store.remote is not None:
            say.note(store.remote.said())
        note_spent(options.memory, Spent(day=today, encodes=files.encoded, encode_seconds=files.seconds))
        return Report(
            made=Tally(picture=made.made, rendition=files.encoded, page=0),
            reused=Tally(picture=made.reused, rendition=files.reused + files.embedded, page=0),
            embedded=files.embedded,
            refused=made.refused,
            findings=(*project.findings, *guarded, *relevel(config, (*engine_findings(wanted), *made.findings))),
            seconds=round(perf_counter() - started, 3),
            engine_seconds=made.seconds,
            credits=made.credits,
            outputs=0,
            bytes=0,
            store_bytes=store.stats().bytes,
            written=0,
            removed=0,
            folder="",
            signed=files.signed,
            improvable=sum(brief.improvable for brief in briefs),
        )
