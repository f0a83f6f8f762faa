"""`aibild rollback`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .places import named_target
from .shared import common, errors, posting, print_findings, print_json, seconds


@click.command()
@click.argument("release", metavar="[ID]", required=False, default="")
@common
@click.option("--target", "name", metavar="NAME", default="", help="The target, where there are several.")
@click.option("--wait", metavar="TIME", help="Wait for a deploy to end, like 90s.")
@posting
def rollback(
    release: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, name: str, wait: str | None
) -> None:
    """Show release ID again, or the one before; nothing is sent, since its files are still there."""
    wait_s = seconds(wait, "--wait") or 0.0
    with errors(as_json):
        from .. import deploy as shipping
        from ..build.pinning import read_now
        from ..reports.deploy import plan_lines, shipped_lines, shipped_object
        from .deploy import clock, tell_hooks
        from .identity import actor
        from .published import tell_release

        config, settings = named_target(root, name)
        if release in config.targets:
            raise click.UsageError(f"`{release}` is a target, not a release: `aibild rollback --target {release}`")
        target = shipping.origin_of(settings, root, os.environ)
        manner = shipping.Manner(wait_s=wait_s)
        done = shipping.rollback(settings, target, clock(), manner, lock=read_now(root), release=release)
        tell_release(root, settings, target, done, actor(root))
        tell_hooks(root, done)
        found = shipping.empty_caches(root, settings, done.purge, os.environ, now=clock().moment())[1]
        print_findings(found, quiet=quiet)
        if as_json:
            print_json(shipped_object(done, None, found, planned=False))
        elif verbose:
            for line in plan_lines(done):
                click.echo(line)
        if not quiet:
            for line in shipped_lines(done, None, planned=False):
                click.echo(line, err=True)
