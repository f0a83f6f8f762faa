"""`aibild.audit.jsonl`: the append-only trail of what was made, picked, approved, rejected, withdrawn, retracted and pinned anew.

Takes events and the text of that one file, yields entries and findings. One line is one event in canonical JSON. It carries the
hash of itself and the hashes of all heads (lines that no other line follows) that were there when it was appended, so the trail
is a graph: two branches append on their own, a merge keeps the lines of both in any order, and the next line follows both.
The lock names the newest line on each asset, so a cut tail is found. Nothing is signed: a name is as trustworthy as the forge
that lets people write to the repository.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from .canonical import canonical, digest_of
from .model import Actor, Finding, Json, Level, Origin
from .wire import from_json, to_json

TRAIL_FILE = "aibild.audit.jsonl"
TRAIL_SCHEMA = 1
OF = "what was said by "  # begins the reason where somebody takes back what another person said


class Event(StrEnum):
    GENERATED = "generated"
    REPINNED = "repinned"
    PICKED = "picked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"
    REINSTATED = "reinstated"
    MODEL = "model"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One picture that an event is about. `model_digest` is the fingerprint that the lock pins; `verdicts` are by gate: score
    and outcome (`pass`, `review`, `block`) as it was judged then.

    `pixels` is "" where the event is about a model itself.
    """

    pixels: str = ""
    recipe: str = ""
    engine: str = ""
    model: str = ""
    model_digest: str = ""
    seed: int = 0
    verdicts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `who` is as `source` says (`git`, `github`, …), `when` RFC 3339; `pictures` are what it is about, picked first.

    `role` and `reason` are a person's. `release` names what `target` showed: `pictures` that came and pixels that are `gone`
    since the release `after`, "" where `pictures` are all of them. `follows` and `hash` are given by `append`.
    """

    event: Event
    who: str = ""
    source: str = ""
    when: str = ""
    brief: str = ""
    asset: str = ""
    pictures: tuple[Seen, ...] = ()
    role: str = ""
    reason: str = ""
    release: str = ""
    target: str = ""
    after: str = ""
    gone: tuple[str, ...] = ()
    schema: int = TRAIL_SCHEMA
    follows: tuple[str, ...] = ()
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Every line that could be read, in the order of the file, with its number from 1; each once."""

    entries: tuple[Entry, ...] = ()
    lines: tuple[int, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """Hashes of the lines that no line follows, sorted."""
        followed = {name for entry in self.entries for name in entry.follows}
        return tuple(sorted({entry.hash for entry in self.entries} - followed))


def entry(event: Event, actor: Actor, **fields: Any) -> Entry:
    """An event by `actor`."""
    return Entry(event=event, who=actor.who, source=actor.source, when=actor.when, **fields)


def read_trail(text: str) -> tuple[Trail, tuple[Finding, ...]]:
    """The trail in `text` and every fault of it alone: changed, unreadable, torn and doubled lines, and lines that are missing.

    A last line without an end of line is what a crash leaves; it is told as a warning, and the next `append` repairs it.
    """
    found: dict[str, tuple[Entry, int]] = {}
    faults: list[Finding] = []
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")  # hashes are of content, not of line ends
    torn = rows.pop()
    for number, row in enumerate(rows, 1):
        one, fault = _read_line(row)
        if one is None:
            faults.append(_fault("audit-line", f"expected a line of the trail, got {fault}", number, _KEEP))
            continue
        if (came := _hash_of(row, one.hash)) != one.hash:
            message = f"this line was changed: its content gives {came[:12]}, and it says {one.hash[:12]}"
            faults.append(_fault("audit-changed", message, number, _RESTORE))
        if one.hash in found:
            message = f"this line stands a second time; the first is line {found[one.hash][1]}"
            faults.append(_fault("audit-duplicate", message, number, "delete one of the two, nothing is lost", Level.WARNING))
            continue
        found[one.hash] = one, number
    if torn:
        whole = _whole(torn)
        if whole is not None and whole.hash not in found:
            found[whole.hash] = whole, len(rows) + 1
        hint = "a process ended while it wrote; the next event repairs it"
        message = "the last line has no end" if whole else "the last line breaks off"
        faults.append(_fault("audit-torn", message, len(rows) + 1, hint, Level.WARNING))
    faults += _parentless(found)
    entries = tuple(one for one, _ in found.values())
    return Trail(entries=entries, lines=tuple(number for _, number in found.values())), tuple(faults)


_RESTORE = f"bring the line back from version control: `git log -p {TRAIL_FILE}`"
_KEEP = "after a merge keep whole lines of both sides, in any order"


def append(root: Path, events: Sequence[Entry]) -> tuple[str, ...]:
    """Write `events` behind each other at the end of the trail; returns their hashes. They are on the disk when it returns.

    The first follows all heads that are there, each other the one before it. One process writes at a time. A torn last line is
    repaired: finished where only its end is missing, cut off otherwise, since nothing was told of it yet. Raises OSError.
    """
    if not events:
        return ()
    handle = os.open(root / TRAIL_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        data = _read_all(handle)
        end = data.rfind(b"\n") + 1
        rest = data[end:].decode("utf-8", "replace")
        kept = data if not rest or _whole(rest) else data[:end]
        lead = b"\n" if kept and not kept.endswith(b"\n") else b""
        chained = tuple(_chained(events, _heads(kept.decode("utf-8", "replace"))))
        os.ftruncate(handle, len(kept))
        os.lseek(handle, 0, os.SEEK_END)
        _write_all(handle, lead + b"".join(canonical(_table(one)) + b"\n" for one in chained))
        os.fsync(handle)
    finally:
        os.close(handle)
    return tuple(one.hash for one in chained)


def _chained(events: Sequence[Entry], heads: tuple[str, ...]) -> Iterator[Entry]:
    for event in events:
        linked = replace(event, follows=heads, hash="")
        linked = replace(linked, hash=_hash(linked))
        yield linked
        heads = (linked.hash,)


def _hash(one: Entry) -> str:
    """SHA-256 of the canonical line without its own hash."""
    return digest_of(canonical({name: value for name, value in _table(one).items() if name != "hash"}))


def _table(one: Entry) -> dict[str, Json]:
    """What stands in the line. A release shows thousands of pictures, of which other lines tell the rest."""
    table = {name: value for name, value in to_json(one).items() if value or name not in _OF_RELEASES}
    if one.event is Event.PUBLISHED:
        table["pictures"] = [{"pixels": seen.pixels} for seen in one.pictures]
    return table


_OF_RELEASES = ("target", "after", "gone")


def _hash_of(row: str, said: str) -> str:
    """`_hash` from the line itself: its own hash stands there once, and never last. Text within it has its quotes escaped."""
    return digest_of(row.replace(f'"hash":"{said}",', "", 1).encode())


def _heads(text: str) -> tuple[str, ...]:
    """The hashes that no line follows, as the lines say it: whether they are right is asked when the trail is verified."""
    names: set[str] = set()
    followed: set[str] = set()
    for row in text.split("\n"):  # other ends of lines may stand in a text
        try:
            value = json.loads(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("hash"), str) and isinstance(value.get("follows"), list):
            names.add(value["hash"])
            followed.update(name for name in value["follows"] if isinstance(name, str))
    return tuple(sorted(names - followed))


def _is_canonical(value: object, row: str) -> bool:
    """What the standard library writes is canonical but for some numbers; those are written again by hand."""
    return _quick(value) == row or canonical(value).decode() == row


_quick = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _read_line(row: str) -> tuple[Entry | None, str]:
    try:
        value = json.loads(row)
    except (ValueError, RecursionError):
        return None, "no JSON" if row.strip() else "an empty line"
    try:
        one = from_json(Entry, value)
        return (one, "") if _is_canonical(value, row) else (None, "JSON that is not canonical")
    except ValueError as error:
        return None, str(error)


def _whole(row: str) -> Entry | None:
    one, _ = _read_line(row)
    return one if one is not None and _hash_of(row, one.hash) == one.hash else None


def _parentless(found: Mapping[str, tuple[Entry, int]]) -> Iterator[Finding]:
    """A line that is missing, or another one whose hash the next does not name any more, leaves its successors without it."""
    for one, number in found.values():
        for name in one.follows:
            if name not in found:
                message = f"this line follows {name[:12]}, which is not in the trail: it was dropped, or changed"
                yield _fault("audit-missing", message, number, _RESTORE)


def _fault(rule: str, message: str, line: int | None, hint: str, level: Level = Level.ERROR) -> Finding:
    origin = Origin(path=TRAIL_FILE, line=line)
    return Finding(rule=rule, level=level, message=message, origin=origin, subject=TRAIL_FILE, hint=hint)


def _read_all(handle: int) -> bytes:
    pieces = []
    while piece := os.read(handle, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
