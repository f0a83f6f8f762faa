"""`aibild check`."""

from __future__ import annotations

import os
import re
import sys
from datetime import date
from pathlib import Path

import click

from ..check import CheckReport
from ..config import Config
from ..errors import AibildError, SourceError
from ..model import Finding, Level
from .check_explain import explain_option, known_rule
from .check_files import Place, report_files, write_files
from .check_lab import Wanted, confirm, lab_options
from .shared import errors, print_json
from .shared import today as this_day

_LEVELS = ("error", "warning", "note")
_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}
_LINE = re.compile(r"^  (error|warning|note)\b")


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=Path("."), help="The project's folder.")
@click.option("--base", metavar="URL", help="The site's address, instead of the one in the settings or on its pages.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="A settings file, instead of aibild.toml.")
@click.option("--rule", "only", metavar="ID", multiple=True, help="Ask this rule alone; may be given again.")
@click.option("--level", type=click.Choice(_LEVELS), default="warning", help="Show findings of this level and graver ones.")
@click.option("--today", metavar="DAY", help="The day by which waivers end, instead of this one.")
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), help="Count only what is worse than in this file.")
@click.option("--ratchet", is_flag=True, help="Tighten the baseline where things got better; write it if there is none.")
@click.option(
    "--cache", type=click.Path(path_type=Path, dir_okay=False), help="Keep verdicts here; by default in .aibild of a project."
)
@click.option("--no-cache", is_flag=True, help="Judge every page anew.")
@click.option("--workers", type=click.IntRange(min=0), default=0, help="Number of processes; 0 for one a processor.")
@report_files
@lab_options
@explain_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but findings.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
def check(
    folder: Path | None,
    root: Path,
    base: str | None,
    config: Path | None,
    only: tuple[str, ...],
    level: str,
    today: str | None,
    baseline: Path | None,
    ratchet: bool,
    cache: Path | None,
    no_cache: bool,
    workers: int,
    sarif_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    lab: bool,
    lighthouse: bool,
    har: Path | None,
    lab_pages: int,
    lab_runs: int,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Check the built site in DIR: our own output, or any other generator's.

    Without DIR it is the output folder of the project. The files alone are looked at; no browser, no network.
    """
    with errors(as_json):
        from ..check import check_site
        from ..reports.check import at_least, check_lines, check_object, summary_line
        from ..reports.text import annotation_lines, worst

        for rule in only:
            known_rule(rule)
        settings, output, prefix = _place(folder, root, config)
        day = _day(today) if today else this_day()
        report = check_site(
            output,
            settings,
            today=day,
            base_url=_address(base),
            only=only,
            prefix=prefix,
            cache=None if no_cache else cache or _own_cache(settings, output, root),
            workers=workers,
        )
        if baseline is not None or ratchet:
            report = _held(report, baseline, ratchet=ratchet)
        place = Place(settings=settings, output=output, prefix=prefix, today=day, base_url=report.base_url, baseline=baseline)
        write_files(report, place, sarif_file, junit_file, html_file)
        wanted = Wanted(lab=lab, lighthouse=lighthouse, har=har, pages=lab_pages, runs=lab_runs)
        lab_lines, lab_found = confirm(report, place, wanted) if wanted else ([], None)
        if as_json:
            print_json({**check_object(report), **({"lab": lab_found} if lab_found is not None else {})})
        else:
            for line in check_lines(report, level=Level(level), verbose=verbose):
                click.echo(_coloured(line))
            for line in lab_lines:
                click.echo(line)
        shown = at_least(report.findings, Level(level))
        if os.environ.get("GITHUB_ACTIONS"):
            for line in annotation_lines(shown):
                click.echo(line, err=True)
        if not quiet:
            click.echo(summary_line(report, shown), err=True)
        sys.exit(1 if worst(report.findings) is Level.ERROR else 0)


def _place(folder: Path | None, root: Path, config: Path | None) -> tuple[Config | None, Path, str]:
    """Settings, the folder to check, and what to put before paths in it so that they are relative to the project.

    The project's own settings hold for folders inside of it and for what aibild built elsewhere, not for other people's sites.
    """
    from ..config import CONFIG_FILE, read_check_config, read_config
    from ..disk import below

    settings: Config | None = None
    findings: tuple[Finding, ...] = ()
    if config is not None:
        settings, findings = read_check_config(config)
    elif folder is None or ((root / CONFIG_FILE).is_file() and _is_ours(folder, root)):
        settings, findings = read_config(root)
    if findings:
        raise SourceError(findings)
    output = folder if folder is not None else root / (settings.output if settings is not None else "dist")
    return settings, output, below(output, root)


def _own_cache(settings: Config | None, output: Path, root: Path) -> Path | None:
    """Where a project's verdicts are kept; nothing is written beside other people's sites."""
    if settings is None or not (root / ".aibild").is_dir():
        return None
    from ..check import verdicts_file

    return verdicts_file(output, root)


def _is_ours(folder: Path, root: Path) -> bool:
    return folder.resolve().is_relative_to(root.resolve()) or (folder / ".aibild" / "build.json").is_file()


def _held(report: CheckReport, path: Path | None, *, ratchet: bool) -> CheckReport:
    from ..check import first_baseline, hold_against, read_baseline, write_baseline
    from ..disk import write_atomic

    if path is None:
        raise click.UsageError("--ratchet needs --baseline FILE")
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if not ratchet:
            raise click.UsageError(f"there is no baseline {path}; --ratchet writes a first one") from None
        tightened = first_baseline(report)
        report = hold_against(report, tightened)[0]
    except (OSError, UnicodeDecodeError) as error:
        raise AibildError(f"the baseline {path} cannot be read: {error}") from error
    else:
        report, tightened = hold_against(report, read_baseline(text, str(path)))
    if ratchet:
        try:
            write_atomic(path, write_baseline(tightened))
        except OSError as error:
            raise AibildError(f"the baseline {path} cannot be written: {error.strerror or error}") from error
    return report


def _address(base: str | None) -> str:
    if base is not None and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", base):
        raise click.UsageError(f"expected --base as address https://… without query and fragment, got {base}")
    return base or ""


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.UsageError(f"expected --today as day YYYY-MM-DD, got {text}") from None


def _coloured(line: str) -> str:
    if "NO_COLOR" in os.environ:
        return line
    return _LINE.sub(lambda found: "  " + click.style(found[1], fg=_COLOURS[found[1]], bold=True), line)
