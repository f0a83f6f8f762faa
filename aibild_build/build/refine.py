"""Refines what a project shows; builds no page. The entry point of `aibild refine`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from time import perf_counter

from .. import crews, plan
from ..plan.pictures import want_assets
from ..plan.reading import open_project
from ..plan.refining import OFF
from ..plan.renditions import want_renditions
from .options import Options
from .pipeline import opened_store
from .refining import Improved, refine_files
from .talk import Silent, Talk


def refine(options: Options, *, talk: Talk | None = None) -> Improved:
    """Try slow settings on every file that the project's pages show, largest first, within `options.time_box_s`.

    Raises the AibildErrors that `plan` raises, and EncodeError.
    """
    started = perf_counter()
    project = open_project(options.root)
    output = (options.output or plan.output_path(project)).absolute()
    with (
        opened_store(options, project, output) as (store, arguments),
        closing(crews.load(options.crew, workers=options.workers)) as crew,
    ):
        assets, days = plan.expected_assets(want_assets(project, store), "")
        made = {brief: by_name for brief, by_name in assets.items() if all(asset.digest for asset in by_name.values())}
        briefs = want_renditions(project, store, made, days)
        done = refine_files(briefs, store, arguments, crew, talk or Silent(), started, options.time_box_s)
        return replace(done, taken=project.config.images.refine != OFF)
