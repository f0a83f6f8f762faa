"""The two habits of touching a disk: whole files or none, and no path that leads out.

Takes paths and bytes. Knows nothing of what it writes. A file that is equal already is left alone, so its time of change says
when its content changed.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_ODD = re.compile(r"[\x00-\x1f\\]")


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> bool:
    """Put `data` at `path` by a temporary file in the same folder and a rename; readers see all of the old or all of the new.

    Returns False, and touches nothing, when the file holds these bytes already. Folders are made as needed. `durable` waits until
    the disk has the file and its name. A symlink at `path` is replaced, not followed. Raises OSError, and no temporary file stays
    behind then.
    """
    if _holds(path, data):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.parent / f".{path.name[:40]}.{secrets.token_hex(8)}.part"
    # Not `tempfile`: its files are 0600 whatever the umask says, and a web server of another user could not read them.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    if durable:
        _sync_folder(path.parent)
    return True


def safe_join(root: Path, relative: str) -> Path | None:
    """`root`/`relative`, or None when that is no place inside `root`.

    Refused: empty and absolute paths, backslashes, control characters, a `..` part, and symlinks that lead out of `root`.
    The file need not exist. `relative` has POSIX separators; the result is not resolved, so links inside `root` keep their name.
    """
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if not parts or relative.startswith("/") or ".." in parts or _ODD.search(relative):
        return None
    joined = root.joinpath(*parts)
    try:
        if _has_link(root, parts):
            real = Path(os.path.realpath(joined))
            if real.is_symlink() or not real.is_relative_to(os.path.realpath(root)):  # what stays a link is a circle of links
                return None
    except OSError:
        return None
    return joined


def _has_link(root: Path, parts: Sequence[str]) -> bool:
    """Whether a link stands anywhere between `root` and the last part: only then must a path be resolved, which is slow."""
    place = str(root)
    for part in parts:
        place = f"{place}/{part}"
        try:
            mode = os.lstat(place).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        if stat.S_ISLNK(mode):
            return True
    return False


def below(folder: Path, root: Path) -> str:
    """What to put before paths in `folder` so that they are relative to `root`; "" for a folder outside of it."""
    inside = folder.resolve().is_relative_to(root.resolve())
    return f"{folder.resolve().relative_to(root.resolve()).as_posix()}/".removeprefix("./") if inside else ""


def _holds(path: Path, data: bytes) -> bool:
    try:
        if path.is_symlink() or path.stat().st_size != len(data):
            return False
        return path.read_bytes() == data
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
