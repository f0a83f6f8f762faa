"""`aibild build`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from .places import target_build
from .shared import common, crew_option, errors, posting, print_findings, print_json, seconds, today


@click.command()
@common
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of the one in aibild.toml.")
@click.option("--base-url", help="The site's address, instead of the one in aibild.toml.")
@click.option("--target", metavar="NAME", help="Build for this target of aibild.toml: its address, its noindex, its folder.")
@click.option("--frozen", is_flag=True, help="Change nothing: refuse pictures that lock and store do not give.")
@click.option("--draft", is_flag=True, help="Let sketches stand in for pictures that are not made yet; not to be deployed.")
@click.option("--force", is_flag=True, help="Make again what can be made again exactly, encode and render everything.")
@click.option("--strict", is_flag=True, help="Take only pictures that were made as they would be here; make the others again.")
@click.option("--no-check", is_flag=True, help="Do not check the built site.")
@click.option("--read-only-store", is_flag=True, help="Use the store, add nothing to it.")
@click.option("--shard", default="", metavar="I/N", help="Make pictures and files of the I-th share of N, and no page.")
@click.option("--lazy-bytes", is_flag=True, help="Leave pictures that only the shared store has out of the output.")
@click.option("--limit-seconds", type=float, help="Stop before work that is expected to take longer.")
@click.option("--limit-images", type=int, help="Stop before making more pictures than this.")
@click.option("--limit-credits", type=click.FloatRange(0), help="Stop before pictures that would cost more than this.")
@click.option("--time-box", help="Encode fast and publish, like 60s or 5m; later builds make the files smaller.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
@crew_option
@posting
def build(
    root: Path,
    store: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    output: Path | None,
    base_url: str | None,
    target: str | None,
    frozen: bool,
    draft: bool,
    force: bool,
    strict: bool,
    no_check: bool,
    read_only_store: bool,
    shard: str,
    lazy_bytes: bool,
    limit_seconds: float | None,
    limit_images: int | None,
    limit_credits: float | None,
    time_box: str | None,
    workers: int,
    crew: str,
) -> None:
    """Build the site: make what is missing, reuse the rest, put it into the output folder."""
    if frozen and draft:
        raise click.UsageError("--frozen and --draft exclude each other: a frozen build has no stand-ins")
    if frozen and time_box:
        raise click.UsageError("--frozen and --time-box exclude each other: a frozen build has no files in between")
    if shard and (draft or output):
        raise click.UsageError("--shard makes pictures and their files; it writes no output, and no drafts")
    box = seconds(time_box, "--time-box")
    with errors(as_json):
        from ..build import Options
        from ..build import build as run
        from ..model import Level
        from ..reports.objects import report_object, site_data
        from ..reports.text import report_lines, worst
        from .identity import actor
        from .talk import talk_for

        place = target_build(root, target, base_url) if target else None
        options = Options(
            root=root,
            output=output or (place.output if place else None),
            store=store,
            read_only_store=read_only_store,
            lazy_bytes=lazy_bytes,
            base_url=place.base_url if place else base_url,
            noindex=place.noindex if place else False,
            target=place.name if place else "",
            frozen=frozen,
            draft=draft,
            force=force,
            strict=strict,
            check=not (no_check or draft),
            limit_seconds=limit_seconds,
            limit_images=limit_images,
            limit_credits=limit_credits,
            workers=workers,
            crew=crew,
            time_box_s=box,
        )
        if shard:
            from ..build.share import build_share

            run = partial(build_share, shard=shard)
        built = run(options, today=today(), talk=talk_for(quiet=quiet, verbose=verbose), actor=partial(actor, root))
        shown = built.findings if verbose else [finding for finding in built.findings if finding.level is not Level.NOTE]
        print_findings(shown, quiet=quiet)
        if as_json:
            print_json(report_object(built))
        if not quiet:
            for line in report_lines(built):
                click.echo(line, err=True)
        if (built.written or built.removed) and not draft:
            from ..build.hooks import announce

            announce(root, "site.built", actor(root).when, site_data(built, frozen=frozen))
        sys.exit(1 if worst(built.findings) is Level.ERROR else 0)
