"""`aibild withdraw`."""

from __future__ import annotations

from pathlib import Path

import click

from .deciding import on_pictures, tell
from .shared import common, errors, posting


@click.command()
@on_pictures
@common
@click.option(
    "--of", "whose", default="", help="Take back what this person said, as `Ada <ada@example.org>`, instead of your own."
)
@posting
def withdraw(
    brief: str, asset: str, pixels: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, whose: str
) -> None:
    """Take back your yes or no to the pictures of brief ID that are in use."""
    with errors(as_json):
        from ..build.deciding import withdraw_pictures
        from .identity import actor

        who = actor(root)
        done = withdraw_pictures(root, brief, who, of=whose, asset=asset, pixels=pixels)
        tell(done, who.who, as_json=as_json, quiet=quiet)
