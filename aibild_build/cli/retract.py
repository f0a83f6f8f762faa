"""`aibild retract`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import common, errors, posting, print_json


@click.command()
@click.argument("name", metavar="[ID|PIXELS]", required=False, default="")
@common
@click.option("--reason", default="", help="Why; it stands in lock and trail.")
@click.option("--lift", is_flag=True, help="Let the pixels in again; their approvals do not come back.")
@posting
def retract(
    name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, reason: str, lift: bool
) -> None:
    """Bar the pictures of brief ID, or PIXELS, from every build, and list the pages and releases that show them.

    Without a name it lists what is retracted.
    """
    with errors(as_json):
        from ..build.deciding import reinstate_pictures, retract_pictures
        from ..wire import to_json
        from .identity import actor

        if not name:
            _list(root, as_json=as_json)
            return
        if not reason.strip():
            raise click.UsageError("--reason is needed: it is what the next person reads")
        done = (reinstate_pictures if lift else retract_pictures)(root, name, actor(root), reason=reason)
        if as_json:
            print_json({"schema": 1, "lifted": lift, **to_json(done)})
            return
        for title, rows in (
            ("pixels", done.pixels),
            ("brief", done.briefs),
            ("page", done.pages),
            ("release", done.releases),
            ("target", done.targets),
        ):
            for row in rows:
                click.echo(f"{title} {row}")
        if not done.complete:
            click.echo("the site's source has faults, so its pages could not be listed: `aibild plan` names them", err=True)
        if not quiet and not lift:
            click.echo(
                "next: `aibild build`, then `aibild deploy` for each target; until then they show what they show", err=True
            )


def _list(root: Path, *, as_json: bool) -> None:
    from ..build.pinning import read_now
    from ..wire import to_json

    rows = [one for _, one in sorted(read_now(root).retracted.items())]
    if as_json:
        print_json({"schema": 1, "retracted": [to_json(one) for one in rows]})
        return
    for one in rows:
        click.echo(f"{one.pixels}  {one.when[:10]}  {one.who}  {one.brief or '-'}: {one.reason}")
    if not rows:
        click.echo("nothing is retracted", err=True)
