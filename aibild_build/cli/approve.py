"""`aibild approve`."""

from __future__ import annotations

from pathlib import Path

import click

from .deciding import on_pictures, tell
from .shared import common, errors, posting


@click.command()
@on_pictures
@common
@click.option("--role", default="", help="The role in which you approve, where you have several.")
@posting
def approve(
    brief: str, asset: str, pixels: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, role: str
) -> None:
    """Say yes to the pictures of brief ID that are in use. Other pixels need a yes of their own."""
    with errors(as_json):
        from ..build.deciding import approve_pictures
        from .identity import actor

        who = actor(root)
        tell(approve_pictures(root, brief, who, role=role, asset=asset, pixels=pixels), who.who, as_json=as_json, quiet=quiet)
