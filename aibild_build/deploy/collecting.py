"""Deletes at the origin what no kept release needs, and nothing that a reader's old page may still ask for.

Kept are the release that is shown, the newest `keep_releases`, and every one that was replaced less than `keep_days` ago, by the
origin's clock. Only files that a manifest of ours names are ever deleted, and none that was written within that time. A
collection holds the lease, and leaves a mark, so that a deploy that looked before it looks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..bucket import Bucket, bucket_time, honours_conditions
from ..config import TargetSettings
from ..errors import TargetConflict
from ..targets import Target
from .lease import Clock, Lease
from .origin import Standing, look, read_releases, release_ids
from .records import CURRENT, PAGES, RELEASES, Current, Release, current_bytes

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was deleted: files (pages kept for rollbacks among them), manifests, bytes."""

    files: int = 0
    releases: int = 0
    bytes: int = 0


def kept_ids(current: Current, settings: TargetSettings, now: float) -> frozenset[str]:
    """The releases that can still be rolled back to."""
    replaced = list(current.replaced_at())
    newest = {name for name, _ in replaced[-settings.keep_releases :]}
    recent = {name for name, at in replaced if at is None or now - at < settings.keep_days * _DAY_S}
    return frozenset(newest | recent)


def collect(settings: TargetSettings, target: Target, clock: Clock) -> Collected:
    """Raises TargetConflict while a deploy is under way, BucketError."""
    bucket = target.bucket
    conditional = honours_conditions(bucket)
    lease = Lease(bucket, clock, conditional=conditional)
    lease.take("")
    if lease.taken_over:
        lease.give_up()
        raise TargetConflict("a deploy broke off and left pages of several releases", hint="deploy once more, then collect")
    try:
        standing = look(bucket)
        if standing.shown is None:
            return Collected()
        now = bucket_time(bucket)
        kept = kept_ids(standing.current, settings, now) | {standing.current.id}
        every = {one.id: one for one in read_releases(bucket, release_ids(standing.held))}
        horizon = now - settings.keep_days * _DAY_S
        dropped = [one for name, one in every.items() if name not in kept and _age_ok(standing, name, horizon)]
        needed = {key for name in kept if name in every for key in _keys(target, every[name])}
        doomed = [
            key
            for key in sorted({key for one in dropped for key in _keys(target, one)} | _page_blobs(standing))
            if key not in needed and key in standing.held and standing.held[key].modified <= horizon
        ]
        _mark(bucket, standing, frozenset(kept), conditional=conditional)
        bucket.delete(doomed)
        bucket.delete([f"{RELEASES}{one.id}.json" for one in dropped])
    finally:
        lease.drop()
    return Collected(files=len(doomed), releases=len(dropped), bytes=sum(standing.held[key].bytes for key in doomed))


def _age_ok(standing: Standing, name: str, horizon: float) -> bool:
    return standing.held[f"{RELEASES}{name}.json"].modified <= horizon


def _page_blobs(standing: Standing) -> set[str]:
    return {key for key in standing.held if key.startswith(PAGES)}


def _keys(target: Target, release: Release) -> Iterator[str]:
    """Every object that a release needs, or needed, to be shown; never the page that is shown in place."""
    folder = target.folder_of(release.id)
    for path, row in release.rows.items():
        if release.mode == "inplace":
            yield path if row.immutable else row.blob
        else:
            yield path if row.immutable and target.shares_assets else f"{folder}{path}"


def _mark(bucket: Bucket, standing: Standing, kept: frozenset[str], *, conditional: bool) -> None:
    current = standing.current
    history = tuple(one for one in current.history if one.id in kept)
    data = current_bytes(replace(current, history=history, collected=current.collected + 1))
    if not conditional:
        bucket.put(CURRENT, data)
    elif bucket.replace(CURRENT, data, standing.token) is None:
        raise TargetConflict(f"another deploy to {bucket.address} wrote down its release meanwhile", hint="collect again")
