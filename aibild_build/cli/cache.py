"""`aibild cache stats|verify|gc|push|pull|key`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from .shared import common, errors, print_json

_remote = click.option("--remote", is_flag=True, help="The shared store, instead of this machine's.")


@click.group()
def cache() -> None:
    """Look after the store, where pictures and files lie."""


@cache.command()
@common
@_remote
def stats(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, remote: bool) -> None:
    """Count what is in the store."""
    with errors(as_json):
        from ..build.upkeep import cache_stats, shared_stats
        from ..reports.text import size
        from ..wire import to_json

        found = shared_stats(root, os.environ) if remote else cache_stats(root, store_dir=store)
        if as_json:
            print_json({"schema": 1, **to_json(found)})
            return
        click.echo(f"{found.blobs} blobs, {found.records} records, {size(found.bytes)}; {found.bad} damaged and set aside")


@cache.command()
@common
@_remote
def verify(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, remote: bool) -> None:
    """Read everything in the store; what is damaged is set aside and made again by the next build."""
    with errors(as_json):
        from ..build.upkeep import cache_verify, shared_verify
        from ..wire import to_json

        problems = list(shared_verify(root, os.environ) if remote else cache_verify(root, store_dir=store))
        if as_json:
            print_json({"schema": 1, "problems": [to_json(problem) for problem in problems]})
        else:
            for problem in problems:
                click.echo(f"{problem.shelf} {problem.name}: {problem.why}{' (set aside)' if problem.moved else ''}")
            click.echo(f"{len(problems)} problems" if problems else "all is what its name says", err=True)
        sys.exit(1 if problems else 0)


@cache.command()
@common
@_remote
@click.option("--grace-days", type=float, default=14.0, show_default=True, help="Keep what was used within so many days.")
@click.option(
    "--max-mib", type=float, help="Remove the least recently used only until the store is this small; default: [store] max_size."
)
def gc(
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    remote: bool,
    grace_days: float,
    max_mib: float | None,
) -> None:
    """Remove what neither the lock nor the site needs any more."""
    with errors(as_json):
        from ..build.upkeep import cache_gc, shared_gc
        from ..reports.text import size
        from ..wire import to_json

        limit = int(max_mib * 2**20) if max_mib is not None else None
        grace_s, now = grace_days * 86400, time.time()
        if remote:
            done = shared_gc(root, os.environ, store_dir=store, grace_s=grace_s, max_bytes=limit)
        else:
            done = cache_gc(root, store_dir=store, grace_s=grace_s, max_bytes=limit, now=now)
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            click.echo(f"removed {done.blobs} blobs and {done.records} records, {size(done.freed_bytes)}")


@cache.command()
@common
def push(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Give the shared store all that this machine has."""
    _move("push", root, store, as_json, quiet)


@cache.command()
@common
def pull(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Fetch from the shared store all that the site needs."""
    _move("pull", root, store, as_json, quiet)


@cache.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make the private key in FILE that signs records of the shared store, or read it; print its public key."""
    with errors(False):
        from ..build.upkeep import store_key

        made, public = store_key(file)
        click.echo(f'trusted = ["{public}"]')
        click.echo(f"{'made' if made else 'read'} {file}; AIBILD_STORE_KEY={file} lets a machine write", err=True)


def _move(way: str, root: Path, store: Path | None, as_json: bool, quiet: bool) -> None:
    with errors(as_json):
        from ..build.upkeep import cache_pull, cache_push
        from ..reports.text import size
        from ..wire import to_json

        done = (cache_push if way == "push" else cache_pull)(root, os.environ, store_dir=store)
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            came = f"{'gave' if way == 'push' else 'took'} {done.records} records and {done.blobs} blobs, {size(done.bytes)}"
            click.echo(f"{came}; {done.failed} records left out" if done.failed else came)
        sys.exit(1 if done.failed else 0)
