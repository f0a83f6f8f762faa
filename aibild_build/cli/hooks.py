"""`aibild hooks status`, `send` and `test`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from ..build.hooks import outbox, ping, post, retry_failed
from ..build.outside import Outside
from ..wire import to_json
from .shared import common, errors, print_json


@click.group()
def hooks() -> None:
    """Look after what other systems are told."""


@hooks.command()
@common
def status(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """List what waits to be posted, and what was given up. Exit code 1 where something was given up."""
    with errors(as_json):
        waiting, failed = outbox(root)
        if as_json:
            print_json({"schema": 1, "waiting": [to_json(one) for one in waiting], "failed": [to_json(one) for one in failed]})
        else:
            for word, letters in (("waiting", waiting), ("given up", failed)):
                for one in letters:
                    tried = f", tried {one.attempts} times: {one.trouble}" if one.attempts else ""
                    click.echo(f"{word}: {one.hook} {one.type} {one.id[:12]}{tried}")
            if not quiet:
                click.echo(f"{len(waiting)} wait, {len(failed)} were given up", err=True)
        sys.exit(1 if failed else 0)


@hooks.command()
@common
@click.option("--failed", is_flag=True, help="Also what was given up.")
def send(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, failed: bool) -> None:
    """Post now what waits. Exit code 3 where something could not be posted."""
    with errors(as_json):
        if failed:
            retry_failed(root)
        done = post(root, Outside(environ=os.environ, sleep=time.sleep, wall=time.time), limit_s=600.0, all_now=True)
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        else:
            for name, trouble in sorted((done.troubles or {}).items()):
                click.echo(f"{name}: {trouble}", err=True)
            if not quiet:
                click.echo(f"posted {done.sent}, waiting {done.waiting}, given up {done.failed}", err=True)
        sys.exit(3 if done.troubles else 0)


@hooks.command()
@click.argument("name")
@common
def test(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Post a `ping` to one hook. Exit code 3 where it is not received."""
    with errors(as_json):
        trouble = ping(root, name, Outside(environ=os.environ, sleep=time.sleep, wall=time.time))
        if as_json:
            print_json({"schema": 1, "hook": name, "received": not trouble, "trouble": trouble})
        else:
            click.echo(f"{name}: {trouble or 'received'}")
        sys.exit(3 if trouble else 0)
