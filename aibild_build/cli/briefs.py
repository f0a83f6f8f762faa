"""`aibild briefs import`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from .shared import common, errors, print_findings, print_json

_SHOWN = 10


@click.group()
def briefs() -> None:
    """Many briefs at once."""


@briefs.command("import")
@click.argument("feed", required=False, default="")
@common
@click.option("--template", required=True, metavar="NAME", help="How a row becomes a brief: briefs/feeds/NAME.yaml.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "tsv", "json", "jsonl", "xml"]), help="Where the name does not tell."
)
@click.option("--overwrite", is_flag=True, help="Also replace briefs that a person has edited or written.")
@click.option("--prune", is_flag=True, help="Take away briefs whose rows are no longer in the feed.")
@click.option("--refresh", is_flag=True, help="Ask again for pictures that are there.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, write nothing.")
def import_(
    feed: str,
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    template: str,
    format_: str | None,
    overwrite: bool,
    prune: bool,
    refresh: bool,
    dry_run: bool,
) -> None:
    """Write briefs from a feed: CSV, JSON, JSON Lines, a product feed in XML, or an address that sends one.

    Unchanged rows cost nothing, edited briefs stay, vanished rows are listed. Exit code 1 where a row could not be used.
    """
    with errors(as_json):
        from ..build.importing import Ask, import_briefs
        from ..build.outside import Outside
        from ..wire import to_json

        ask = Ask(
            feed=feed,
            template=template,
            format=format_ or "",
            overwrite=overwrite,
            prune=prune,
            refresh=refresh,
            dry_run=dry_run,
        )
        done = import_briefs(root, ask, Outside(environ=os.environ, sleep=time.sleep, wall=time.time))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        else:
            for word, names in (
                ("made", done.made),
                ("changed", done.changed),
                ("edited by hand, left alone", done.kept),
                ("vanished from the feed", done.vanished),
                ("taken away", done.pruned),
            ):
                shown = names if verbose else names[:_SHOWN]
                if names:
                    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
                    click.echo(f"{word}: {', '.join(shown)}{more}")
            print_findings(done.findings, quiet=quiet)
            if not quiet:
                would = "would have " if dry_run else ""
                counts = f"{would}made {len(done.made)}, changed {len(done.changed)}, unchanged {done.unchanged}"
                fetched = f"; {done.fetched} pictures fetched" if done.fetched else ""
                click.echo(f"{done.rows} rows: {counts}, left out {len(done.findings)}{fetched}", err=True)
                if done.vanished and not prune:
                    click.echo("  hint: --prune takes away briefs whose rows vanished", err=True)
        sys.exit(1 if done.findings else 0)
