"""`aibild releases`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from .places import named_target
from .published import tell_history
from .shared import common, errors, print_json


@click.command()
@click.argument("name", metavar="[TARGET]", required=False, default="")
@common
@click.option("--gc", "collect", is_flag=True, help="Delete what no kept release needs: files, pages, manifests.")
def releases(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, collect: bool) -> None:
    """List the releases of TARGET, newest first; the first is shown."""
    with errors(as_json):
        from .. import deploy as shipping
        from ..reports.text import size
        from ..wire import to_json
        from .deploy import clock

        _, settings = named_target(root, name)
        target = shipping.origin_of(settings, root, os.environ)
        done = shipping.collect(settings, target, clock()) if collect else None
        rows = shipping.releases(target)
        tell_history(root, settings, target, rows)
        if as_json:
            told = {"collected": to_json(done)} if done is not None else {}
            print_json({"schema": 1, "target": settings.name, "releases": [to_json(one) for one in rows], **told})
            return
        for index, one in enumerate(rows):
            when = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
            click.echo(f"{one.id}  {when}  {one.files} files, {size(one.bytes)}{'  shown' if index == 0 else ''}")
        if not rows:
            click.echo(f"nothing was deployed to {settings.name} yet", err=True)
        if done is not None and not quiet:
            told_size = size(done.bytes)
            click.echo(f"deleted {done.files} files and {done.releases} manifests, {told_size}", err=True)
