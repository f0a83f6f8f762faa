"""`aibild models list|inspect|verify|pull|update`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from .shared import common, errors, print_json


@click.group()
def models() -> None:
    """Look after the models that aibild.toml declares."""


@models.command("list")
@common
def list_(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Every declared model: its kind, whether its files are here, how the lock stands to them, its licence."""
    with errors(as_json):
        from ..build.models import list_models
        from ..wire import to_json

        rows = list_models(root)
        if as_json:
            print_json({"schema": 1, "models": [to_json(row) for row in rows]})
            return
        for row in rows:
            place = row.fault or ("here" if row.here else "not here")
            licence = row.license or "no licence named"
            click.echo(
                f"{row.name:<24} {row.kind or '?':<16} {row.fingerprint[:12] or '-':<12}  lock {row.lock:<8} {place}; {licence}"
            )
        if not rows:
            click.echo("aibild.toml declares no models", err=True)


@models.command()
@click.argument("name")
@common
def inspect(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print all that is known of the model NAME: files with digests, parts, scheduler, licence, card, owner."""
    with errors(as_json):
        from ..build.models import inspect_model
        from ..wire import to_json

        found = to_json(inspect_model(root, name))
        if as_json:
            print_json({"schema": 1, **found})
            return
        from yaml12 import format_yaml

        click.echo(format_yaml(found))


@models.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@common
def verify(names: tuple[str, ...], root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Read every byte of the models NAME, or of all, and hold them against aibild.lock. Exit code 1 where they differ."""
    with errors(as_json):
        from ..build.models import verify_models
        from ..wire import to_json

        rows = verify_models(root, names)
        if as_json:
            print_json({"schema": 1, "models": [to_json(row) for row in rows]})
        else:
            for row in rows:
                click.echo(f"{row.name}: {row.fault or (row.lock if row.here else 'not here')}")
        sys.exit(1 if any(row.fault or row.lock == "differs" for row in rows) else 0)


@models.command()
@click.argument("name")
@common
def pull(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Fetch the hub model NAME at its revision. Nothing else in aibild fetches models."""
    with errors(as_json):
        from ..build.models import pull_model

        folder = pull_model(root, name)
        if as_json:
            print_json({"schema": 1, "folder": str(folder)})
        else:
            click.echo(str(folder))


@models.command()
@click.argument("name")
@common
def update(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Take the files of model NAME as they are into aibild.lock. Its pictures are made again by the next build."""
    with errors(as_json):
        from ..build.models import update_model
        from .identity import actor

        before, now = update_model(root, name, partial(actor, root))
        if as_json:
            print_json({"schema": 1, "before": before, "now": now})
        elif not quiet:
            click.echo(f"{name}: {'unchanged' if before == now else (before[:12] or 'not pinned') + ' → ' + now[:12]}", err=True)
