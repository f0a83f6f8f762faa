"""What all commands share: common options, the clock, and how an error ends."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import click

from ..errors import AibildError, FrozenError, RefusedError, SourceError, TemplateError
from ..model import Finding, Json, Level, Origin
from ..reports.objects import fault_object
from ..reports.text import annotation_lines, finding_lines

Command = TypeVar("Command", bound=Callable[..., Any])

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


def common(command: Command) -> Command:
    """`--root`, `--store`, `--json`, `-q`, `-v`."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option("--store", type=click.Path(path_type=Path), help="The store's folder, instead of the one in aibild.toml."),
        click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=Path("."), help="The project's folder."),
    ):
        command = option(command)
    return command


def crew_option(command: Command) -> Command:
    """`--crew`, for commands that may work on other machines."""
    return click.option(
        "--crew",
        envvar="AIBILD_CREW",
        default="local",
        metavar="NAME",
        help="Who works: local (processes of this machine), ray (a cluster), or module:factory for any other Executor.",
    )(command)


def posting(command: Command) -> Command:
    """A command whose events other systems may wait for: at its end, what lies in the outbox is posted. Trouble is told in a line
    for each hook, and changes nothing about how the command ends."""

    @wraps(command)
    def posts(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        finally:
            _post(options["root"], quiet=options["quiet"] or options["as_json"])

    return cast(Command, posts)


def _post(root: Path, *, quiet: bool) -> None:
    folder = root / ".aibild" / "outbox"
    if not (folder.is_dir() and any(folder.glob("*.json"))):
        return
    from ..build.hooks import post
    from ..build.outside import Outside

    try:
        done = post(root, Outside(environ=os.environ, sleep=time.sleep, wall=time.time))
    except AibildError as error:
        click.echo(f"hooks: {error.message}", err=True)
        return
    for name, trouble in sorted((done.troubles or {}).items()):
        click.echo(f"hook {name}: {trouble}; `aibild hooks send` tries again", err=True)
    if done.sent and not quiet:
        click.echo(f"hooks: {done.sent} posted", err=True)


def today() -> str:
    """The day that new pixels are dated with: SOURCE_DATE_EPOCH (reproducible-builds.org) where it is set, else today, UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.date().isoformat()


def seconds(text: str | None, option: str) -> float | None:
    """`90`, `60s`, `5m` or `1h` as seconds; None where nothing was said."""
    if text is None:
        return None
    written = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if written is None:
        raise click.UsageError(f"expected {option} as a time like 60s or 5m, got {text}")
    return float(written[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[written[2]]


def print_json(value: Json) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    # A file name that is no UTF-8 holds lone surrogates; as `\udcff` they are valid JSON.
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def print_findings(findings: Sequence[Finding], *, quiet: bool = False) -> None:
    """To stderr, worst words coloured on a terminal; as annotations where GitHub runs us."""
    shown = [finding for finding in findings if finding.level in (Level.FATAL, Level.ERROR) or not quiet]
    for line in finding_lines(shown):
        click.echo(_coloured(line), err=True)
    if os.environ.get("GITHUB_ACTIONS"):
        for line in annotation_lines(shown):
            click.echo(line, err=True)


def _coloured(line: str) -> str:
    if "NO_COLOR" in os.environ:
        return line
    for word, colour in _COLOURS.items():
        before, mark, after = line.partition(f": {word}: ")
        if mark:
            return f"{before}: {click.style(word, fg=colour, bold=True)}: {after}"
    return line


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """Ends the command with one clear sentence and the right exit code for anything that aibild foresees."""
    try:
        yield
    except AibildError as error:
        _end(error, as_json)
    except KeyboardInterrupt:
        click.echo("stopped; what was made is kept", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(3)


def _end(error: AibildError, as_json: bool) -> NoReturn:
    tell(error, as_json)
    sys.exit(error.exit_code)


def tell(error: AibildError, as_json: bool = False) -> None:
    """What an error says, on stderr, and as an object on stdout where that is asked for."""
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    if isinstance(error, SourceError):
        findings = error.findings
    elif isinstance(error, TemplateError):
        origin = Origin(path=error.path, line=error.line)
        findings = (
            Finding(
                rule="source-template",
                level=Level.FATAL,
                message=error.message,
                origin=origin,
                subject=error.page,
                hint=error.hint,
            ),
        )
    elif isinstance(error, FrozenError | RefusedError):
        missing = error.missing
        findings = error.findings if isinstance(error, RefusedError) else ()
    if as_json:
        print_json(fault_object(error.message, error.hint, findings, missing))
    print_findings(findings)
    if not isinstance(error, TemplateError):
        for line in missing:
            click.echo(f"  {line}", err=True)
        click.echo(_coloured(f"aibild: error: {error.message}"), err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
