"""What is published, told to the upkeep of the store on this machine, so that it keeps what releases show."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import TargetSettings
from ..targets import Target


def remember_published(root: Path, settings: TargetSettings, target: Target) -> None:
    """Note the pictures of every release that is kept; where that cannot be written it is said, and nothing fails."""
    from ..deploy import kept_releases
    from ..plan.published import note_published

    pictures = [(recipe, pixels) for one in kept_releases(settings, target) for pixels, recipe in one.recipes.items()]
    try:
        note_published(root, settings.name, pictures)
    except OSError as error:
        click.echo(f"cannot note what is published: {error.strerror or error}", err=True)
