"""Whether the last build still stands, told by file times alone: the first and cheapest question of every build.

Takes what was asked and the files that were read and written, yields the last run's report or nothing. Times decide only that
nothing happened: at the first sign of a change the whole build runs, by digests. Standard library alone, since a build that
makes nothing waits for little else than this. Knows no noun: a report is JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .disk import write_atomic

STATE_FOLDER = ".aibild"  # what builds of a project remember; the store lies in it unless it is put elsewhere
PLACES = ("site", "briefs", "templates", ".")
_WRITTEN = frozenset({"aibild.lock", "aibild.audit.jsonl"})
_SCHEMA = 1
_FILE, _OUTPUTS = "standing.json", "standing.outputs"
_STEP_NS = 20_000_000  # a clock tick of the kernel is at most 10 ms; two writes within one have equal times
_COARSE_NS = 2_000_000_000  # some file systems count in whole or every other second
_ENVIRONMENT = "AIBILD_"
_HOMES = ("HOME", "XDG_DATA_HOME")  # where this machine's test chain lies


@dataclass(frozen=True, slots=True)
class Seen:
    """What lay there when a run began: one line a file, `path NUL size mtime ctime`. `settled` says that no file was so fresh
    that a later change could bear the same times."""

    text: str
    settled: bool


def asked_key(asked: Mapping[str, object]) -> str:
    """Names a question: the options, this very code, the installed packages, and the variables that we read."""
    own = {name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT) or name in _HOMES}
    code = listing(Path(__file__).parent, ("",)).text
    places = [f"{place} {os.stat(place).st_mtime_ns}" for place in sys.path if place and os.path.isdir(place)]
    told = json.dumps([_SCHEMA, dict(asked), own, sys.version, code, places], sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def listing(root: Path, places: Iterable[str], *, since_ns: int = 0) -> Seen:
    """The files at `places` (relative to `root`, or absolute): a folder with all below it, "." for the files of `root` alone
    but those that we write. `since_ns` is when a run began that has read them already; 0 is now."""
    since_ns = since_ns or time.time_ns()
    lines: list[str] = []
    newest = 0
    coarse = True
    for place in places:
        for path, found in _files(os.path.join(root, place) if place != "." else str(root), place, deep=place != "."):
            if path in _WRITTEN:
                continue
            newest = max(newest, found.st_mtime_ns, found.st_ctime_ns)
            coarse = coarse and not found.st_mtime_ns % 1_000_000_000
            lines.append(_line(path, found))
    return Seen("\n".join(lines), newest < since_ns - (_COARSE_NS if lines and coarse else _STEP_NS))


def last_report(state: Path, root: Path, key: str) -> dict[str, Any] | None:
    """The report of the last run, if it was asked the same and every file that it read and wrote lies there as it left it."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads((state / _FILE).read_bytes())
        if found["schema"] != _SCHEMA or found["key"] != key:
            return None
        if _digest(listing(root, found["places"]).text) != found["inputs"]:
            return None
        outputs = (state / _OUTPUTS).read_bytes()
        if hashlib.sha256(outputs).hexdigest() != found["outputs"] or not _lie_there(outputs.decode("utf-8", "surrogateescape")):
            return None
        report: dict[str, Any] = found["report"]
        return report
    return None


def forget(state: Path) -> None:
    """What stands is about to change."""
    with suppress(OSError):
        (state / _FILE).unlink()


def remember(
    state: Path, key: str, places: Sequence[str], seen: Sequence[Seen], outputs: Iterable[str], report: Mapping[str, Any]
) -> None:
    """Keep a run's report. `seen` are the listings of `places` in parts, `outputs` the paths of what stands.

    Nothing is kept when a file was too fresh to be told from a later version of itself, or when it cannot be written.
    """
    if not all(one.settled for one in seen):
        return
    with suppress(OSError, ValueError):
        written = "\n".join(_line(path, os.lstat(path)) for path in outputs).encode("utf-8", "surrogateescape")
        inputs = _digest("\n".join(one.text for one in seen if one.text))
        found = {"schema": _SCHEMA, "key": key, "places": list(places), "inputs": inputs, "report": dict(report)}
        found["outputs"] = hashlib.sha256(written).hexdigest()
        write_atomic(state / _OUTPUTS, written)
        write_atomic(state / _FILE, json.dumps(found, ensure_ascii=True, sort_keys=True).encode())


def _files(real: str, named: str, *, deep: bool) -> Iterator[tuple[str, os.stat_result]]:
    """The files at a place, each folder's in the order of their names. A link is told with what it leads to."""
    try:
        with os.scandir(real) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except NotADirectoryError:
        yield named, os.stat(real)
        return
    except FileNotFoundError:
        return
    below = f"{named}/" if named not in ("", ".") else ""
    for entry in entries:
        if entry.is_symlink():
            yield below + entry.name, entry.stat(follow_symlinks=False)
            with suppress(OSError):
                yield f"{below}{entry.name}/", os.stat(entry.path)
        elif not entry.is_dir(follow_symlinks=False):
            yield below + entry.name, entry.stat(follow_symlinks=False)
        elif deep and entry.name != "__pycache__":
            yield from _files(entry.path, below + entry.name, deep=True)


def _line(path: str, found: os.stat_result) -> str:
    return f"{path}\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _lie_there(outputs: str) -> bool:
    for line in outputs.split("\n") if outputs else ():
        path = line.partition("\0")[0]
        if _line(path, os.lstat(path)) != line:
            return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
