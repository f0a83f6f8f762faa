"""`aibild cache stats|verify|gc`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from .shared import common, errors, print_json


@click.group()
def cache() -> None:
    """Look after the store, where pictures and files lie."""


@cache.command()
@common
def stats(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Count what is in the store."""
    with errors(as_json):
        from ..build.upkeep import cache_stats
        from ..reports.text import size
        from ..wire import to_json

        found = cache_stats(root, store_dir=store)
        if as_json:
            print_json({"schema": 1, **to_json(found)})
            return
        click.echo(f"{found.blobs} blobs, {found.records} records, {size(found.bytes)}; {found.bad} damaged and set aside")


@cache.command()
@common
def verify(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Read everything in the store; what is damaged is set aside and made again by the next build."""
    with errors(as_json):
        from ..build.upkeep import cache_verify
        from ..wire import to_json

        problems = list(cache_verify(root, store_dir=store))
        if as_json:
            print_json({"schema": 1, "problems": [to_json(problem) for problem in problems]})
        else:
            for problem in problems:
                click.echo(f"{problem.shelf} {problem.name}: {problem.why}{' (set aside)' if problem.moved else ''}")
            click.echo(f"{len(problems)} problems" if problems else "all is what its name says", err=True)
        sys.exit(1 if problems else 0)


@cache.command()
@common
@click.option("--grace-days", type=float, default=14.0, show_default=True, help="Keep what was used within so many days.")
@click.option(
    "--max-mib", type=float, help="Remove the least recently used only until the store is this small; default: [store] max_size."
)
def gc(
    root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, grace_days: float, max_mib: float | None
) -> None:
    """Remove what neither the lock nor the site needs any more."""
    with errors(as_json):
        from ..build.upkeep import cache_gc
        from ..reports.text import size
        from ..wire import to_json

        limit = int(max_mib * 2**20) if max_mib is not None else None
        done = cache_gc(root, store_dir=store, grace_s=grace_days * 86400, max_bytes=limit, now=time.time())
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            click.echo(f"removed {done.blobs} blobs and {done.records} records, {size(done.freed_bytes)}")
