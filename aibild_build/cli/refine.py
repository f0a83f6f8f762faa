"""`aibild refine`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import common, errors, print_json, seconds


@click.command()
@common
@click.option("--time-box", help="Stop after this time, like 60s or 5m; what is done stays done.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def refine(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, time_box: str | None, workers: int) -> None:
    """Make the usual files where there are but fast ones, then try slow settings on all; the next build takes those that save at
    least 8 % at no less quality."""
    box = seconds(time_box, "--time-box")
    with errors(as_json):
        from ..build import Options
        from ..build.refine import refine as run
        from ..reports.text import duration, size
        from ..wire import to_json
        from .talk import talk_for

        done = run(Options(root=root, store=store, workers=workers, time_box_s=box), talk=talk_for(quiet=quiet, verbose=verbose))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            usual = f"{done.usual} files made that were there as fast ones, " if done.usual else ""
            saved = f"{done.swaps} to be swapped, {size(done.saved_bytes)} saved"
            click.echo(f"{usual}{done.tried} tried, {saved}, {done.left} left; {duration(done.seconds)}")
            if done.swaps and not done.taken:
                click.echo('hint: builds take them with refine = "idle" or "ci" under [images]', err=True)
