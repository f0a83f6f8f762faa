"""`aibild pictures`."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import click

from .shared import common, crew_option, errors, print_findings, print_json, today


@click.command()
@common
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="The folder that other generators take pictures from."
)
@click.option("--base-url", help="The site's address, instead of the one in aibild.toml.")
@click.option("--frozen", is_flag=True, help="Change nothing: refuse pictures that lock and store do not give.")
@click.option("--draft", is_flag=True, help="Let sketches stand in for pictures that are not made yet; not to be deployed.")
@click.option("--force", is_flag=True, help="Make again what can be made again exactly, encode everything.")
@click.option("--limit-seconds", type=float, help="Stop before work that is expected to take longer.")
@click.option("--limit-images", type=int, help="Stop before making more pictures than this.")
@click.option("--limit-credits", type=click.FloatRange(0), help="Stop before pictures that would cost more than this.")
@click.option("--watch", is_flag=True, help="Do it again when something is saved, until Ctrl-C.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
@crew_option
def pictures(
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    out: Path,
    base_url: str | None,
    frozen: bool,
    draft: bool,
    force: bool,
    limit_seconds: float | None,
    limit_images: int | None,
    limit_credits: float | None,
    watch: bool,
    workers: int,
    crew: str,
) -> None:
    """Make the pictures of all briefs, and what Hugo, Astro, Eleventy and Jinja print them with, without pages of ours.

    The folder holds `pictures/`, `pictures.json` and a folder for each generator.
    """
    if frozen and draft:
        raise click.UsageError("--frozen and --draft exclude each other: a frozen run has no stand-ins")
    if watch and as_json:
        raise click.UsageError("--watch and --json exclude each other: there is no one object at the end")
    if watch and force:
        raise click.UsageError("--watch and --force exclude each other: each save would make everything again")
    with errors(as_json):
        from ..build import Options

        options = Options(
            root=root,
            output=out,
            store=store,
            base_url=base_url,
            frozen=frozen,
            draft=draft,
            force=force,
            limit_seconds=limit_seconds,
            limit_images=limit_images,
            limit_credits=limit_credits,
            workers=workers,
            crew=crew,
            pictures=True,
        )
        if watch:
            _watch(options, quiet, verbose)
        else:
            sys.exit(_make(options, as_json, quiet, verbose))


def _make(options: Any, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Once; the exit code."""
    from ..build import build
    from ..model import Level
    from ..reports.objects import report_object
    from ..reports.text import report_lines, worst
    from .identity import actor
    from .talk import talk_for

    done = build(options, today=today(), talk=talk_for(quiet=quiet, verbose=verbose), actor=partial(actor, options.root))
    print_findings([one for one in done.findings if verbose or one.level is not Level.NOTE], quiet=quiet)
    if as_json:
        print_json(report_object(done))
    if not quiet:
        for line in report_lines(done):
            click.echo(line, err=True)
    return 1 if worst(done.findings) is Level.ERROR else 0


def _watch(options: Any, quiet: bool, verbose: bool) -> None:
    """Again and again. What is wrong is said, and the last good files stay."""
    from .. import standing
    from ..build.resident import inputs_of
    from ..errors import AibildError
    from ..web.serve import Bell
    from .shared import tell

    saved = threading.Event()
    root = options.root.absolute()
    out = options.output.absolute()

    def rung(paths: frozenset[Path]) -> None:
        if inputs_of(root, [path for path in paths if not path.is_relative_to(out)]):
            saved.set()

    def places() -> tuple[Path, ...]:
        named = dict.fromkeys((*standing.PLACES, *standing.places(options.memory)))
        return tuple(root / place for place in named)

    with Bell(places, root, rung) as bell:
        while True:
            saved.clear()
            try:
                _make(options, False, quiet, verbose)
            except AibildError as error:
                tell(error)
            bell.watch()
            while not saved.wait(1.0):  # without a time the wait could not be broken by Ctrl-C on every system
                pass
