"""Writes the starter project and the JSON Schemas that its files name for editors: the entry point of `aibild init`.

Takes a folder, writes whole files, and never over one that is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ..disk import write_atomic
from ..errors import OutputError

_RENAMED = {"gitignore": ".gitignore", "gitattributes": ".gitattributes"}  # packages lose names that begin with a dot
_SCHEMAS = ".aibild/schemas"  # where the starter's files tell editors to look
_YIELDING = (".gitignore", ".gitattributes")  # a repository may have its own, and they are no part of the site


def init(root: Path) -> tuple[str, ...]:
    """Write the starter project into `root`, which is made if need be; returns the paths that were written.

    Raises OutputError, with nothing written, when a file of the starter is there already.
    """
    starter = {_RENAMED.get(path, path): data for path, data in _files(files("aibild_build") / "starter", "")}
    schemas = {f"{_SCHEMAS}/{path}": data for path, data in _files(files("aibild_build") / "schemas", "")}
    starter.update(schemas)
    there = [path for path in sorted(starter) if (root / path).exists() and path not in (*_YIELDING, *schemas)]
    if there:
        raise OutputError(
            f"{root / there[0]} exists already", hint="`aibild init` writes into an empty folder: `aibild init NAME`"
        )
    try:
        written = tuple(path for path in sorted(starter) if not (root / path).exists() or path in schemas)
        for path in written:
            write_atomic(root / path, starter[path])
    except OSError as error:
        raise OutputError(f"cannot write into {root}: {error.strerror or error}") from error
    return written


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith((".py", ".pyc")):
            yield prefix + entry.name, entry.read_bytes()
