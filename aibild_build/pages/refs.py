"""What a picture named in a page means: a brief's id, or a file of the project.

Takes the target as written and the file it stands in, yields the brief's id (`file:PATH` for an ordinary picture file) or the
fault. Whether a brief of that id exists is judged by whoever has read the briefs.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from ..disk import safe_join
from ..model import Finding
from ..source import fatal, nearest, shown

FILE_PREFIX = "file:"
_BRIEF_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def brief_of(root: Path, source: str, target: str, line: int | None) -> tuple[str | None, tuple[Finding, ...]]:
    """`brief:ID` or a plain id → the id; a path → `file:` and the path relative to `root`.

    A path is relative to the page's file `source` or, failing that, to the project; with a leading slash to the project alone.
    Findings: source-value (no id), source-reference (no such file), source-path (leads out of the project).
    """
    if target.startswith(FILE_PREFIX):
        message = f"expected a picture's path without `file:`, got {shown(target)}"
        return None, (fatal("source-path", message, source, line, hint="relative to this page, or to the project"),)
    if target.startswith("brief:") or not ("/" in target or "." in target):
        name = target.removeprefix("brief:")
        if _BRIEF_ID.fullmatch(name):
            return name, ()
        message = f"expected a brief's id (a-z, 0-9 and single hyphens) or a picture's path, got {shown(target)}"
        return None, (fatal("source-value", message, source, line),)
    places = [target.lstrip("/")]
    if not target.startswith("/"):
        places.insert(0, posixpath.join(posixpath.dirname(source), target))
    leads_out, got = False, "no such file"
    for place in map(posixpath.normpath, places):
        found = safe_join(root, place)
        if found is not None and found.is_file():
            return FILE_PREFIX + place, ()
        if found is not None and found.exists():
            got = "a folder" if found.is_dir() else "a pipe or device"
        leads_out = leads_out or (found is None and (place.startswith("..") or os.path.lexists(root / place)))
    if leads_out:
        return None, (fatal("source-path", f"expected a picture inside the project, got {shown(target)}", source, line),)
    near = _near(root, posixpath.normpath(places[0]))
    hint = f"did you mean `{posixpath.join(posixpath.dirname(target), near)}`?" if near else ""
    return None, (fatal("source-reference", f"expected a picture at {shown(target)}, got {got}", source, line, hint=hint),)


def _near(root: Path, place: str) -> str:
    folder = safe_join(root, posixpath.dirname(place) or ".")
    if folder is None or not folder.is_dir():
        return ""
    name = posixpath.basename(place)
    return nearest(name, sorted(entry for entry in os.listdir(folder) if entry != name and entry.isprintable()))
