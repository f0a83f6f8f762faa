"""`aibild credentials init-test|status|renew`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from .shared import common, errors, print_json, today


@click.group()
def credentials() -> None:
    """Look after the certificate that pictures are signed with."""


@credentials.command("init-test")
@common
def init_test(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Make a test chain for this machine, unless there is one. Nobody else trusts it; `certificate = "test"` signs with it."""
    with errors(as_json):
        _make(as_json, quiet, again=False)


@credentials.command()
@common
def renew(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Replace this machine's test chain by a new one. The next build signs all pictures again; their names stay."""
    with errors(as_json):
        _make(as_json, quiet, again=True)


def _make(as_json: bool, quiet: bool, *, again: bool) -> None:
    from ..build.credentials import init_test as run

    signer, made = run(os.environ, datetime.now(UTC), again=again)
    folder = Path(signer.key_file).parent
    if as_json:
        print_json({"schema": 1, "folder": str(folder), "made": made, "ends": signer.ends, "fingerprint": signer.fingerprint})
    elif made and not quiet:
        click.echo(f"made a test chain in {folder}, which nobody else trusts; it ends on {signer.ends}", err=True)
    elif not quiet:
        click.echo(f"a test chain is in {folder}; it ends on {signer.ends}", err=True)


@credentials.command()
@common
def status(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say who signs this project's pictures and what is wrong with it. Exit code 1 where something keeps it from signing."""
    with errors(as_json):
        from ..build.credentials import status as run
        from ..wire import to_json

        found = run(root, os.environ, today())
        if as_json:
            print_json({"schema": 1, **to_json(found)})
        elif found.source == "none":
            why = "the policy is off" if found.policy == "off" else "no certificate is at hand"
            click.echo(f"pictures are not signed: {why}")
        else:
            click.echo(f"policy       {found.policy}")
            click.echo(f"certificate  {found.subject}, ends on {found.ends}")
            click.echo(f"issued by    {found.issuer}{' (a test chain: nobody else trusts it)' if found.test else ''}")
            click.echo(f"fingerprint  {found.fingerprint}")
            click.echo(f"key          {found.key or 'not usable'}, {found.algorithm or 'unknown'}")
            click.echo(f"time stamps  {found.time_stamp or 'none: signatures end with the certificate'}")
        for fault in found.faults:
            click.echo(f"error: {fault}", err=True)
        sys.exit(1 if found.faults else 0)
