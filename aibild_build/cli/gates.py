"""`aibild gates [BRIEF]...` and `aibild gates calibrate PROFILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..build.looking import Proposal, Row
from .shared import common, errors, print_json


class _OrBriefs(click.Group):
    """A group whose first argument may be a brief: what is no command is for `show`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["show", *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if own else ["show", *args])


@click.group(cls=_OrBriefs)
def gates() -> None:
    """Say what the gates measured, against their limits. `aibild gates BRIEF` is short for `aibild gates show BRIEF`."""


@gates.command()
@click.argument("briefs", metavar="[BRIEF]...", nargs=-1)
@common
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def show(
    briefs: tuple[str, ...], root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, workers: int
) -> None:
    """Scores of the pictures of BRIEF, or of all that pages use. Exit code 1 when a gate blocks one."""
    with errors(as_json):
        from ..build import Options
        from ..build.looking import look
        from ..model import Level, Outcome
        from ..wire import to_json
        from .talk import talk_for

        looked = look(Options(root=root, store=store, workers=workers), briefs, talk=talk_for(quiet=quiet, verbose=verbose))
        if as_json:
            print_json({"schema": 1, **to_json(looked)})
        else:
            for line in _table(looked.rows):
                click.echo(line)
            for subject in looked.absent:
                click.echo(f"{subject}: not made yet", err=True)
        blocked = any(row.outcome is Outcome.BLOCK and row.level is Level.ERROR for row in looked.rows)
        sys.exit(1 if blocked else 0)


@gates.command()
@click.argument("profile")
@common
@click.option("--workers", type=click.IntRange(0), default=0, help="Worker processes; 0 is one for each core.")
def calibrate(profile: str, root: Path, store: Path | None, as_json: bool, quiet: bool, verbose: bool, workers: int) -> None:
    """Propose limits for the style PROFILE from its approved pictures, and say how many of the others they would refuse."""
    with errors(as_json):
        from ..build import Options
        from ..build.looking import calibrate as run
        from ..wire import to_json
        from .talk import talk_for

        options = Options(root=root, store=store, workers=workers)
        proposals = run(options, profile, talk=talk_for(quiet=quiet, verbose=verbose))
        if as_json:
            print_json({"schema": 1, "profile": profile, "proposals": [to_json(one) for one in proposals]})
            return
        for line in _proposal_lines(profile, proposals):
            click.echo(line)
        if not proposals:
            click.echo(f"nobody approved a picture of profile `{profile}` yet: `aibild review` shows them", err=True)


def _table(rows: Sequence[Row]) -> list[str]:
    """One line a verdict, columns as wide as they must be."""
    if not rows:
        return []
    cells: list[tuple[str, ...]] = [("picture", "cut", "gate", "score", "review", "block", "verdict")]
    for row in rows:
        sign = "≥" if row.better == "higher" else "≤"
        limits = tuple(f"{sign} {limit:g}" if limit is not None else "–" for limit in (row.review, row.block))
        advice = "" if row.level == "error" else f" ({row.level.value}s only)" if row.outcome != "pass" else ""
        score = f"{row.score:.4g}" if row.score is not None else "–"
        cells.append((row.subject, row.place or "–", row.gate, score, *limits, row.outcome.value + advice))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    for index, row in enumerate(rows, 1):
        if row.outcome != "pass" and row.message:
            lines[index] += f"  {row.message}"
    return lines


def _proposal_lines(profile: str, proposals: Sequence[Proposal]) -> list[str]:
    """Ready to be pasted into the profile's file."""
    if not proposals:
        return []
    lines = [f"# briefs/profiles/{profile}.yaml", "thresholds:"]
    for one in proposals:
        of = f"{one.approved} approved" + (f", {one.before} of them refused by the limits in force" if one.before else "")
        others = f"; of {one.others} others `block` would refuse {one.refused}" if one.others else ""
        lines.append(f"  {one.gate}: {{ review: {one.review:g}, block: {one.block:g} }}  # {of}{others}")
    return lines
