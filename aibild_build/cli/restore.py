"""`aibild restore`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from .places import named_target
from .shared import common, errors, print_json


@click.command()
@click.argument("name", metavar="ID")
@common
@click.option("--target", "where", metavar="NAME", default="", help="The target, where there are several.")
@click.option("--to", type=click.Path(path_type=Path), help="The folder to write; without it restored/ and the picture's name.")
def restore(
    name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, where: str, to: Path | None
) -> None:
    """Bring back recipe, pixels, decisions and manifest of a published picture.

    ID is a brief, the asset id on an image, the beginning of its pixels, or the address of a file.
    """
    with errors(as_json):
        from .. import deploy as shipping
        from ..audit import read_trail
        from ..build.pinning import read_now, trail_text
        from ..deploy.restoring import restore as bring_back
        from ..disk import write_atomic
        from ..errors import OutputError
        from ..plan.shared import open_shared

        config, settings = named_target(root, where)
        target = shipping.origin_of(settings, root, os.environ)
        opened = open_shared(config, os.environ, time.time, store_dir=store, read_only=True)
        trail, _ = read_trail(trail_text(root))
        found = bring_back(target, opened, read_now(root), trail, name)
        folder = to or root / "restored" / f"{found.brief or 'picture'}-{found.pixels[:8]}"
        try:
            for path, data in found.files.items():
                write_atomic(folder / path, data)
        except OSError as error:
            raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
        if as_json:
            print_json(
                {
                    "schema": 1,
                    "folder": str(folder),
                    "release": found.release,
                    "pixels": found.pixels,
                    "brief": found.brief,
                    "files": tuple(sorted(found.files)),
                    "lacking": found.lacking,
                    "retracted": found.retracted,
                }
            )
        else:
            for path in sorted(found.files):
                click.echo(f"{folder}/{path}")
        for line in found.lacking:
            click.echo(f"lacking: {line}", err=True)
        if found.retracted:
            click.echo(f"retracted: {found.retracted}; do not publish it again", err=True)
        sys.exit(1 if found.lacking else 0)
