"""`aibild generate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from .shared import common, crew_option, errors, posting, print_json, today


@click.command()
@click.argument("briefs", nargs=-1)
@common
@click.option("--repin", is_flag=True, help="Replace pinned pixels by new ones of the same recipe.")
@click.option("--shard", default="", metavar="I/N", help="Make the I-th share of N, for several machines; see the docs.")
@click.option("--strict", is_flag=True, help="Take only pictures that were made as they would be here; make the others again.")
@click.option("--preview", type=click.Path(path_type=Path, file_okay=False), help="Put looks at unfinished pictures there.")
@click.option("--preview-every", type=click.IntRange(1), default=5, help="Steps from one look to the next.")
@click.option("--limit-images", type=int, help="Stop before making more pictures than this.")
@click.option("--limit-credits", type=click.FloatRange(0), help="Stop before pictures that would cost more than this.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
@crew_option
@posting
def generate(
    briefs: tuple[str, ...],
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    repin: bool,
    shard: str,
    strict: bool,
    preview: Path | None,
    preview_every: int,
    limit_images: int | None,
    limit_credits: float | None,
    workers: int,
    crew: str,
) -> None:
    """Make the pictures of BRIEFS, or of all that pages use, and pin them in aibild.lock. Builds no page."""
    with errors(as_json):
        from ..build import Options
        from ..build.generate import generate as run
        from ..reports.text import duration
        from ..wire import to_json
        from .identity import actor
        from .talk import talk_for

        options = Options(
            root=root,
            store=store,
            limit_images=limit_images,
            limit_credits=limit_credits,
            workers=workers,
            crew=crew,
            strict=strict,
            preview=preview,
            preview_every=preview_every,
        )
        voice = talk_for(quiet=quiet, verbose=verbose)
        done = run(options, briefs, repin=repin, shard=shard, today=today(), talk=voice, actor=partial(actor, root))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            for line in done.review:
                click.echo(f"wants a look: {line}", err=True)
            click.echo(f"made {done.made}, reused {done.reused}; {duration(done.seconds)}", err=True)
