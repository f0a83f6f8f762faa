"""`aibild export feed`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .shared import errors, print_findings, print_json


@click.group()
def export() -> None:
    """What other systems want to know of pictures."""


@export.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder that feed.csv and pictures.json go to.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def feed(folder: Path, out: Path, as_json: bool, quiet: bool) -> None:
    """Write picture columns for a product feed, and records for a media library, from what `aibild pictures --out` made.

    Exit code 1 where a picture has no JPEG that is large enough.
    """
    with errors(as_json):
        from ..build.exporting import export_feed
        from ..reports.objects import finding_object

        done = export_feed(folder, out)
        print_findings(done.findings, quiet=quiet)
        if as_json:
            found = [finding_object(finding) for finding in done.findings]
            print_json({"schema": 1, "rows": done.rows, "written": done.written, "findings": list(found)})
        elif not quiet:
            click.echo(f"{out}: {done.rows} rows, {done.written} files written", err=True)
        sys.exit(1 if done.findings else 0)
