"""Looks after a project's store: the entry points of `aibild cache stats|verify|gc|push|pull`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

from ..errors import StoreError
from ..plan import expected_assets, store_path
from ..plan.gates import file_questions, gates_at_work, questions
from ..plan.pictures import asset_key, want_assets
from ..plan.published import published
from ..plan.reading import Project, open_project
from ..plan.records import digests_of
from ..plan.renditions import want_renditions
from ..plan.shared import open_shared, pack_name
from ..store import (
    GcReport,
    Moved,
    Problem,
    RecordKey,
    Store,
    StoreStats,
    gc_remote,
    new_key,
    pull,
    push,
    stats_remote,
    verify_remote,
)


def cache_stats(root: Path, *, store_dir: Path | None = None) -> StoreStats:
    """Counts and bytes of the store."""
    return _open(root, store_dir, read_only=True)[1].stats()


def cache_verify(root: Path, *, store_dir: Path | None = None) -> Iterator[Problem]:
    """Every damaged blob and record, and every record whose bytes are absent; what is damaged is set aside."""
    return _open(root, store_dir, read_only=False)[1].verify(digests_of)


def cache_gc(root: Path, *, store_dir: Path | None = None, grace_s: float, max_bytes: int | None, now: float) -> GcReport:
    """Remove what the project as it stands does not need and nobody used for `grace_s`.

    Kept are all that the lock pins, all that the next build would ask for, and the pictures of every release that can be rolled
    back to. With `max_bytes`, or the `max_size` of
    aibild.toml, the least recently used go first and only until the store is that small. `now` in seconds since the epoch.
    """
    project, store = _open(root, store_dir, read_only=False)
    limit = max_bytes if max_bytes is not None else project.config.store_max_bytes or None
    return store.gc(site_keys(project, store), max_bytes=limit, grace_s=grace_s, now=now, digests_of=digests_of)


def cache_push(root: Path, environ: Mapping[str, str], *, store_dir: Path | None = None) -> Moved:
    """Give the shared store every record of this machine with its blobs, and the site's pack."""
    project, store = _open_shared(root, environ, store_dir)
    moved = push(store, digests_of)
    site_keys(project, store)
    store.share_pack(pack_name(project.config))
    return moved


def cache_pull(root: Path, environ: Mapping[str, str], *, store_dir: Path | None = None) -> Moved:
    """Fetch from the shared store all that the project as it stands needs."""
    project, store = _open_shared(root, environ, store_dir, reads=True)
    moved = pull(store, sorted(site_keys(project, store)), digests_of)
    if store.remote is not None and store.remote.note:
        raise StoreError(store.remote.note, hint=store.remote.detail)
    return moved


def store_key(file: Path) -> tuple[bool, str]:
    """Whether a private key was made in `file` (readable by its owner alone), and its public key. Raises StoreError."""
    try:
        with suppress(FileExistsError):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            pem, public = new_key()
            with os.fdopen(handle, "wb") as written:
                written.write(pem)
            return True, public
        return False, RecordKey(file.read_bytes()).public
    except OSError as error:
        raise StoreError(f"cannot write the key {file}: {error.strerror}") from error


def shared_stats(root: Path, environ: Mapping[str, str]) -> StoreStats:
    """Counts and bytes of the shared store."""
    _, store = _open_shared(root, environ, None, reads=True)
    return stats_remote(store)


def shared_verify(root: Path, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Everything in the shared store that is damaged, unsigned or incomplete."""
    return verify_remote(_open_shared(root, environ, None)[1], digests_of)


def shared_gc(
    root: Path, environ: Mapping[str, str], *, grace_s: float, max_bytes: int | None, store_dir: Path | None = None
) -> GcReport:
    """Weed the shared store by what the project needs; see `store.gc_remote`."""
    project, store = _open_shared(root, environ, store_dir)
    return gc_remote(store, site_keys(project, store), max_bytes=max_bytes, grace_s=grace_s, digests_of=digests_of)


def _open_shared(root: Path, environ: Mapping[str, str], store_dir: Path | None, *, reads: bool = False) -> tuple[Project, Store]:
    project = open_project(root)
    return project, open_shared(project.config, environ, monotonic, store_dir=store_dir, reads=reads)


def _open(root: Path, store_dir: Path | None, *, read_only: bool) -> tuple[Project, Store]:
    project = open_project(root)
    return project, Store(store_dir or store_path(project), max_bytes=project.config.store_max_bytes, read_only=read_only)


def site_keys(project: Project, store: Store) -> set[str]:
    """All that the lock pins and all that the next build would ask for; each is looked up on the way."""
    keys = set()
    for assets in project.lock.briefs.values():
        for pinned in assets.values():
            for pin in pinned.candidates:
                keys |= {pin.recipe, asset_key(pin.recipe, pin.pixels)}
    for recipe, pixels in published(project.config.root):
        keys |= {recipe, asset_key(recipe, pixels)}
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
