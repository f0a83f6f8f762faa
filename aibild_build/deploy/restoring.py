"""Everything that is known of a published picture, from the release that shows it: files, recipe, master, manifest, decisions.

Takes a target, the store and the lock, yields files by name. The origin has the delivered files and what was said of them then;
the store has the recipe and the lossless master as long as a release that shows them is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..audit import Trail
from ..canonical import canonical, digest_of
from ..errors import DeployError
from ..imagefile import ImageFault, probe
from ..lock import Lock
from ..model import Json
from ..plan.pictures import asset_key
from ..source import nearest_hint
from ..store import Store
from ..targets import Target
from ..wire import to_json
from .origin import read_now, read_releases
from .records import Release, Row

_SHORTEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`files` by name. `lacking` says what nobody has any more; `retracted` why the picture was taken away, "" if it was not."""

    release: str
    pixels: str
    brief: str
    files: Mapping[str, bytes]
    lacking: tuple[str, ...]
    retracted: str


def restore(target: Target, store: Store, lock: Lock, trail: Trail, name: str) -> Restored:
    """`name` is a brief, the asset id on an `<img>`, the beginning of pixels or recipe, or a file's address or name.

    The newest release that shows it counts. Raises DeployError where none does.
    """
    history = [one.id for one in reversed(read_now(target.bucket)[0].history)]
    known: set[str] = set()
    for release in read_releases(target.bucket, dict.fromkeys(history)):
        index = _index(target, release)
        found = _matching(release, index, name)
        known |= index.get("pictures", {}).keys()
        if found:
            return _restored(target, store, lock, trail, release, index, found)
    raise DeployError(f"no release that is kept shows `{name}`", hint=nearest_hint(name, known))


def _matching(release: Release, index: Mapping[str, Any], name: str) -> str:
    """The pixels that are meant, "" for none."""
    if (row := release.rows.get(name.split("://", 1)[-1].partition("/")[2] if "://" in name else name.lstrip("/"))) is not None:
        return row.pixels
    for path, row in release.rows.items():
        if row.pixels and (PurePosixPath(path).name == name or _begins(row.pixels, name)):
            return row.pixels
    for brief, facts in index.get("pictures", {}).items():
        if name in (brief, facts.get("asset")) or _begins(str(facts.get("recipe", "")), name):
            return str(facts.get("pixels", ""))
    return next((pixels for pixels, recipe in release.recipes.items() if _begins(recipe, name)), "")


def _begins(digest: str, name: str) -> bool:
    return len(name) >= _SHORTEST and digest.startswith(name)


def _index(target: Target, release: Release) -> dict[str, Any]:
    """What `pictures.json` of that release says; {} where the site had none."""
    data = _bytes(target, release, "pictures.json")
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(target: Target, release: Release, path: str) -> bytes | None:
    """A file of a release, verified; None where it is gone or was changed."""
    row = release.rows.get(path)
    if row is None:
        return None
    found = target.bucket.get(_key(target, release, path, row))
    if found is None:
        return None
    data = found.data
    if row.headers.content_encoding and row.bytes == 0:
        import zlib
        from importlib import import_module

        squeezed = row.headers.content_encoding
        data = zlib.decompress(data, 31) if squeezed == "gzip" else import_module("brotli").decompress(data)
    return data if digest_of(data) == row.digest else None


def _key(target: Target, release: Release, path: str, row: Row) -> str:
    if row.immutable and (release.mode == "inplace" or target.shares_assets):
        return path
    return row.blob if release.mode == "inplace" else f"{target.folder_of(release.id)}{path}"


def _restored(
    target: Target, store: Store, lock: Lock, trail: Trail, release: Release, index: Mapping[str, Any], pixels: str
) -> Restored:
    files: dict[str, bytes] = {}
    lacking: list[str] = []
    for path in sorted(path for path, row in release.rows.items() if row.pixels == pixels):
        data = _bytes(target, release, path)
        if data is None:
            lacking.append(f"{path}: not at the origin any more")
            continue
        files[f"files/{PurePosixPath(path).name}"] = data
        if manifest := _manifest(data):
            files[f"manifests/{PurePosixPath(path).name}.c2pa"] = manifest
    shown: Mapping[str, Any] = index.get("pictures", {})
    brief = next((name for name, one in shown.items() if one.get("pixels") == pixels), "")
    facts: Mapping[str, Any] = shown.get(brief, {})
    recipe = release.recipes.get(pixels) or str(facts.get("recipe", ""))
    _from_store(store, recipe, pixels, files, lacking)
    why = lock.retracted[pixels].reason if pixels in lock.retracted else ""
    told: dict[str, Json] = {
        "schema": 1,
        "release": release.id,
        "brief": brief,
        "pixels": pixels,
        "recipe": recipe,
        "published": dict(facts),
        "retracted": why,
        "decisions": [to_json(one) for one in trail.entries if any(seen.pixels == pixels for seen in one.pictures)],
        "approvals": _said(lock, pixels),
        "lacking": tuple(lacking),
    }
    files["picture.json"] = canonical(told) + b"\n"
    return Restored(release=release.id, pixels=pixels, brief=brief, files=files, lacking=tuple(lacking), retracted=why)


def _said(lock: Lock, pixels: str) -> list[Json]:
    """Every yes and no to these pixels that the lock holds."""
    pinned = [one for assets in lock.briefs.values() for one in assets.values()]
    yes = [to_json(said) for one in pinned for said in one.approvals if said.pixels == pixels]
    no = [to_json(said) for one in pinned for said in one.rejections if said.pixels == pixels]
    return [*yes, *no]


def _manifest(data: bytes) -> bytes:
    """The C2PA manifest store inside a file."""
    try:
        return probe(data).c2pa
    except ImageFault:
        return b""


def _from_store(store: Store, recipe: str, pixels: str, files: dict[str, bytes], lacking: list[str]) -> None:
    """The recipe as it was asked, and the lossless master."""
    record = (store.lookup(asset_key(recipe, pixels)) or store.lookup(recipe)) if recipe else None
    if record is None:
        lacking.append("the recipe: the store has no record of it any more")
        return
    files["recipe.json"] = canonical(record) + b"\n"
    asset = record.get("asset")
    master = store.get(str(asset["digest"])) if isinstance(asset, dict) and asset.get("pixels") == pixels else None
    if master is None:
        lacking.append("the master: its pixels are not in the store any more")
    else:
        files["master.png"] = master
