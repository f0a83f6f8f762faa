"""What an origin says of itself: everything that lies there, the release that is shown, and deploys that broke off.

Takes a bucket, yields `Standing`. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..bucket import Bucket, Entry, begun, together
from ..errors import DeployError
from .records import CURRENT, INTENT, RELEASES, Current, Intent, Release, Row, read_current, read_intent, read_release


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`token` names this version of the current record, "" where there is none. `broken` are releases that somebody began to
    switch to and did not finish; `intent` is the lease that is there, whoever holds it."""

    held: Mapping[str, Entry]
    current: Current
    token: str
    shown: Release | None
    intent: Intent | None
    broken: tuple[Release, ...]

    @property
    def rows(self) -> Mapping[str, Row]:
        """The files of the release that is shown."""
        return self.shown.rows if self.shown is not None else {}

    @property
    def perhaps(self) -> Mapping[str, Row]:
        """The same, with what unfinished deploys may have put there besides."""
        rows: dict[str, Row] = {}
        for release in self.broken:
            rows |= release.rows
        return {**rows, **self.rows}


def look(bucket: Bucket) -> Standing:
    """Ask the origin. Raises BucketError, and DeployError for records that cannot be read."""
    current, token = read_now(bucket)  # first: a collection that runs meanwhile is noticed by its mark there
    listed = begun(lambda: {entry.key: entry for entry in bucket.list()})
    shown = read_releases(bucket, [current.id])[0] if current.id else None
    held = listed()
    intent = None
    if INTENT in held and (found := bucket.get(INTENT)) is not None:
        intent = read_intent(found.data)
    began = tuple(dict.fromkeys((*intent.after, intent.release))) if intent is not None else ()
    broken = read_releases(bucket, [name for name in began if name != current.id and f"{RELEASES}{name}.json" in held])
    return Standing(held=held, current=current, token=token, shown=shown, intent=intent, broken=broken)


def read_now(bucket: Bucket) -> tuple[Current, str]:
    """The current record and its token."""
    found = bucket.get(CURRENT)
    return (Current(), "") if found is None else (read_current(found.data), found.entry.token)


def read_releases(bucket: Bucket, ids: Iterable[str]) -> tuple[Release, ...]:
    """Manifests by id. Raises DeployError for one that is not there."""

    def one(name: str) -> Release:
        key = f"{RELEASES}{name}.json"
        found = bucket.get(key)
        if found is None:
            raise DeployError(
                f"there is no release `{name}` at {bucket.address}", hint="`aibild releases` lists those that are kept"
            )
        return read_release(found.data, key)

    return tuple(together(one, ids))


def release_ids(held: Iterable[str]) -> tuple[str, ...]:
    """Ids of all manifests in a listing, oldest first."""
    return tuple(sorted(key[len(RELEASES) : -len(".json")] for key in held if key.startswith(RELEASES) and key.endswith(".json")))
