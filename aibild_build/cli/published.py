"""What is published, told to the upkeep of the store on this machine, and to the trail.

Neither is worth failing a deploy that is done: where something cannot be written, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ..config import TargetSettings
from ..deploy import Release, Shipped, Shown
from ..errors import OutputError
from ..model import Actor
from ..targets import Target


def tell_release(root: Path, settings: TargetSettings, target: Target, done: Shipped, actor: Actor) -> None:
    """After a deploy or rollback that shows another release: to the trail who did it, to the upkeep what must be kept."""
    if done.release == done.previous:
        return
    from ..build.releases import Showing, tell_shown
    from ..plan.published import add_published

    try:
        shown = Showing(release=done.release, pixels=done.pixels)
        before = Showing(release=done.previous, pixels=done.pixels_before) if done.previous else None
        tell_shown(root, settings.name, [(shown, actor)], before=before, again=True)
        if add_published(root, settings.name, [(recipe, pixels) for pixels, recipe in done.recipes.items()]):
            return
    except (OSError, OutputError) as error:
        click.echo(_cannot(error), err=True)
    from ..deploy import kept_releases

    _note(root, settings, kept_releases(settings, target))


def tell_history(root: Path, settings: TargetSettings, target: Target, rows: Sequence[Shown]) -> None:
    """What the target's own history says, newest first in `rows`: releases that the trail does not tell yet, by nobody's name."""
    from ..build.releases import Showing, tell_shown
    from ..deploy import kept_releases

    kept = kept_releases(settings, target)
    _note(root, settings, kept)
    pixels = {one.id: one.pixels for one in kept}
    whens = {one.id: datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in rows}
    shown = [
        (Showing(release=one.id, pixels=pixels[one.id]), Actor(who="", source="origin", when=whens[one.id]))
        for one in reversed(rows)
        if one.id in pixels
    ]
    try:
        tell_shown(root, settings.name, shown, before=None, again=False)
    except OutputError as error:
        click.echo(_cannot(error), err=True)


def _note(root: Path, settings: TargetSettings, kept: Sequence[Release]) -> None:
    from ..plan.published import note_published

    try:
        note_published(root, settings.name, [(recipe, pixels) for one in kept for pixels, recipe in one.recipes.items()])
    except OSError as error:
        click.echo(_cannot(error), err=True)


def _cannot(error: OSError | OutputError) -> str:
    return f"cannot note what is published: {error.message if isinstance(error, OutputError) else error.strerror or error}"
