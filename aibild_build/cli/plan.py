"""`aibild plan`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .shared import common, errors, print_findings, print_json, today


@click.command()
@common
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of the one in aibild.toml.")
@click.option("--base-url", help="The site's address, instead of the one in aibild.toml.")
@click.option("--force", is_flag=True, help="Plan for `build --force`.")
def plan(
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    output: Path | None,
    base_url: str | None,
    force: bool,
) -> None:
    """Say what a build would make, why, and what it is expected to cost. Makes nothing."""
    with errors(as_json):
        from ..model import Level
        from ..plan import plan as run
        from ..reports.objects import plan_object
        from ..reports.text import plan_lines, worst

        planned = run(root, today=today(), store_dir=store, output_dir=output, base_url=base_url, force=force)
        if as_json:
            print_json(plan_object(planned))
        else:
            for line in plan_lines(planned, details=verbose):
                click.echo(line)
        print_findings(planned.findings, quiet=quiet)
        sys.exit(1 if worst(planned.findings) is Level.ERROR else 0)
