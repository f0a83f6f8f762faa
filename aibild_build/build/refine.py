"""Refines what a project shows; builds no page. The entry point of `aibild refine`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from time import perf_counter

from .. import crews, plan
from ..plan.pictures import want_assets
from ..plan.reading import open_project
from ..plan.refining import OFF
from ..plan.renditions import want_renditions
from .options import Options
from .pipeline import opened_store
from .refining import Improved, improve_files
from .talk import Silent, Talk


def refine(options: Options, *, talk: Talk | None = None) -> Improved:
    """Make every file that the project's pages show as good as it can be, largest first, within `options.time_box_s`: the usual
    one where there is but a fast one, then a smaller one by slow settings.

    Raises the AibildErrors that `plan` raises, and EncodeError.
    """
    started = perf_counter()
    project = open_project(options.root)
    with (
        opened_store(options, project, options.memory / "refine") as (store, arguments),  # apart from a build at the same time
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        assets, days = plan.expected_assets(want_assets(project, store), "")
        made = {brief: by_name for brief, by_name in assets.items() if all(asset.digest for asset in by_name.values())}
        want = partial(want_renditions, project, store, made, days)
        done = improve_files(want, store, arguments, crew, talk or Silent(), started=started, seconds=options.time_box_s)
        return replace(done, taken=project.config.images.refine != OFF)
