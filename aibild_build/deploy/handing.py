"""Lays a built site out for a host whose own tool uploads it: the host's limits first, then files, pages last.

Takes a built site and a `Handover`, yields what was written. Which files of the folder are ours is noted beside it, so that what
is gone from the site goes, and what somebody else put there stays. The host keeps former releases, not we.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ..bucket import Headers
from ..canonical import canonical, digest_of
from ..config import TargetSettings
from ..disk import safe_join, write_atomic
from ..errors import DeployError, RefusedError
from ..model import Cache
from ..targets import Handover
from .built import BuiltSite
from .planning import Change, Reason, in_turn, wave_of
from .records import Row
from .shipping import Manner, Shipped


def hand_over(site: BuiltSite, settings: TargetSettings, host: Handover, manner: Manner, *, write: bool = True) -> Shipped:
    """Write the folder or plan it. Raises RefusedError for what the host would refuse and for a folder that is not ours."""
    given = _reader(site)
    made = host.extra({path: one.cache is Cache.IMMUTABLE for path, one in site.outputs.items()}, settings, given)
    sizes = {path: one.bytes for path, one in site.outputs.items()} | {path: len(data) for path, data in made.items()}
    texts = {path: data.decode() for path, data in made.items()}
    if findings := host.over_limits(sizes, lambda path: texts[path] if path in texts else given(path)):
        raise RefusedError(f"target `{settings.name}` would not take this site", findings=findings)
    owned = _owned(host.folder, settings, manner)
    changes = _changes(site, host.folder, made, owned)
    if write and changes:
        _write(site, host.folder, made, owned, changes)
    return Shipped(
        target=settings.name,
        release="",
        previous="",
        changes=changes,
        sent=sum(change.row is not None for change in changes) if write else 0,
        sent_bytes=sum(change.bytes for change in changes) if write else 0,
        files=len(sizes),
    )


def _reader(site: BuiltSite) -> Callable[[str], str]:
    def given(path: str) -> str:
        return site.contents(path).decode("utf-8", "replace") if path in site.outputs else ""

    return given


def _note(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.aibild-files.json"


def _owned(folder: Path, settings: TargetSettings, manner: Manner) -> frozenset[str]:
    """What a former deploy wrote. Raises RefusedError for a folder with files of which none is ours."""
    try:
        return frozenset(str(path) for path in json.loads(_note(folder).read_bytes()))
    except FileNotFoundError:
        if folder.is_dir() and any(folder.iterdir()) and not manner.adopt:
            raise RefusedError(
                f"{folder}, the folder of target `{settings.name}`, holds files that aibild did not put there",
                hint="name another folder, or `--adopt`",
            ) from None
    except (OSError, ValueError, TypeError) as error:
        raise DeployError(f"cannot read {_note(folder)}: {error}") from error
    return frozenset()


def _changes(site: BuiltSite, folder: Path, made: Mapping[str, bytes], owned: frozenset[str]) -> tuple[Change, ...]:
    wanted = {path: (one.digest, one.bytes, one.cache is Cache.IMMUTABLE) for path, one in site.outputs.items()}
    wanted |= {path: (digest_of(data), len(data), False) for path, data in made.items()}
    found = []
    for path, (digest, size, immutable) in wanted.items():
        there = _digest_at(folder, path)
        if there != digest:
            row = Row(digest=digest, bytes=size, headers=Headers(), immutable=immutable)
            lost = Reason.MISSING_REMOTE if path in owned else Reason.NEW
            reason = lost if there is None else Reason.CHANGED
            found.append(Change(path=path, reason=reason, wave=wave_of(path, immutable=immutable), bytes=size, row=row))
    for path in owned - wanted.keys():
        found.append(Change(path=path, reason=Reason.GONE, wave=wave_of(path, immutable=False)))
    return tuple(sorted(found, key=in_turn))


def _digest_at(folder: Path, path: str) -> str | None:
    place = safe_join(folder, path)
    try:
        return digest_of(place.read_bytes()) if place is not None else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise DeployError(f"cannot read {place}: {error.strerror or error}") from error


def _write(site: BuiltSite, folder: Path, made: Mapping[str, bytes], owned: frozenset[str], changes: tuple[Change, ...]) -> None:
    paths = {*site.outputs, *made}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(_note(folder), canonical(sorted(owned | paths)))
        for change in changes:
            place = safe_join(folder, change.path)
            if place is None:
                raise DeployError(f"{change.path} is no place inside {folder}")
            if change.row is None:
                place.unlink(missing_ok=True)
                with suppress(OSError):
                    place.parent.rmdir()
            else:
                write_atomic(place, made[change.path] if change.path in made else site.contents(change.path))
        write_atomic(_note(folder), canonical(sorted(paths)))
    except OSError as error:
        raise DeployError(f"cannot write {folder}: {error.strerror or error}") from error
