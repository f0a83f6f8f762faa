"""Brief files, prompt blocks and style profiles → `Brief`s with everything merged in, and findings with file and line.

Merge order: site (`[briefs]` in `aibild.toml`) → profile → brief. A single value is the last one said. A prompt part is the
profile's blocks, then the brief's own text or blocks. The negative prompt is site's, profile's and brief's, each item once. A
palette replaces the one before. Parameters, thresholds and rights merge key by key; safe areas and ratios merge ratio by ratio.
A profile's guards add to the site's; a brief has none of its own. For an imported file, its sidecar's words lie below the
brief's. What a member of an open set (engine, gate) means is not known here.
"""

from __future__ import annotations

from .explain import explain
from .files import brief_of_file
from .guards import approvers_of, guards_of, recipe_findings, topics_of
from .read import judge_briefs, read_briefs, read_probes

__all__ = [
    "approvers_of",
    "brief_of_file",
    "explain",
    "guards_of",
    "judge_briefs",
    "read_briefs",
    "read_probes",
    "recipe_findings",
    "topics_of",
]
