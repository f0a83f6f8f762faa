"""Tells the trail which releases a target showed, each with the pictures that came and went.

Takes releases as a deploy or a target's history names them, appends `published` lines. A release is told once: by the deploy
itself, or later from the target's history, where nobody kept the line that a deploy wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..audit import Entry, Event, Seen, append, entry
from ..canonical import canonical
from ..errors import OutputError
from ..model import Actor
from .pinning import trail_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A release and the pixels of all its pictures."""

    release: str
    pixels: frozenset[str]


def tell_shown(root: Path, target: str, shown: Sequence[tuple[Showing, Actor]], *, before: Showing | None, again: bool) -> int:
    """Append a line for each of `shown`, oldest first; returns how many. `before` is what the target showed until then.

    One that is told already is passed over, unless it is shown `again`. A site without pictures that has no trail gets none.
    Raises OutputError.
    """
    text = trail_text(root)
    if not text and not any(one.pixels for one, _ in shown):
        return 0
    told = _told(text, target, {one.release for one, _ in shown} | ({before.release} if before is not None else set()))
    events: list[Entry] = []
    for one, actor in shown:
        if one.release not in told:
            base = before if before is not None and before.release in told else None
            was: Collection[str] = base.pixels if base is not None else ()
            events.append(
                entry(
                    Event.PUBLISHED,
                    actor,
                    release=one.release,
                    target=target,
                    after=base.release if base is not None else "",
                    pictures=tuple(Seen(pixels=pixels) for pixels in sorted(one.pixels.difference(was))),
                    gone=tuple(sorted(set(was) - one.pixels)),
                )
            )
            told.add(one.release)
        elif again:
            events.append(entry(Event.PUBLISHED, actor, release=one.release, target=target, after=one.release))
        before = one
    try:
        append(root, events)
    except OSError as error:
        raise OutputError(f"cannot write the trail in {root}: {error.strerror or error}") from error
    return len(events)


def _told(text: str, target: str, releases: Collection[str]) -> set[str]:
    """Which of `releases` the trail tells of this target. Its lines are canonical, so that they can be searched as they are."""
    place = f'"target":{canonical(target).decode()}'
    rows = [row for row in text.split("\n") if '"event":"published"' in row and place in row]
    return {name for name in releases if any(f'"release":{canonical(name).decode()}' in row for row in rows)}
