"""`aibild brief show` and `aibild brief sheet`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import common, errors, print_json, today


@click.group()
def brief() -> None:
    """Look at image briefs."""


@brief.command()
@click.argument("brief_id", metavar="ID")
@common
def show(brief_id: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print a brief as it stands once profile and blocks are merged in.

    With it comes the prompt that is hashed, and its tokens where the engine counts them.
    """
    with errors(as_json):
        from .. import engines
        from ..brief import explain
        from ..plan.models import settings_of
        from ..plan.reading import read_one_brief

        found, config = read_one_brief(root, brief_id)
        explained = explain(found)
        if found.engine in engines.names():
            engine = engines.load(found.engine, settings_of(config, found.engine))
            if isinstance(engine, engines.Counting):
                explained["tokens"] = engine.tokens(found)
        if as_json:
            print_json(explained)
            return
        from yaml12 import format_yaml

        click.echo(format_yaml(explained))


@brief.command()
@click.argument("profile", metavar="PROFILE")
@common
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="One HTML file with the pictures inside it.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def sheet(
    profile: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, output: Path | None, workers: int
) -> None:
    """Render a style profile over a fixed set of probes as one look-book page, sheets/PROFILE/index.html. Pins nothing."""
    with errors(as_json):
        from ..build import Options
        from ..build.sheet import sheet as run
        from ..wire import to_json
        from .talk import talk_for

        options = Options(root=root, store=store, workers=workers)
        done = run(options, profile, today=today(), file=output, talk=talk_for(quiet=quiet, verbose=verbose))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            click.echo(f"{done.file}: {len(done.probes)} pictures, made {done.made}, reused {done.reused}", err=True)
