"""Holds the trail against itself and against the lock: the entry points of `aibild audit`, and what frozen builds ask of both.

Reads both files and changes neither. It proves that nothing was changed or dropped since the lock's newest lines; it cannot prove
who somebody was, and whoever rewrites lock and trail together, and pushes that, leaves no trace in them: forges can refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..audit import OF, TRAIL_FILE, Entry, Event, Trail, read_trail
from ..canonical import digest_of
from ..disk import write_atomic
from ..errors import FrozenError
from ..lock import LOCK_FILE, Lock
from ..model import Finding, Level, Origin
from .pinning import read_now, trail_text

_AGREED = "trail.agreed"
_SAID = {Event.APPROVED: "approved", Event.REJECTED: "rejected"}
_SHOWING = (Event.GENERATED, Event.REPINNED, Event.PICKED)
_ENDING = (Event.WITHDRAWN, Event.REJECTED, Event.RETRACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How many lines there are, the hashes that the next one will follow, and every fault."""

    lines: int
    heads: tuple[str, ...]
    findings: tuple[Finding, ...]


def verify_trail(root: Path) -> Verified:
    """Whether the trail is whole, and tells of all that the lock holds. Raises SourceError when the lock cannot be read."""
    trail, faults = read_trail(trail_text(root))
    lock = read_now(root)
    findings = (*faults, *_cut(lock, trail), *_untold(lock, trail), *_unseen(lock, trail), *_forgotten(lock, trail))
    return Verified(lines=len(trail.entries), heads=trail.heads, findings=findings)


def refuse_untold(root: Path, state: Path) -> None:
    """Raises FrozenError with every fault of the trail; a site that never had one has none.

    Two files that agreed are remembered in `state` by their digests: hashing them takes a hundredth of the time of reading them.
    """
    digest = digest_of(_bytes(root / LOCK_FILE) + b"\0" + _bytes(root / TRAIL_FILE))
    if _bytes(state / _AGREED).decode("ascii", "replace") == digest:
        return
    faults = tuple(f"{one.origin}: {one.message}" for one in verify_trail(root).findings if one.level is Level.ERROR)
    if faults:
        message = f"{TRAIL_FILE} has {len(faults)} fault{'' if len(faults) == 1 else 's'}: lines were changed, dropped or cut off"
        hint = f"`aibild audit verify` explains them; bring {TRAIL_FILE} and {LOCK_FILE} back from version control"
        raise FrozenError(message, faults, hint=hint)
    with suppress(OSError):
        write_atomic(state / _AGREED, digest.encode())


