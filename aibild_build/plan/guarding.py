"""Prompt guards at the door to engines: a run that would make a picture with forbidden words stops before it spends.

Takes an open project and the wanted assets, yields what the engines' own words add to what reading the briefs has found
already, and refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..brief import recipe_findings
from ..errors import RefusedError
from ..model import Finding, Level
from .pictures import WantedAsset
from .reading import Project, relevel


def guarded(project: Project, wanted: Sequence[WantedAsset]) -> tuple[Finding, ...]:
    """What guards find in recipes and had not found in briefs, re-levelled."""
    findings: list[Finding] = []
    for brief_id in dict.fromkeys(want.brief for want in wanted):
        brief = project.site.briefs[brief_id]
        recipes = [recipe for want in wanted if want.brief == brief_id for recipe in want.recipes]
        known = [str(finding.measured) for finding in _told(project) if finding.subject == brief_id]
        findings += (replace(finding, subject=brief_id) for finding in recipe_findings(brief, project.config, recipes, known))
    return relevel(project.config, tuple(findings))


def refuse_guarded(project: Project, wanted: Sequence[WantedAsset]) -> tuple[Finding, ...]:
    """What `guarded` found. Raises RefusedError when a picture that is wanted is asked for in forbidden words."""
    briefs = {want.brief for want in wanted}
    added = guarded(project, wanted)
    found = (*(finding for finding in _told(project) if finding.subject in briefs), *added)
    faults = tuple(finding for finding in found if finding.level is Level.ERROR)
    if faults:
        count = len({finding.subject for finding in faults})
        raise RefusedError(
            f"{count} picture{' is' if count == 1 else 's are'} asked for in words that the guards forbid; nothing was made",
            findings=faults,
        )
    return added


def _told(project: Project) -> list[Finding]:
    return [finding for finding in project.findings if finding.rule.startswith("guard-") and finding.measured is not None]
