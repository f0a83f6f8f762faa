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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .disk import write_atomic

STATE_FOLDER = ".aibild"  # what builds of a project remember; the store lies in it unless it is put elsewhere
PLACES = ("site", "briefs", "templates", ".")
_WRITTEN = frozenset({"aibild.lock", "aibild.audit.jsonl"})
_SCHEMA = 1
_FILE, _INPUTS, _OUTPUTS = "standing.json", "standing.inputs", "standing.outputs"
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


@dataclass(frozen=True, slots=True)
class Standing:
    """A run that still stands, or would if `changed` (paths as listed) had not changed. `seen` is what lies at `places` now."""

    places: tuple[str, ...]
    seen: Seen
    changed: tuple[str, ...]
    outputs: str
    report: Mapping[str, Any]

    def remember_again(self, state: Path, key: str, rewritten: Collection[str], report: Mapping[str, Any]) -> None:
        """Keep a run that changed nothing but the outputs `rewritten`, by full path, and what its report says."""
        if not self.seen.settled:
            return
        with suppress(OSError, ValueError):
            lines = self.outputs.split("\n")
            for at, line in enumerate(lines):
                path = line.partition("\0")[0]
                if path in rewritten:
                    lines[at] = _line(path, os.lstat(path))
            _write(state, key, self.places, self.seen.text, "\n".join(lines), report)


def asked_key(asked: Mapping[str, object]) -> str:
    """Names a question: the options, this very code, the installed packages, and the variables that we read."""
    own = {name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT) or name in _HOMES}
    code = listing(Path(__file__).parent, ("",)).text
    places = [
        f"{place} {os.stat(place).st_mtime_ns}" for place in sys.path if place.endswith("-packages") and os.path.isdir(place)
    ]
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


def last_run(state: Path, root: Path, key: str, *, but: Collection[str] = ()) -> Standing | None:
    """The last run, if it was asked the same and what it wrote lies there as it left it, and no file came or went since.

    The outputs in `but`, by full path, may be others.
    """
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads((state / _FILE).read_bytes())
        if found["schema"] != _SCHEMA or found["key"] != key:
            return None
        now = listing(root, found["places"])
        changed: tuple[str, ...] = ()
        if _digest(now.text) != found["inputs"]:
            changed = _changed(_read(state / _INPUTS, found["inputs"]), now.text)
            if not changed:
                return None
        outputs = _read(state / _OUTPUTS, found["outputs"])
        if not _lie_there(outputs, but):
            return None
        places: tuple[str, ...] = tuple(found["places"])
        return Standing(places=places, seen=now, changed=changed, outputs=outputs, report=found["report"])
    return None


def places(state: Path) -> tuple[str, ...]:
    """Where the last run found all that it read, as `listing` takes it; nothing when no run is remembered."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return tuple(map(str, json.loads((state / _FILE).read_bytes())["places"]))
    return ()


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
        written = "\n".join(_line(path, os.lstat(path)) for path in outputs)
        _write(state, key, places, "\n".join(one.text for one in seen if one.text), written, report)


def _write(state: Path, key: str, places: Sequence[str], inputs: str, outputs: str, report: Mapping[str, Any]) -> None:
    """The two lists first: the file that names their digests makes them count."""
    found = {"schema": _SCHEMA, "key": key, "places": list(places), "report": dict(report)}
    for name, text in ((_INPUTS, inputs), (_OUTPUTS, outputs)):
        found[name.rpartition(".")[2]] = _digest(text)
        write_atomic(state / name, text.encode("utf-8", "surrogateescape"))
    write_atomic(state / _FILE, json.dumps(found, ensure_ascii=True, sort_keys=True).encode())


def _read(path: Path, digest: str) -> str:
    """A list. Raises ValueError when it is not the one that was meant."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(path)
    return data.decode("utf-8", "surrogateescape")


def _changed(before: str, now: str) -> tuple[str, ...]:
    """The files whose times or sizes differ, none when any came or went."""
    old, new = before.split("\n"), now.split("\n")
    if len(old) != len(new):
        return ()
    differ = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    pairs = [(one.partition("\0")[0], other.partition("\0")[0]) for one, other in differ]
    return tuple(one for one, _ in pairs) if all(one == other for one, other in pairs) else ()


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


def _lie_there(outputs: str, but: Collection[str]) -> bool:
    for line in outputs.split("\n") if outputs else ():
        path = line.partition("\0")[0]
        if path not in but and _line(path, os.lstat(path)) != line:
            return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
