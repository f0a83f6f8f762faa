"""What is kept of a run for the next one: its report as it will be when nothing has to be done, and what rules said of the site.

Takes reports and findings, yields plain JSON. The rules are asked here, since an amended site is judged like one built anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..config import Config
from ..disk import below
from ..model import Finding, Json, Report, Tally
from ..wire import to_json
from .options import Options


def with_findings(report: Report, checked: tuple[Finding, ...]) -> Report:
    return replace(report, findings=(*report.findings, *checked))


def checked_site(options: Options, config: Config, output: Path, today: str) -> tuple[Finding, ...]:
    """What the rules say of the site that was just built."""
    if not options.check or not config.checks.build:
        return ()
    from ..check import check_site, verdicts_file

    return check_site(
        output,
        config,
        today=today,
        base_url=options.base_url or "",
        prefix=below(output, options.root),
        cache=verdicts_file(output, options.root),
    ).findings


def kept(report: Report, checked: tuple[Finding, ...]) -> dict[str, Json]:
    """What is remembered of a run: its report as it will be when nothing has to be done, and apart from it what rules said."""
    return {"built": to_json(_at_rest(report)), "checked": [to_json(finding) for finding in checked]}


def _at_rest(report: Report) -> Report:
    """What there is to report when the same is asked again: all of it is reused."""
    made, reused = report.made, report.reused
    return replace(
        report,
        made=Tally(),
        reused=Tally(
            picture=made.picture + reused.picture, rendition=made.rendition + reused.rendition, page=made.page + reused.page
        ),
        embedded=0,
        signed=0,
        refused=0,
        engine_seconds=0.0,
        credits=0.0,
        written=0,
        removed=0,
    )
