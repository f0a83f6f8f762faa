"""The one place that writes `aibild.lock`, with the trail beside it: one process at a time, the trail first.

Takes a change from a lock to a lock and the events that tell it. A crash between the two files leaves an event that the lock does
not show yet, never a lock that names a line which is not there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ..audit import TRAIL_FILE, Entry, Event, Seen, append, entry, read_trail
from ..config import STATE_FOLDER
from ..disk import write_atomic
from ..errors import OutputError, SourceError
from ..lock import LOCK_FILE, Lock, Pin, Pinned, merge, read_lock, write_lock
from ..model import Actor, Json
from ..source import read_text
from .hooks import note_events

Change = Callable[[Lock], tuple[Lock, Sequence[Entry]]]
Outcomes = Mapping[str, Mapping[str, str]]
NO_OUTCOMES: Outcomes = MappingProxyType({})


def record(root: Path, change: Change) -> Lock:
    """Change the lock as it is now and tell the trail; returns the lock as it is then. Nothing is written where nothing changes.

    Raises SourceError when the lock cannot be read, OutputError when it cannot be written, and what `change` raises.
    """
    with _turn(root):
        before = read_now(root)
        after, events = change(before)
        try:
            events = _recalled(root, events)
            hashes = append(root, events)
            note_events(root, events, hashes)
            after = _told(after, events, hashes)
            write_atomic(root / LOCK_FILE, write_lock(after).encode())
        except OSError as error:
            raise OutputError(f"cannot write {LOCK_FILE} and {TRAIL_FILE} in {root}: {error.strerror or error}") from error
    return after


def record_build(root: Path, before: Lock, after: Lock, actor: Callable[[], Actor], outcomes: Outcomes = NO_OUTCOMES) -> Lock:
    """Write what a build or `generate` pinned since it read `before`; what people decided meanwhile stays.

    `outcomes` is what gates said, by recipe key and gate: limits may change, so the trail tells how it was then.
    """

    if after == before and _stands(root, after):
        return before

    def change(now: Lock) -> tuple[Lock, Sequence[Entry]]:
        merged = merge(before, after, now)
        return merged, tuple(_events(now, merged, actor(), outcomes))

    return record(root, change)


def _stands(root: Path, lock: Lock) -> bool:
    try:
        return (root / LOCK_FILE).read_bytes() == write_lock(lock).encode()
    except OSError:
        return False


def read_now(root: Path) -> Lock:
    """The lock as it stands. Raises SourceError when it is none."""
    if not (root / LOCK_FILE).exists():
        return Lock()
    text, unread = read_text(root, LOCK_FILE)
    lock, findings = read_lock(text)
    if unread or findings:
        raise SourceError((*unread, *findings))
    return lock


def trail_text(root: Path) -> str:
    """The trail as it stands; "" where there is none. Raises OutputError."""
    try:
        return (root / TRAIL_FILE).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise OutputError(f"cannot read {root / TRAIL_FILE}: {error.strerror or error}") from error


def seen(lock: Lock, pixels: str, pinned: Pinned | None = None) -> tuple[Seen, ...]:
    """What a trail says of one picture; of pixels that the lock does not have, the pixels alone."""
    everywhere = (one for assets in lock.briefs.values() for one in assets.values())
    for one in (pinned,) if pinned is not None else everywhere:
        for pin in one.candidates:
            if pin.pixels == pixels:
                return (_seen(lock, pin),)
    return (Seen(pixels=pixels),)


def _seen(lock: Lock, pin: Pin, outcomes: Mapping[str, str] = MappingProxyType({})) -> Seen:
    verdicts: dict[str, Json] = {gate: {"outcome": outcome} for gate, outcome in outcomes.items()}
    for gate, score in pin.scores.items():
        verdicts[gate] = {"score": score, **({"outcome": outcomes[gate]} if gate in outcomes else {})}
    return Seen(
        pixels=pin.pixels,
        recipe=pin.recipe,
        engine=pin.engine,
        model=pin.model,
        model_digest=_fingerprint(lock.models.get(pin.model)),
        seed=pin.seed,
        verdicts=verdicts,
    )


def _recalled(root: Path, events: Sequence[Entry]) -> tuple[Entry, ...]:
    """Decisions look at no gate: they repeat the outcomes that the trail told last of the same pixels."""
    rows: list[str] | None = None
    told = []
    for event in events:
        pictures = []
        for one in event.pictures:
            if one.verdicts and not any(isinstance(said, Mapping) and "outcome" in said for said in one.verdicts.values()):
                rows = trail_text(root).split("\n") if rows is None else rows
                one = replace(one, verdicts=_last_said(rows, one))
            pictures.append(one)
        told.append(replace(event, pictures=tuple(pictures)))
    return tuple(told)


def _last_said(rows: Sequence[str], seen: Seen) -> Mapping[str, Json]:
    """The verdicts of the newest line on the pixels, where they are of the same scores."""
    row = next((row for row in reversed(rows) if f'"pixels":"{seen.pixels}"' in row and '"outcome":' in row), "")
    trail, _ = read_trail(f"{row}\n" if row else "")
    for picture in (picture for one in trail.entries for picture in one.pictures if picture.pixels == seen.pixels):
        old = {gate: said for gate, said in picture.verdicts.items() if isinstance(said, Mapping)}
        if all(
            old.get(gate, {}).get("score") == said.get("score")
            for gate, said in seen.verdicts.items()
            if isinstance(said, Mapping)
        ):
            return picture.verdicts
    return seen.verdicts


def _told(lock: Lock, events: Sequence[Entry], hashes: Sequence[str]) -> Lock:
    """The lock with the newest line named at each asset and each retraction that it is about."""
    for event, name in zip(events, hashes, strict=True):
        pinned = lock.pinned(event.brief, event.asset)
        if pinned is not None:
            lock = lock.pin(event.brief, event.asset, replace(pinned, audit=name))
        for picture in event.pictures:
            if event.event is Event.RETRACTED and picture.pixels in lock.retracted:
                barred = replace(lock.retracted[picture.pixels], audit=name)
                lock = replace(lock, retracted={**lock.retracted, picture.pixels: barred})
    return lock


def _events(before: Lock, after: Lock, actor: Actor, outcomes: Outcomes) -> Iterator[Entry]:
    """What a build did to the lock: one event an asset, and one a model. What only left the lock is told by nothing."""
    for name, model in sorted(after.models.items()):
        if model != before.models.get(name):
            yield entry(Event.MODEL, actor, pictures=(Seen(model=name, model_digest=_fingerprint(model)),))
    for brief, assets in sorted(after.briefs.items()):
        for asset, pinned in sorted(assets.items()):
            was = before.pinned(brief, asset)
            event = _event(was, pinned)
            if event is not None:
                first = pinned.picked
                rest = [pin for pin in pinned.candidates if pin is not first] if event is not Event.PICKED else []
                pictures = tuple(_seen(after, pin, outcomes.get(pin.recipe, {})) for pin in (first, *rest))
                yield entry(event, actor, brief=brief, asset=asset, pictures=pictures)


def _event(was: Pinned | None, now: Pinned) -> Event | None:
    if was is None:
        return Event.GENERATED
    if {pin.recipe for pin in was.candidates} != {pin.recipe for pin in now.candidates}:
        return Event.GENERATED
    if {pin.pixels for pin in was.candidates} != {pin.pixels for pin in now.candidates}:
        return Event.REPINNED
    return Event.PICKED if was.picked.pixels != now.picked.pixels else None


def _fingerprint(model: Json) -> str:
    return str(model.get("fingerprint", "")) if isinstance(model, Mapping) else ""


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    """One process at a time changes the lock; the kernel ends the turn of one that was killed."""
    try:
        (root / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
        handle = os.open(root / STATE_FOLDER / "lock.turn", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(f"cannot write aibild's own folder {root / STATE_FOLDER}: {error.strerror or error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
