"""`aibild enhance`."""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path

import click

from .shared import common, errors, print_findings, print_json, today


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@common
@click.option("--out", type=click.Path(path_type=Path), help="Write the whole site into this folder, and leave DIR alone.")
@click.option("--base", metavar="URL", help="The site's address, instead of the one in the settings or on its pages.")
@click.option("--measure", is_flag=True, help="Measure once in Chromium how wide pictures are, and which is painted largest.")
@click.option("--dry-run", is_flag=True, help="Show what would change as a diff; write nothing but the store.")
@click.option("--no-check", is_flag=True, help="Do not hold the site against the rules before and after.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def enhance(
    folder: Path,
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    out: Path | None,
    base: str | None,
    measure: bool,
    dry_run: bool,
    no_check: bool,
    workers: int,
) -> None:
    """Give the pictures of any built site in DIR their sizes and formats, and change nothing else.

    Exit code 1 where a picture could not be used; the others are enhanced.
    """
    if base is not None and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", base):
        raise click.UsageError(f"expected --base as address https://… without query and fragment, got {base}")
    with errors(as_json):
        from ..build import Options
        from ..build.enhancing import Ask
        from ..build.enhancing import enhance as run
        from ..model import Level
        from ..reports.text import duration, size, worst
        from ..wire import to_json
        from .identity import actor
        from .talk import talk_for

        ask = Ask(folder=folder, out=out, base_url=base or "", measure=measure, check=not no_check, dry_run=dry_run)
        options = Options(root=root, store=store, workers=workers)
        talk = talk_for(quiet=quiet, verbose=verbose)
        done = run(options, ask, today=today(), talk=talk, actor=partial(actor, root))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        else:
            for line in done.diff:
                click.echo(line)
            print_findings(done.findings, quiet=quiet)
            if not quiet:
                would = "would change" if dry_run else "changed"
                tags = f"{done.tags} of their pictures"
                click.echo(f"{would} {len(done.changed)} files of {done.pages} pages, {tags}; {duration(done.seconds)}", err=True)
                files = f"{done.pictures} pictures in {done.files} files of {size(done.bytes)}"
                click.echo(f"{files}; {done.encoded} encoded, {done.reused} reused", err=True)
                for name, counts in (("before", done.before), ("after", done.after)):
                    if counts is not None:
                        said = ", ".join(f"{count} {level}s" for level, count in counts.items())
                        click.echo(f"aibild check {name}: {said}", err=True)
        sys.exit(1 if worst(done.findings) is Level.ERROR else 0)
