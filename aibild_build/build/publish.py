"""Puts a finished site into its folder so that whoever looks at any instant sees whole files and no dangling reference.

Takes the outputs and where each one's bytes come from. All that differs is staged beside the folder first; then files are
renamed in, pictures before pages; orphans go last. A file whose bytes are equal is not touched. After a kill the next build
completes: the list of what was about to be ours is written before the first rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..canonical import canonical, digest_of
from ..disk import write_atomic
from ..errors import OutputError, StoreCorrupt
from ..imagefile.media import media_type_of
from ..model import Cache, Output
from ..wire import to_json

MARKER = ".aibild/build.json"
LAZY = ".aibild/lazy.json"
_PENDING = ".aibild/pending.json"
MARKER_SCHEMA = 1

_TEXT = json.JSONEncoder(ensure_ascii=False).encode
Contents = Callable[[Output], bytes]


@contextmanager
def output_turn(output: Path, state: Path) -> Iterator[None]:
    """One build of a project at a time writes this folder; the kernel ends the turn of one that was killed.

    `state` is the project's own folder, where the lock file lies. Raises OutputError.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        handle = os.open(
            state / f"output-{digest_of(str(output).encode())[:8]}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644
        )
    except OSError as error:
        raise OutputError(f"cannot write aibild's own folder {state}: {error.strerror or error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def staging_folder(output: Path) -> Iterator[Path]:
    """Where files lie before they are renamed into `output`; nothing is left of it afterwards. Made by who needs it first."""
    staging = output.parent / f".{output.name}.aibild-staging"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def publish(
    output: Path,
    staging: Path,
    outputs: Sequence[Output],
    contents: Contents,
    ready: Mapping[str, str],
    marker: bytes,
    *,
    away: Set[str] = frozenset(),
) -> tuple[int, int]:
    """Make the folder hold exactly `outputs`; returns how many files were written and removed. Call within `output_turn`.

    Paths in `away` are left out unless they lie there already, and named in `.aibild/lazy.json`.

    `contents` gives an output's bytes and is asked only for files that differ and do not lie `ready` in `staging` (by path).
    Raises OutputError and, with nothing renamed yet, StoreCorrupt.
    """
    owned = owned_paths(output)
    try:
        outside = [one for one in outputs if one.path in away and not _is_there(f"{output}/{one.path}", one)]
        left = {one.path for one in outside}
        staged = _stage(output, staging, [one for one in outputs if one.path not in left], contents, ready)
        orphans = sorted(owned - {one.path for one in outputs} | {path for path in left if os.path.lexists(output / path)})
        if staged or orphans:
            pending = canonical(sorted(owned | {one.path for one in outputs}))
            write_atomic(output / _PENDING, pending)
            _rename(output, staged, owned)
            _remove(output, orphans)
        if outside:
            write_atomic(output / LAZY, lazy_bytes(outside))
        write_atomic(output / MARKER, marker)
        if not outside:
            (output / LAZY).unlink(missing_ok=True)
        (output / _PENDING).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(output, error) from error
    return len(staged), len(orphans)


def _unwritable(output: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write the output folder {output}: {error.strerror or error}",
        hint="the pages that are there are whole; make room or change its rights, then build again",
    )


def owned_paths(output: Path) -> set[str]:
    """What in the folder is ours. Raises OutputError when it holds files and none of them are."""
    if os.path.lexists(output) and not output.is_dir():
        raise OutputError(f"expected a folder for the output, got something else at {output}", hint="move it away")
    marker, pending = output / MARKER, output / _PENDING
    if not marker.exists() and not pending.exists():
        if output.is_dir() and any(output.iterdir()):
            raise OutputError(f"{output} holds files that aibild did not build", hint="name another folder, or empty this one")
        return set()
    known = read_marker(output)
    owned = {entry["path"] for entry in known["outputs"]} if known else set()
    with suppress(OSError, ValueError, TypeError, RecursionError):
        owned |= {str(path) for path in json.loads(pending.read_bytes())}
    return {path for path in owned if _is_inside(path)}


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def read_marker(output: Path) -> dict[str, Any] | None:
    """The marker of a built folder, None where there is none that can be read."""
    try:
        found = json.loads((output / MARKER).read_bytes())
        ours = found["schema"] == MARKER_SCHEMA and all(isinstance(row["path"], str) for row in found["outputs"])
        return found if ours else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def marker_bytes(
    outputs: Sequence[Output], *, lock_digest: str, draft: bool, base_url: str = "", unapproved: Sequence[str] = ()
) -> bytes:
    """`.aibild/build.json`: every output with its file facts, and what a deploy must know. No clock, host or path of this
    machine is in it.

    `unapproved` are the pictures that lack approvals.
    """
    rows = ",\n".join(map(_row, sorted(outputs, key=lambda one: one.path)))
    head = canonical(
        {
            "schema": MARKER_SCHEMA,
            "draft": draft,
            "lock": lock_digest,
            "base_url": base_url,
            "unapproved": sorted(unapproved),
        }
    ).decode()
    return f'{head[:-1]},"outputs":[\n{rows}\n]}}\n'.encode()


def lazy_bytes(outside: Sequence[Output]) -> bytes:
    """`.aibild/lazy.json`: path → digest of the outputs that are not in the folder, since the shared store has them."""
    return canonical({"schema": MARKER_SCHEMA, "files": {one.path: one.digest for one in outside}}) + b"\n"


def amend(output: Path, path: str, data: bytes) -> bool:
    """Replace one page of a folder that stands, and its line in the marker; False when there is no such line.

    A kill in between leaves a marker that does not match the page: whoever reads it opens the file then. Call within
    `output_turn`. Raises OutputError.
    """
    try:
        marker = (output / MARKER).read_text("utf-8")
        named = f',"path":{_TEXT(path)},"pixels":""}}'
        end = marker.find(named)
        if end < 0 or marker.find(named, end + 1) >= 0:
            return False
        start, end = marker.rfind("\n", 0, end) + 1, end + len(named)
        row = Output(path=path, digest=digest_of(data), bytes=len(data), media_type=media_type_of(path), cache=Cache.REVALIDATE)
        write_atomic(output / path, data)
        write_atomic(output / MARKER, f"{marker[:start]}{_row(row)}{marker[end:]}".encode())
    except UnicodeDecodeError:
        return False
    except OSError as error:
        raise _unwritable(output, error) from error
    return True


def _row(one: Output) -> str:
    """A line of the marker, canonical JSON; a page's is written quickly, since they come by the ten thousand."""
    if one.facts is not None or one.pixels:
        return canonical(to_json(one)).decode()
    named = f'"media_type":{_TEXT(one.media_type)},"path":{_TEXT(one.path)}'
    return f'{{"bytes":{one.bytes},"cache":"{one.cache.value}","digest":"{one.digest}","facts":null,{named},"pixels":""}}'


def _stage(
    output: Path, staging: Path, outputs: Sequence[Output], contents: Contents, ready: Mapping[str, str]
) -> list[tuple[Output, str]]:
    """What differs, written beside the folder. Every damaged blob is come upon before the first of them is reported."""
    staged: list[tuple[Output, str]] = []
    damaged: StoreCorrupt | None = None
    for index, one in enumerate(outputs):
        if _is_there(f"{output}/{one.path}", one):
            continue
        if one.path in ready:
            staged.append((one, ready[one.path]))
            continue
        try:
            data = contents(one)
        except StoreCorrupt as error:
            damaged = damaged or error
            continue
        if digest_of(data) != one.digest:
            raise OutputError(f"{one.path} changed while the site was being built", hint="build again")
        staging.mkdir(parents=True, exist_ok=True)
        path = f"{staging}/{index}"
        with open(path, "wb") as file:
            file.write(data)
        staged.append((one, path))
    if damaged is not None:
        raise damaged
    return staged


def _is_there(path: str, one: Output) -> bool:
    try:
        found = os.lstat(path)
        if found.st_size != one.bytes or not stat.S_ISREG(found.st_mode):
            return False
        with open(path, "rb") as file:
            return digest_of(file.read()) == one.digest
    except OSError:
        return False


def _rename(output: Path, staged: Sequence[tuple[Output, str]], owned: set[str]) -> None:
    """Pictures and other files first, then pages from the leaves to the root, so that no page names a file that is not there."""

    def turn(entry: tuple[Output, str]) -> tuple[int, int, str]:
        path = entry[0].path
        rank = {"text/html": 1, "application/xml": 2}.get(entry[0].media_type.partition(";")[0], 0)
        return rank, -path.count("/"), path

    made: set[str] = set()
    for one, source in sorted(staged, key=turn):
        target, folder = f"{output}/{one.path}", one.path.rpartition("/")[0]
        if folder not in made or os.path.isdir(target):
            if owned:
                _make_way(output, output / one.path, owned)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            made.add(folder)
        os.replace(source, target)


def _make_way(output: Path, target: Path, owned: set[str]) -> None:
    """A file of ours may have stood where a folder must be now, or the other way round."""
    for parent in target.relative_to(output).parents:
        if parent.as_posix() in owned and (output / parent).is_file():
            (output / parent).unlink()
    if target.is_dir() and not target.is_symlink():
        for path in sorted(owned):
            if (output / path).is_relative_to(target):
                (output / path).unlink(missing_ok=True)
        for folder, _, _ in sorted(os.walk(target), reverse=True):
            os.rmdir(folder)


def _remove(output: Path, orphans: Sequence[str]) -> None:
    for path in orphans:
        target = output / path
        if target.is_file() or target.is_symlink():
            target.unlink()
        for parent in target.parents:
            if parent == output or not parent.is_relative_to(output):
                break
            try:
                parent.rmdir()
            except OSError:
                break
