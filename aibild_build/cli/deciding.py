"""What the commands approve, reject, withdraw and pick have in common: their options and how they tell what they did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from ..build.deciding import Decision
from .shared import print_json

Command = TypeVar("Command", bound=Callable[..., Any])


def on_pictures(command: Command) -> Command:
    """The brief, `--asset` and `--pixels`."""
    for option in (
        click.option("--pixels", default="", help="The pixels that are meant, or 8 digits and more of their beginning."),
        click.option("--asset", default="", help="One picture of the brief: `master`, or a ratio like 4:5."),
        click.argument("brief", metavar="ID"),
    ):
        command = option(command)
    return command


def tell(decisions: Sequence[Decision], who: str, *, as_json: bool, quiet: bool) -> None:
    """One line a picture."""
    if as_json:
        from ..wire import to_json

        print_json({"schema": 1, "who": who, "decisions": [to_json(one) for one in decisions]})
    elif not quiet:
        for one in decisions:
            role = f" as {one.role}" if one.role else ""
            subject = one.brief if one.asset == "master" else f"{one.brief} {one.asset}"
            known = "" if one.new else "; it was so already"
            click.echo(f"{subject}: {one.pixels[:12]} {one.event} by {who}{role}{known}", err=True)
