"""`aibild why`."""

from __future__ import annotations

from pathlib import Path

import click

from .shared import common, errors, print_json


@click.command()
@click.argument("name")
@common
@click.option("--output", type=click.Path(path_type=Path), help="The output folder, instead of the one in aibild.toml.")
def why(name: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, output: Path | None) -> None:
    """Say why NAME would be made again, field by field, or that nothing differs.

    NAME is a brief's id, a page (URL, id or source file), or the URL of a picture of the built site.
    """
    with errors(as_json):
        from ..plan.why import why as run
        from ..reports.text import difference_line
        from ..wire import to_json

        answers = run(root, name, store_dir=store, output_dir=output)
        if as_json:
            print_json({"schema": 1, "answers": [to_json(answer) for answer in answers]})
            return
        for answer in answers:
            click.echo(f"{answer.kind} {answer.subject}: {answer.verdict}")
            for row in answer.differences:
                click.echo(difference_line(row.field, row.before, row.now))
            if isinstance(answer.identity, dict) and answer.identity.get("hit") == "equivalent":
                click.echo("  equivalent: made in another environment, which is noted and repaints nothing")
                for field, both in (answer.identity.get("environment") or {}).items():
                    click.echo(difference_line(field, *both))
            if (verbose or answer.kind == "rendition") and isinstance(answer.identity, dict):
                for field, value in answer.identity.items():
                    click.echo(f"  {field} = {value}")
