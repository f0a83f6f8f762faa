"""Reads a folder that aibild built, and refuses what must not go out.

Takes the folder and the project, yields `BuiltSite`: its files with their facts and a way to their bytes. Nothing of the folder
is opened but the marker; bytes are held against their digest when they are read for sending.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..canonical import digest_of
from ..disk import safe_join
from ..errors import DeployError, RefusedError
from ..lock import LOCK_FILE, Lock, read_lock, write_lock
from ..model import Cache, Output
from ..source import read_text

MARKER = ".aibild/build.json"
Fetch = Callable[[str], bytes | None]
_LEFT_OUT = (".aibild/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltSite:
    """The files of a built folder by path. `fetch` brings bytes by digest that the folder lacks (`build --lazy-bytes`)."""

    folder: Path
    outputs: Mapping[str, Output]
    draft: bool
    lock: str
    base_url: str
    unapproved: tuple[str, ...]
    fetch: Fetch

    def contents(self, path: str) -> bytes:
        """The bytes of a file, as the build wrote them. Raises DeployError when they are others, or nowhere to be had."""
        one = self.outputs[path]
        place = safe_join(self.folder, path)
        try:
            data = place.read_bytes() if place is not None else None
        except FileNotFoundError:
            data = self.fetch(one.digest)
            if data is None:
                hint = "fill the store with `aibild cache pull`, or build without --lazy-bytes"
                raise DeployError(f"the bytes of {path} are neither in {self.folder} nor in the store", hint=hint) from None
        except OSError as error:
            raise DeployError(f"cannot read {place}: {error.strerror or error}") from error
        if data is None or digest_of(data) != one.digest:
            raise DeployError(f"{path} was changed after the build", hint="build again; what is to be added lies in site/static")
        return data


def read_built(folder: Path, fetch: Fetch) -> BuiltSite:
    """Raises RefusedError for a folder that aibild did not build."""
    try:
        found = json.loads((folder / MARKER).read_bytes())
        if found["schema"] != 1:
            raise ValueError("another schema")
        outputs = {str(row["path"]): _output(row) for row in found["outputs"]}
        return BuiltSite(
            folder=folder,
            outputs={path: one for path, one in outputs.items() if not path.startswith(_LEFT_OUT)},
            draft=bool(found["draft"]),
            lock=str(found["lock"]),
            base_url=str(found["base_url"]),
            unapproved=tuple(str(subject) for subject in found["unapproved"]),
            fetch=fetch,
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"expected a folder that this aibild built, got {folder}"
        raise RefusedError(message, hint="`aibild build` first; --output names another folder") from error


def _output(row: Mapping[str, Any]) -> Output:
    """A line of the marker without its facts: a deploy reads ten thousand of them, and looks into few."""
    return Output(
        path=str(row["path"]),
        digest=str(row["digest"]),
        bytes=int(row["bytes"]),
        media_type=str(row["media_type"]),
        cache=Cache(row["cache"]),
        pixels=str(row.get("pixels", "")),
    )


def refuse_unfit(site: BuiltSite, root: Path, base_url: str) -> Lock:
    """Raises RefusedError with every reason why the folder must not go out; returns the lock."""
    lock = _lock(root)
    reasons = []
    if site.draft:
        reasons.append("it is a draft: build without --draft")
    if site.base_url != base_url:
        reasons.append(f"its pages say that they lie at {site.base_url}, the target at {base_url}: `aibild build --target NAME`")
    reasons += [f"{subject} is not approved: `aibild review`" for subject in site.unapproved]
    if site.lock != digest_of(write_lock(lock.untold()).encode()):
        reasons.append(f"{LOCK_FILE} changed since it was built: build again")
    barred = sorted({one.pixels for one in site.outputs.values() if one.pixels in lock.retracted})
    reasons += [f"it shows pixels {pixels[:12]}, which are retracted: {lock.retracted[pixels].reason}" for pixels in barred]
    if changed := _other_sizes(site):
        reasons.append(f"{_some(changed)} changed after the build: build again")
    if reasons:
        raise RefusedError(f"{site.folder} is not deployed", tuple(reasons))
    return lock


def strangers(site: BuiltSite) -> tuple[str, ...]:
    """Files in the folder that no build made. They stay where they are."""
    known = site.outputs
    found = []
    top = os.fspath(site.folder)
    for folder, folders, files in os.walk(top):
        prefix = f"{folder[len(top) :].lstrip('/')}/" if folder != top else ""
        folders[:] = [name for name in folders if prefix or name != ".aibild"]
        found += [f"{prefix}{name}" for name in files if f"{prefix}{name}" not in known]
    return tuple(sorted(found))


def _other_sizes(site: BuiltSite) -> list[str]:
    changed = []
    for path, one in site.outputs.items():
        try:
            if os.lstat(f"{site.folder}/{path}").st_size != one.bytes:
                changed.append(path)
        except OSError:
            continue  # left out on purpose, or found missing when its bytes are asked for
    return changed


def _lock(root: Path) -> Lock:
    if not (root / LOCK_FILE).exists():
        return Lock()
    text, unread = read_text(root, LOCK_FILE)
    lock, findings = read_lock(text)
    if unread or findings:
        raise RefusedError(f"{LOCK_FILE} cannot be read", findings=(*unread, *findings))
    return lock


def _some(paths: Collection[str]) -> str:
    shown = ", ".join(sorted(paths)[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"
