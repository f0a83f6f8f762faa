"""`aibild brief show`, `aibild brief alt` and `aibild brief sheet`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .shared import common, errors, print_json, today


@click.group()
def brief() -> None:
    """Look at image briefs, and draft their alternative texts."""


@brief.command()
@click.argument("brief_id", metavar="ID")
@common
def show(brief_id: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Print a brief as it stands once profile and blocks are merged in.

    With it comes the prompt that is hashed, and its tokens where the engine counts them.
    """
    with errors(as_json):
        from .. import engines
        from ..brief import explain
        from ..plan.models import settings_of
        from ..plan.reading import read_one_brief

        found, config = read_one_brief(root, brief_id)
        explained = explain(found)
        if found.engine in engines.names():
            engine = engines.load(found.engine, settings_of(config, found.engine))
            if isinstance(engine, engines.Counting):
                explained["tokens"] = engine.tokens(found)
        if as_json:
            print_json(explained)
            return
        from yaml12 import format_yaml

        click.echo(format_yaml(explained))


@brief.command()
@click.argument("brief_ids", metavar="[ID…]", nargs=-1)
@common
@click.option("--lang", default="", help="One of the site's languages; without it, the one that the brief's words are in.")
@click.option("--write", is_flag=True, help="Write the drafts into the brief files; comments and layout stay.")
def alt(
    brief_ids: tuple[str, ...], root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, lang: str, write: bool
) -> None:
    """Draft missing alternative texts from subject and setting, in the brief's own language. A person must review them.

    Other languages are left to people. Exit code 1 where a draft could not be written.
    """
    with errors(as_json):
        from ..build.alt_texts import draft_alt
        from ..wire import to_json

        rows = draft_alt(root, brief_ids, lang=lang, write=write)
        if as_json:
            print_json({"schema": 1, "drafts": [to_json(one) for one in rows]})
        else:
            for one in rows:
                click.echo(f"{one.path}: {one.lang or '?'}: {one.text or '-'}{f' ({one.why})' if one.why else ''}")
                if one.people and not quiet:
                    click.echo(f"  left to people: {', '.join(one.people)}", err=True)
        if not (as_json or quiet):
            written, drafts = sum(one.written for one in rows), sum(bool(one.text) for one in rows)
            state = f"{written} written; each is marked as a draft until a person has looked" if write else "--write writes them"
            click.echo(f"{drafts} drafts, {state}" if rows else "no text is missing", err=True)
        sys.exit(1 if write and any(one.text and not one.written for one in rows) else 0)


@brief.command()
@click.argument("profile", metavar="PROFILE")
@common
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="One HTML file with the pictures inside it.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def sheet(
    profile: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, output: Path | None, workers: int
) -> None:
    """Render a style profile over a fixed set of probes as one look-book page, sheets/PROFILE/index.html. Pins nothing."""
    with errors(as_json):
        from ..build import Options
        from ..build.sheet import sheet as run
        from ..wire import to_json
        from .talk import talk_for

        options = Options(root=root, store=store, workers=workers)
        done = run(options, profile, today=today(), file=output, talk=talk_for(quiet=quiet, verbose=verbose))
        if as_json:
            print_json({"schema": 1, **to_json(done)})
        elif not quiet:
            click.echo(f"{done.file}: {len(done.probes)} pictures, made {done.made}, reused {done.reused}", err=True)
