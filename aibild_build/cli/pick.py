"""`aibild pick`."""

from __future__ import annotations

from pathlib import Path

import click

from .deciding import tell
from .shared import common, errors, posting


@click.command()
@click.argument("brief", metavar="ID")
@click.argument("pixels")
@common
@click.option("--asset", default="master", help="One picture of the brief: `master`, or a ratio like 4:5.")
@posting
def pick(brief: str, pixels: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, asset: str) -> None:
    """Let pages show the candidate with PIXELS (8 digits or more of them) of brief ID."""
    with errors(as_json):
        from ..build.deciding import pick_picture
        from .identity import actor

        who = actor(root)
        tell(pick_picture(root, brief, who, pixels=pixels, asset=asset), who.who, as_json=as_json, quiet=quiet)
