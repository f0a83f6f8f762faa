"""The files that `aibild check` writes: SARIF, JUnit, and the report to look at with the rows of its earlier runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import click

from ..check import CheckReport, all_rules
from ..config import Config
from ..errors import AibildError, OutputError
from ..model import Level
from .shared import Command

_MOST_PAGES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What was checked: settings, folder, what stands before its paths in findings, the day, the address, the baseline."""

    settings: Config | None
    output: Path
    prefix: str
    today: str
    base_url: str
    baseline: Path | None


def report_files(command: Command) -> Command:
    """`--sarif`, `--junit`, `--html`."""
    file = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--html", "html_file", type=file, help="Write a report to look at, one HTML file."),
        click.option("--junit", "junit_file", type=file, help="Write JUnit XML."),
        click.option("--sarif", "sarif_file", type=file, help="Write SARIF 2.1.0."),
    ):
        command = option(command)
    return command


def write_files(report: CheckReport, place: Place, sarif: Path | None, junit: Path | None, html: Path | None) -> None:
    """Write those that are wanted. Raises OutputError."""
    if sarif is not None:
        from ..reports.sarif import sarif_object

        log = sarif_object(report, all_rules(), compared=place.baseline is not None)
        _write(sarif, (json.dumps(log, ensure_ascii=False, indent=1) + "\n").encode())
    if junit is not None:
        from ..reports.junit import junit_text

        _write(junit, junit_text(report).encode())
    if html is not None:
        _write_html(html, report, place)


def _write_html(file: Path, report: CheckReport, place: Place) -> None:
    """The runs are kept beside the baseline where there is one, since both travel together; else beside the report."""
    from ..check.looks import look_at, worst_first
    from ..reports.html import html_text, read_runs, run_row, write_runs

    grave = {one.origin.path for one in report.findings if one.origin and one.level in (Level.ERROR, Level.WARNING)}
    paths = [path.removeprefix(place.prefix) for path in worst_first(report.paths, grave, _MOST_PAGES)]
    looks = list(look_at(place.output, place.settings, paths, today=place.today, base_url=place.base_url))
    runs = place.baseline or file
    runs = runs.with_name(f"{runs.stem}.runs.json")
    try:
        earlier = read_runs(runs.read_text("utf-8"))
    except FileNotFoundError:
        earlier = []
    except (OSError, UnicodeDecodeError) as error:
        raise AibildError(f"the earlier runs in {runs} cannot be read: {error}", hint="remove the file") from error
    text = html_text(report, looks, all_rules(), earlier, today=place.today, prefix=place.prefix)
    _write(file, text.encode("utf-8", "replace"))
    _write(runs, write_runs(earlier, run_row(report, looks, place.today)))


def _write(file: Path, data: bytes) -> None:
    from ..disk import write_atomic

    try:
        write_atomic(file, data)
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror or error}", hint="name another file") from error
