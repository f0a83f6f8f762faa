"""`aibild review`."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path

import click

from ..build.review import ReviewDesk
from .identity import actor
from .shared import common, errors, posting, print_json


@click.command()
@click.argument("briefs", nargs=-1, metavar="[BRIEF]...")
@common
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; without it a free one.")
@click.option("--role", default="", help="The role in which you decide, if you have several.")
@click.option("--static", type=click.Path(path_type=Path, file_okay=False), help="Write the board into this folder instead.")
@posting
def review(
    briefs: tuple[str, ...],
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    port: int,
    role: str,
    static: Path | None,
) -> None:
    """Serve the review board to your browser, on this machine alone: candidates side by side, gates, approvals. Ctrl-C ends it.

    With --json what waits for a decision is printed, and nothing is served.
    """
    with errors(as_json):
        from ..reports.review import review_object

        desk = ReviewDesk(root, partial(actor, root), store_dir=store, briefs=briefs, role=role)
        if static is not None:
            from ..web.review import export_board

            count = export_board(desk, static)
            if not quiet and not as_json:
                click.echo(f"{static}: {count} files; open {static / 'index.html'}", err=True)
        if as_json:
            print_json(review_object(desk.board()))
        elif static is None:
            _serve(desk, port, quiet)


def _serve(desk: ReviewDesk, port: int, quiet: bool) -> None:
    from ..web import Events, Local, Watch
    from ..web.review import Review

    events, key = Events(), secrets.token_urlsafe(24)
    app = Review(desk, events, key)
    server = Local(app, port=port, key=key)
    click.echo(server.url)
    if not quiet:
        who = f"you decide as {desk.who}" if desk.who else "nobody is known here who could decide: git config user.email …"
        click.echo(f"{who}; Ctrl-C ends it", err=True)
    with Watch(desk.stamp, app.changed):
        try:
            server.run()
        finally:
            events.tell("ended")
            events.close()
            server.close()
