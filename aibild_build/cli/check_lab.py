"""What `aibild check` does beyond files: `--lab`, `--lighthouse` and `--har`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ..check import CheckReport
from ..errors import AibildError
from ..model import Finding, Json
from .check_files import Place
from .shared import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the three, over how many pages, how often."""

    lab: bool
    lighthouse: bool
    har: Path | None
    pages: int
    runs: int

    def __bool__(self) -> bool:
        return self.lab or self.lighthouse or self.har is not None


def lab_options(command: Command) -> Command:
    """`--lab`, `--lighthouse`, `--har`, `--lab-pages`, `--lab-runs`."""
    for option in (
        click.option("--lab-runs", type=click.IntRange(1, 25), default=3, help="How often the lab visits a page; medians count."),
        click.option("--lab-pages", type=click.IntRange(1, 500), default=5, help="How many pages lab and Lighthouse look at."),
        click.option("--har", type=click.Path(path_type=Path, dir_okay=False), help="Compare with a HAR or WebPageTest result."),
        click.option("--lighthouse", is_flag=True, help="Compare with an installed Lighthouse."),
        click.option("--lab", is_flag=True, help="Compare with what Chromium does."),
    ):
        command = option(command)
    return command


def confirm(report: CheckReport, place: Place, wanted: Wanted) -> tuple[list[str], dict[str, Json]]:
    """Let browsers look; lines to print and the object for `--json`. Nothing here changes the exit code."""
    from urllib.parse import urlsplit

    from ..devices import DEVICES
    from ..lab.expected import promises, sample
    from ..reports.lab import agreement_lines, lab_lines, lab_object
    from ..reports.text import finding_lines

    base_path = urlsplit(report.base_url).path or "/"
    paths = [path.removeprefix(place.prefix) for path in report.paths]
    chosen = sample(paths, wanted.pages)
    told = promises(
        place.output,
        place.settings,
        paths if wanted.har is not None else chosen,
        DEVICES,
        base_url=report.base_url,
        today=place.today,
    )
    lines: list[str] = []
    findings: list[Finding] = []
    seen, audited, agreed = [], [], []
    if wanted.lab:
        from ..lab.compare import disagreements
        from ..lab.runs import look
        from ..lab.serving import serve

        with serve(place.output, base_path) as base:
            seen = list(look(base, [one for one in told if one.path in chosen], runs=wanted.runs))
        findings += [finding for promise, one in seen for finding in disagreements(promise, one, prefix=place.prefix)]
        lines += lab_lines(seen)
    if wanted.lighthouse:
        from ..lab.lighthouse import agreements, audit, find_lighthouse
        from ..lab.serving import serve

        command = find_lighthouse([place.output.resolve(), Path.cwd()])
        with serve(place.output, base_path) as base:
            audited = list(audit(command, base, {one.path: one.address for one in told if one.path in chosen}.items()))
        agreed = [found for one in audited for found in agreements(one, report.findings, place.prefix)]
        lines += agreement_lines(agreed, audited)
    if wanted.har is not None:
        from ..lab.har import held_against, read_har

        try:
            text = wanted.har.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise AibildError(f"the recording {wanted.har} cannot be read: {error}") from error
        for load in read_har(text, str(wanted.har)):
            findings += held_against(load, told, base_path=base_path, prefix=place.prefix)
    lines += finding_lines(findings)
    return lines, lab_object(seen, agreed, findings)
