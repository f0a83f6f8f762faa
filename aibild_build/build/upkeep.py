"""Looks after a project's store: the entry points of `aibild cache stats|verify|gc`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..plan import expected_assets, store_path
from ..plan.gates import file_questions, gates_at_work, questions
from ..plan.pictures import asset_key, want_assets
from ..plan.reading import Project, open_project
from ..plan.records import digests_of
from ..plan.renditions import want_renditions
from ..store import GcReport, Problem, Store, StoreStats


def cache_stats(root: Path, *, store_dir: Path | None = None) -> StoreStats:
    """Counts and bytes of the store."""
    return _open(root, store_dir, read_only=True)[1].stats()


def cache_verify(root: Path, *, store_dir: Path | None = None) -> Iterator[Problem]:
    """Every damaged blob and record, and every record whose bytes are absent; what is damaged is set aside."""
    return _open(root, store_dir, read_only=False)[1].verify(digests_of)


def cache_gc(root: Path, *, store_dir: Path | None = None, grace_s: float, max_bytes: int | None, now: float) -> GcReport:
    """Remove what the project as it stands does not need and nobody used for `grace_s`.

    Kept are all that the lock pins and all that the next build would ask for. With `max_bytes`, or the `max_size` of
    aibild.toml, the least recently used go first and only until the store is that small. `now` in seconds since the epoch.
    """
    project, store = _open(root, store_dir, read_only=False)
    limit = max_bytes if max_bytes is not None else project.config.store_max_bytes or None
    return store.gc(_roots(project, store), max_bytes=limit, grace_s=grace_s, now=now, digests_of=digests_of)


def _open(root: Path, store_dir: Path | None, *, read_only: bool) -> tuple[Project, Store]:
    project = open_project(root)
    return project, Store(store_dir or store_path(project), max_bytes=project.config.store_max_bytes, read_only=read_only)


def _roots(project: Project, store: Store) -> set[str]:
    keys = set()
    for assets in project.lock.briefs.values():
        for pinned in assets.values():
            for pin in pinned.candidates:
                keys |= {pin.recipe, asset_key(pin.recipe, pin.pixels)}
    wanted = want_assets(project, store)
    keys |= {recipe.key for want in wanted for recipe in want.recipes}
    at_work = gates_at_work(project)
    for want in wanted:
        for asset in want.assets.values():
            keys |= {one.key for one in questions(project, want, asset, at_work)}
    expected, days = expected_assets(wanted, "")
    briefs = want_renditions(project, store, expected, days)
    keys |= {one.key for one in file_questions(project, briefs)}
    for brief in briefs:
        keys |= set(brief.answered)
        for one in brief.renditions:
            keys |= {one.variant.encode, one.delivery, *filter(None, (one.signed,))}
    return keys
