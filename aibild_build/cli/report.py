"""`aibild report cost|drift|licenses|transparency`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from .shared import common, errors, print_json, today


@click.group()
def report() -> None:
    """Reports on what was built."""


@report.command()
@common
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of the one in aibild.toml.")
def cost(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, output: Path | None) -> None:
    """Say what the site cost: engine seconds, money and encodes by month, bytes kept, bytes that a visitor of each page loads."""
    with errors(as_json):
        from ..build.ledger import cost as run
        from ..reports.text import size
        from ..wire import to_json

        found = run(root, store_dir=store, output_dir=output)
        if as_json:
            print_json({"schema": 1, **to_json(found)})
            return
        click.echo("month     pictures  engine s    credits   encodes  encode s")
        for month in found.months:
            spent = f"{month.engine_seconds:>8.1f}  {month.credits:>9.2f}  {month.encodes:>8}  {month.encode_seconds:>8.1f}"
            click.echo(f"{month.day:<8}  {month.pictures:>8}  {spent}")
        click.echo(f"\nkept: {size(found.store_bytes)} in the store, {size(found.output_bytes)} in the output\n")
        click.echo("    phone    desktop  pictures  what a visitor of each page loads")
        for page in found.pages:
            loads = f"{size(page.phone_bytes):>9}  {size(page.desktop_bytes):>9}  {page.pictures:>8}"
            click.echo(f"{loads}  {page.url}")
        if not found.complete:
            click.echo("not all pictures are made: `aibild build` first", err=True)


@report.command()
@common
def licenses(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Say which pages show pictures of which model or LoRA, and under which licence, owner and contract."""
    with errors(as_json):
        from ..build.models import licences
        from ..wire import to_json

        rows = licences(root)
        if as_json:
            print_json({"schema": 1, "models": [to_json(row) for row in rows]})
            return
        for row in rows:
            owner = "".join(f"; {name} {value}" for name, value in (("owner", row.owner), ("contract", row.contract)) if value)
            click.echo(f"{row.model} ({row.kind or 'kind unknown'}): {row.license or 'no licence named'}{owner}")
            for page in row.pages:
                click.echo(f"  {page}")
        if not rows:
            click.echo("no page shows a picture of a declared model", err=True)


@report.command()
@common
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of the one in aibild.toml.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where transparency.html and .json go.")
def transparency(
    root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, output: Path | None, folder: Path | None
) -> None:
    """Write the evidence of the built site: source, model, marks, people, approvals of every picture, and what it lacks."""
    with errors(as_json):
        from ..build.transparency import transparency as run
        from ..config import STATE_FOLDER
        from ..disk import write_atomic
        from ..reports.transparency import transparency_html, transparency_object

        day = today()
        bundle = run(root, output_dir=output, today=day)
        found = transparency_object(bundle, day)
        target = folder or root / STATE_FOLDER / "transparency"
        text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
        for name, data in (("transparency.json", text), ("transparency.html", transparency_html(bundle, day))):
            write_atomic(target / name, data.encode())
        if as_json:
            print_json(found)
        elif not quiet:
            lacking = sum(bool(one.lacking) for one in bundle.pictures)
            click.echo(f"{target}: {len(bundle.pictures)} pictures, {lacking} lack something", err=True)


@report.command()
@click.argument("profile", required=False, default="")
@common
@click.option(
    "--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Pictures made from this day on are the newer ones."
)
def drift(root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, profile: str, since: datetime) -> None:
    """Say how far newer pictures of PROFILE, or of every profile, have drifted from older ones. Not FID; see the docs."""
    with errors(as_json):
        from ..build.drift import drift as run
        from ..wire import to_json

        rows = run(root, since=since.date().isoformat(), profile=profile, store_dir=store)
        if as_json:
            print_json({"schema": 1, "profiles": [to_json(row) for row in rows]})
            return
        for row in rows:
            if row.distance is None:
                click.echo(f"{row.profile}: too few pictures to say ({row.older} before {row.since}, {row.newer} since)")
            else:
                usual = f"; the older ones differ by {row.usual:g} among themselves" if row.usual is not None else ""
                click.echo(f"{row.profile}: {row.distance:g} ({row.older} before {row.since}, {row.newer} since){usual}")
