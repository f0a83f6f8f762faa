"""`aibild reject`."""

from __future__ import annotations

from pathlib import Path

import click

from .deciding import on_pictures, tell
from .shared import common, errors, posting


@click.command()
@on_pictures
@common
@click.option("--reason", required=True, help="Why; the next person reads it.")
@click.option("--role", default="", help="The role in which you reject, where you have several.")
@posting
def reject(
    brief: str,
    asset: str,
    pixels: str,
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    reason: str,
    role: str,
) -> None:
    """Say no to the pictures of brief ID that are in use, and why. The next build uses another candidate where there is one."""
    with errors(as_json):
        from ..build.deciding import reject_pictures
        from .identity import actor

        who = actor(root)
        done = reject_pictures(root, brief, who, reason=reason, role=role, asset=asset, pixels=pixels)
        tell(done, who.who, as_json=as_json, quiet=quiet)
