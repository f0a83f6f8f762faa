"""`aibild brief show`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import common, errors, print_json


@click.group()
def brief() -> None:
    """Look at image briefs."""


@brief.command()
@click.argument("brief_id", metavar="ID")
@common
def show(brief_id: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print a brief as it stands once profile and blocks are merged in, with the prompt that is hashed."""
    with errors(as_json):
        from ..brief import explain
        from ..plan.reading import read_one_brief

        found, _ = read_one_brief(root, brief_id)
        explained = explain(found)
        if as_json:
            print_json(explained)
            return
        from yaml12 import format_yaml

        click.echo(format_yaml(explained))
