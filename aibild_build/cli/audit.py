"""`aibild audit verify` and `aibild audit show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .shared import common, errors, print_findings, print_json


@click.group()
def audit() -> None:
    """Verify and show aibild.audit.jsonl, the trail of what was made and decided."""


@audit.command()
@common
def verify(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say whether the trail is whole and agrees with aibild.lock. Exit code 1 where a line was changed, dropped or cut off."""
    with errors(as_json):
        from ..build.trail import verify_trail
        from ..model import Json, Level
        from ..reports.objects import finding_object

        found = verify_trail(root)
        if as_json:
            rows: list[Json] = [finding_object(one) for one in found.findings]
            print_json({"schema": 1, "lines": found.lines, "heads": list(found.heads), "findings": rows})
        print_findings(found.findings, quiet=quiet)
        bad = any(one.level is Level.ERROR for one in found.findings)
        if not (quiet or as_json):
            state = "not whole" if bad else "whole"
            click.echo(
                f"{found.lines} lines, {state}; the next one follows {', '.join(one[:12] for one in found.heads) or 'none'}",
                err=True,
            )
        sys.exit(1 if bad else 0)


@audit.command()
@click.argument("name", metavar="[ID|PIXELS]", required=False, default="")
@common
def show(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print the trail, or what it says of brief ID or of PIXELS (8 digits or more), oldest first."""
    with errors(as_json):
        from ..build.trail import show_trail
        from ..wire import to_json

        entries = show_trail(root, name)
        if as_json:
            print_json({"schema": 1, "entries": [to_json(one) for one in entries]})
            return
        for one in entries:
            subject = one.target or one.brief if one.asset in ("", "master") else f"{one.brief} {one.asset}"
            first = one.pictures[0] if one.pictures else None
            what = one.release or ((first.pixels[:12] or f"{first.model} {first.model_digest[:12]}") if first else "")
            role = f" as {one.role}" if one.role else ""
            reason = f": {one.reason}" if one.reason else ""
            source = f" ({one.source})" if one.source else ""
            click.echo(
                f"{one.when or '-':<20}  {one.event.value:<10}  {subject:<24}  {what:<12}  {one.who or '-'}{source}{role}{reason}"
            )
            if verbose:
                click.echo(f"  {one.hash} follows {', '.join(one.follows) or 'nothing'}")
        if not entries:
            click.echo("nothing is told yet" if not name else f"nothing is told of {name}", err=True)
