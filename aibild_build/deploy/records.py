"""What a deploy leaves at the origin, as nouns and as JSON: the manifest of a release, and which release is current.

    .aibild/releases/<id>.json   every file of a release: digest, bytes, headers, the pixels that it shows
    .aibild/pages/<digest>-<h>   the bytes of every file that may change, with its headers: what a rollback copies from
    .aibild/current.json         which release is shown, and which were before it
    .aibild/intent.json          the lease of who is switching just now

Takes bytes, yields nouns, and the other way round. What cannot be read is a DeployError that names the object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..bucket import Headers
from ..canonical import canonical, key_of
from ..errors import DeployError
from ..wire import from_json, to_json

OWN = ".aibild/"
CURRENT = f"{OWN}current.json"
INTENT = f"{OWN}intent.json"
RELEASES = f"{OWN}releases/"
PAGES = f"{OWN}pages/"
SCHEMA = 1
Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file of a release. `digest` is of the file as it was built; `bytes` 0 means that it is stored compressed."""

    digest: str
    bytes: int
    headers: Headers
    immutable: bool = False
    pixels: str = ""

    @property
    def blob(self) -> str:
        """Where the file is kept for rollbacks, with its headers."""
        return f"{PAGES}{self.digest}-{key_of(to_json(self.headers))[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A whole site. `id` begins with the moment of its first deploy, by the clock of who deployed it; `recipes` are the keys of
    its pictures' recipes by their pixels."""

    id: str
    base_url: str
    lock: str
    mode: str
    rows: Mapping[str, Row]
    recipes: Mapping[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(row.bytes for row in self.rows.values())

    @property
    def pixels(self) -> frozenset[str]:
        """Of every picture that it shows."""
        return frozenset(row.pixels for row in self.rows.values() if row.pixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A release that was switched to, and when, by the origin's clock in seconds since the epoch."""

    id: str
    at: float
    files: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """`history` is oldest first, the last one is shown; `collected` counts collections, `retracted` are pixels that were taken
    away."""

    schema: int = SCHEMA
    history: tuple[Shown, ...] = ()
    collected: int = 0
    retracted: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.history[-1].id if self.history else ""

    def followed_by(self, shown: Shown) -> Current:
        return replace(self, history=(*self.history, shown))

    def replaced_at(self) -> Iterator[tuple[str, float | None]]:
        """Each release with the moment of its last replacement; None for the one that is shown."""
        last: dict[str, float | None] = {}
        for one, after in zip(self.history, (*self.history[1:], None), strict=True):
            last.pop(one.id, None)
            last[one.id] = after.at if after is not None else None
        yield from last.items()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Who is switching, to which release, and how long without a word of theirs counts as given up.

    `after` are releases whose deploys broke off before.
    """

    release: str
    holder: str
    seconds: float
    count: int = 0
    after: tuple[str, ...] = ()
    schema: int = field(default=SCHEMA)


def release_bytes(release: Release) -> bytes:
    """The manifest. Headers are few, so each set is written once."""
    kinds: dict[tuple[str, str, str, bool], int] = {}
    files: dict[str, list[object]] = {}
    for path, row in sorted(release.rows.items()):
        sent = row.headers
        kind = (sent.content_type, sent.cache_control, sent.content_encoding, row.immutable)
        files[path] = [row.digest, row.bytes, kinds.setdefault(kind, len(kinds)), *((row.pixels,) if row.pixels else ())]
    rows = ",\n".join(f"{json.dumps(path)}:{json.dumps(row, separators=(',', ':'))}" for path, row in files.items())
    head = canonical(
        {
            "schema": SCHEMA,
            "id": release.id,
            "base_url": release.base_url,
            "lock": release.lock,
            "mode": release.mode,
            "headers": [list(kind) for kind in kinds],
            "recipes": dict(release.recipes),
        }
    ).decode()
    return f'{head[:-1]},"files":{{\n{rows}\n}}}}\n'.encode()


def read_release(data: bytes, key: str) -> Release:
    """Raises DeployError."""
    try:
        found = json.loads(data)
        kinds = [
            (Headers(content_type=kind[0], cache_control=kind[1], content_encoding=kind[2]), bool(kind[3]))
            for kind in found["headers"]
        ]
        rows = {
            str(path): Row(
                digest=str(row[0]),
                bytes=int(row[1]),
                headers=kinds[row[2]][0],
                immutable=kinds[row[2]][1],
                pixels=str(row[3]) if len(row) > 3 else "",
            )
            for path, row in found["files"].items()
        }
        if found["schema"] != SCHEMA:
            raise ValueError(f"schema {found['schema']}")
        return Release(
            id=str(found["id"]),
            base_url=str(found["base_url"]),
            lock=str(found["lock"]),
            mode=str(found["mode"]),
            rows=rows,
            recipes={str(pixels): str(recipe) for pixels, recipe in found.get("recipes", {}).items()},
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise _unreadable(key, error) from error


def current_bytes(current: Current) -> bytes:
    return canonical(to_json(current)) + b"\n"


def read_current(data: bytes) -> Current:
    """Raises DeployError."""
    return _read(Current, data, CURRENT)


def intent_bytes(intent: Intent) -> bytes:
    return canonical(to_json(intent)) + b"\n"


def read_intent(data: bytes) -> Intent:
    """Raises DeployError."""
    return _read(Intent, data, INTENT)


def _read(kind: type[Noun], data: bytes, key: str) -> Noun:
    try:
        value = json.loads(data)
        if value["schema"] != SCHEMA:
            raise ValueError(f"schema {value['schema']}")
        return from_json(kind, value)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(key, error) from error


def _unreadable(key: str, error: Exception) -> DeployError:
    hint = "was it written by a newer aibild, or by hand?"
    return DeployError(f"`{key}` at the origin cannot be read: {error}", hint=hint)