def _bytes(path: Path) -> bytes:
    """A file's bytes; none where it cannot be read, of which those tell that need it."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def show_trail(root: Path, name: str = "") -> tuple[Entry, ...]:
    """The events in the order of the file: all, or those about a brief, or about pixels (8 digits or more)."""
    trail, _ = read_trail(trail_text(root))
    return tuple(one for one in trail.entries if not name or one.brief == name or _about(one, name))


def _about(one: Entry, pixels: str) -> bool:
    named = (*(picture.pixels for picture in one.pictures), *one.gone)
    return len(pixels) >= 8 and any(name.startswith(pixels) for name in named)


def _cut(lock: Lock, trail: Trail) -> Iterator[Finding]:
    """Lines that the lock names and the trail lacks: what a cut tail looks like."""
    there = {one.hash for one in trail.entries}
    named = [
        (f"{brief}" if asset == "master" else f"{brief} {asset}", pinned.audit)
        for brief, assets in sorted(lock.briefs.items())
        for asset, pinned in sorted(assets.items())
    ]
    named += [(f"retraction {pixels[:12]}", one.audit) for pixels, one in sorted(lock.retracted.items())]
    for subject, name in named:
        if name and name not in there:
            message = f"the lock names line {name[:12]} as the newest on `{subject}`, and the trail lacks it"
            hint = "its end was cut off, or the line was dropped or changed: bring it back from version control"
            yield _fault("audit-cut", message, hint, TRAIL_FILE)


def _untold(lock: Lock, trail: Trail) -> Iterator[Finding]:
    """Decisions in the lock that the trail does not tell, or tells the end of."""
    about: dict[str, list[Entry]] = {}
    for one in trail.entries:
        for pixels in {picture.pixels for picture in one.pictures}:
            about.setdefault(pixels, []).append(one)
    for brief, assets in sorted(lock.briefs.items()):
        for asset, pinned in sorted(assets.items()):
            rows = [(Event.APPROVED, one.who, one.role, one.pixels) for one in pinned.approvals]
            rows += [(Event.REJECTED, one.who, one.role, one.pixels) for one in pinned.rejections]
            for event, who, role, pixels in rows:
                near = about.get(pixels, [])
                asked = (event, who, role, brief, asset)
                told = [one for one in near if (one.event, one.who, one.role, one.brief, one.asset) == asked]
                subject = f"`{brief}`" if asset == "master" else f"`{brief} {asset}`"
                what = f"that {who} {_SAID[event]} {pixels[:12]} of {subject}"
                if not told:
                    hint = f"decide with aibild, which writes both files; or bring back {TRAIL_FILE}"
                    yield _fault("audit-unrecorded", f"the lock says {what}, and the trail does not", hint, LOCK_FILE)
                elif _ended(trail, told, _endings(near, told, who, brief, asset)):
                    message = f"the lock says {what}, and the trail says that this was taken back"
                    yield _fault("audit-ended", message, f"take the row out of {LOCK_FILE}, or decide again", LOCK_FILE)
    for pixels, barred in sorted(lock.retracted.items()):
        if not any(one.event is Event.RETRACTED for one in about.get(pixels, ())):
            message = f"the lock says that {barred.who} retracted {pixels[:12]}, and the trail does not"
            yield _fault("audit-unrecorded", message, f"bring back {TRAIL_FILE} from version control", LOCK_FILE)


def _unseen(lock: Lock, trail: Trail) -> Iterator[Finding]:
    """Pictures in use that came into the lock past the trail. What was pinned before there was a trail is not told by it."""
    shown: dict[tuple[str, str], set[str]] = {}
    for one in trail.entries:
        if one.event in _SHOWING:
            shown.setdefault((one.brief, one.asset), set()).update(picture.pixels for picture in one.pictures)
    for brief, assets in sorted(lock.briefs.items()):
        for asset, pinned in sorted(assets.items()):
            pixels = pinned.picked.pixels
            if pixels not in shown.get((brief, asset), {pixels}):
                subject = f"`{brief}`" if asset == "master" else f"`{brief} {asset}`"
                message = f"the lock shows {pixels[:12]} for {subject}, which the trail never saw there"
                yield _fault("audit-unrecorded", message, "was the lock edited by hand, or the trail lost in a merge?", LOCK_FILE)


def _forgotten(lock: Lock, trail: Trail) -> Iterator[Finding]:
    """Retractions that the lock has lost: those pixels could be published again."""
    told = [one for one in trail.entries if one.event is Event.RETRACTED]
    for pixels in sorted({picture.pixels for one in told for picture in one.pictures} - set(lock.retracted)):
        own = [one for one in told if _holds(one, pixels)]
        lifted = [one for one in trail.entries if one.event is Event.REINSTATED and _holds(one, pixels)]
        if not all(_before_any(trail, one, lifted) for one in own):
            message = f"the trail says that {own[-1].who} retracted {pixels[:12]}, and the lock does not bar it"
            hint = "`aibild retract` bars it again; a merge of aibild.lock may have lost the row"
            yield _fault("audit-forgotten", message, hint, LOCK_FILE)


def _endings(near: list[Entry], told: list[Entry], who: str, brief: str, asset: str) -> list[Entry]:
    """The events among `near`, all about the same pixels, that take back what `who` said of them here."""
    return [
        one
        for one in near
        if one.event is Event.RETRACTED
        or (
            one.event in _ENDING
            and one not in told
            and (one.brief, one.asset) == (brief, asset)
            and who in (one.who, one.reason.removeprefix(OF))
        )
    ]


def _ended(trail: Trail, told: list[Entry], endings: list[Entry]) -> bool:
    """Whether each of these events is followed by one that takes it back."""
    return bool(endings) and all(_before_any(trail, one, endings) for one in told)


def _before_any(trail: Trail, one: Entry, later: list[Entry]) -> bool:
    """Whether any of `later` follows `one`, by whatever way through the graph."""
    follows = {entry.hash: entry.follows for entry in trail.entries}
    seen: set[str] = set()
    names = [name for entry in later for name in entry.follows]
    while names:
        name = names.pop()
        if name == one.hash:
            return True
        if name not in seen:
            seen.add(name)
            names += follows.get(name, ())
    return False


def _holds(one: Entry, pixels: str) -> bool:
    return any(picture.pixels == pixels for picture in one.pictures)


def _fault(rule: str, message: str, hint: str, path: str) -> Finding:
    return Finding(rule=rule, level=Level.ERROR, message=message, origin=Origin(path=path, line=None), subject=path, hint=hint)
