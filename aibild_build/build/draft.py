"""Draft builds: missing pictures are sketched and marked, nothing is pinned for them, and no search engine is let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..model import Finding, Level
from ..pages.content import closed
from ..plan.reading import Project


def as_draft(project: Project) -> Project:
    """The project with every page closed to search engines and nothing signed; its pages are never taken for those of a real
    build."""
    return replace(as_closed(project), signer=None)


def as_closed(project: Project) -> Project:
    """The project with every page closed to search engines, as a preview has it."""
    return replace(project, site=replace(project.site, pages=tuple(closed(page) for page in project.site.pages)))


def draft_findings(project: Project, briefs: Iterable[str]) -> Iterator[Finding]:
    """One for each picture that a sketch stands in for."""
    for brief in sorted(briefs):
        yield Finding(
            rule="picture-draft",
            level=Level.WARNING,
            message=f"a sketch stands in for `{brief}`",
            origin=project.site.briefs[brief].origin,
            subject=brief,
            hint="`aibild generate` makes the picture where its engine is",
        )
