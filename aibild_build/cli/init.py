"""`aibild init`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import errors


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("."))
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def init(folder: Path, quiet: bool) -> None:
    """Write a small site in two languages into FOLDER (default: here). It builds at once."""
    with errors(False):
        from ..build.start import init as run

        written = run(folder)
        if not quiet:
            for path in written:
                click.echo(f"wrote {folder / path}", err=True)
            step = "" if folder == Path(".") else f"cd {folder} && "
            click.echo(f"next: {step}aibild build", err=True)
