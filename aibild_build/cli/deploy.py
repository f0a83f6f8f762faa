"""`aibild deploy`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import click

from ..config import Config, TargetSettings
from ..deploy import Clock, Manner, Shipped
from ..errors import RefusedError
from ..model import Finding, Json, Level
from ..store import Store
from .places import named_target
from .shared import common, errors, posting, print_findings, print_json, seconds, today


@click.command()
@click.argument("name", metavar="[TARGET]", required=False, default="")
@common
@click.option("--output", type=click.Path(path_type=Path), help="The built folder, instead of the one that builds write.")
@click.option("--plan", "plan_only", is_flag=True, help="List every file with its reason, bytes and headers; change nothing.")
@click.option("--verify", is_flag=True, help="Fetch a sample through the public address and compare it.")
@click.option("--verify-only", is_flag=True, help="Only that: compare what is shown, deploy nothing.")
@click.option("--no-check", is_flag=True, help="Do not check the built site once more.")
@click.option("--allow-deletions", is_flag=True, help="Delete pages even if they are many.")
@click.option("--adopt", is_flag=True, help="Write over files at the target that aibild did not put there.")
@click.option("--wait", metavar="TIME", help="Wait for another deploy to end, like 90s.")
@posting
def deploy(
    name: str,
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    output: Path | None,
    plan_only: bool,
    verify: bool,
    verify_only: bool,
    no_check: bool,
    allow_deletions: bool,
    adopt: bool,
    wait: str | None,
) -> None:
    """Bring the built site to TARGET: files that never change first, then pages, so that no page ever breaks."""
    wait_s = seconds(wait, "--wait") or 0.0
    with errors(as_json):
        from .. import deploy as shipping
        from ..bucket import begun
        from ..config import output_of
        from ..reports.deploy import plan_lines, shipped_lines, shipped_object
        from ..targets import Handover, Target, load
        from .identity import actor
        from .published import tell_release

        config, settings = named_target(root, name)
        folder = output or root / output_of(config, settings)
        target = load(settings, root, os.environ)
        looked = begun(partial(shipping.look, target.bucket)) if no_check and isinstance(target, Target) else None
        site = shipping.read_built(folder, _bytes_of(config, store))
        lock = shipping.refuse_unfit(site, root, settings.base_url)
        found: tuple[Finding, ...] = _strange(shipping.strangers(site), folder)
        say = _say(quiet=quiet)
        manner = Manner(allow_deletions=allow_deletions, adopt=adopt, wait_s=wait_s, say=say)
        done: Shipped | None = None
        if not verify_only:
            if not (no_check or plan_only):
                _refuse_failing(folder, root, config, settings, quiet=quiet)
            if isinstance(target, Handover):
                done = shipping.hand_over(site, settings, target, manner, write=not plan_only)
            elif plan_only:
                done, _ = shipping.plan_deploy(site, lock, settings, target, clock(), manner, looked)
            else:
                done = shipping.deploy(site, lock, settings, target, clock(), manner, looked)
            if not plan_only and not isinstance(target, Handover) and done.release != done.previous:
                tell_release(root, settings, target, done, actor(root))
            if not plan_only:
                tell_hooks(root, done)
                found += shipping.empty_caches(root, settings, done.purge, os.environ, now=clock().moment())[1]
        seen = None
        if (verify or verify_only) and not plan_only:
            seen = shipping.verify(site, settings, None if isinstance(target, Handover) else shipping.digests_at(target))
            found += seen.findings
        print_findings(found, quiet=quiet)
        if as_json:
            print_json(shipped_object(done, seen, found, planned=plan_only))
        elif done is not None and (plan_only or verbose):
            for line in plan_lines(done):
                click.echo(line)
        if not quiet:
            for line in shipped_lines(done, seen, planned=plan_only):
                click.echo(line, err=True)
        sys.exit(1 if any(one.level is Level.ERROR for one in found) else 0)


def tell_hooks(root: Path, done: Shipped) -> None:
    """Other systems learn of a release that was not there before; where files are only handed over, of each time."""
    if done.release == done.previous and done.release:
        return
    from ..build.hooks import announce
    from .identity import actor

    counts: dict[str, Json] = {"files": done.files, "sent": done.sent, "sent_bytes": done.sent_bytes}
    told = {"target": done.target, "release": done.release, "previous": done.previous, **counts}
    announce(root, "site.deployed", actor(root).when, told)


def clock() -> Clock:
    """Real time."""
    return Clock(monotonic=time.monotonic, sleep=time.sleep, moment=lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))


def _bytes_of(config: Config, store: Path | None) -> Callable[[str], bytes | None]:
    """Bytes by digest from the store, or the shared one behind it; opened only when a file of the folder is absent."""

    @cache
    def opened() -> Store:
        from ..plan.shared import open_shared

        return open_shared(config, os.environ, time.time, store_dir=store, read_only=True)

    def fetch(digest: str) -> bytes | None:
        return opened().get(digest)

    return fetch


def _strange(paths: tuple[str, ...], folder: Path) -> tuple[Finding, ...]:
    if not paths:
        return ()
    shown = ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
    return (
        Finding(
            rule="deploy-stranger",
            level=Level.WARNING,
            message=f"{len(paths)} files in {folder} were not built and are not deployed: {shown}",
            measured=len(paths),
            hint="what belongs to the site lies in site/static",
        ),
    )


def _refuse_failing(folder: Path, root: Path, config: Config, settings: TargetSettings, *, quiet: bool) -> None:
    """Raises RefusedError when rules find an error on the built site. Verdicts of the last check are used where they hold."""
    from ..check import check_site, verdicts_file

    cache = verdicts_file(folder, root) if (root / ".aibild").is_dir() else None
    report = check_site(folder, config, today=today(), base_url=settings.base_url, cache=cache)
    wrong = [one for one in report.findings if one.level is Level.ERROR]
    if wrong:
        print_findings(wrong, quiet=quiet)
        message = f"{folder} is not deployed: {len(wrong)} finding{'' if len(wrong) == 1 else 's'} at error level"
        raise RefusedError(message, hint="`aibild check` shows them; --no-check deploys all the same")


def _say(*, quiet: bool) -> Callable[[str], None]:
    return (lambda line: None) if quiet else (lambda line: click.echo(line, err=True))
