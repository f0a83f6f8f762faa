"""People's decisions on pictures, written to lock and trail together: approve, reject, withdraw, pick, retract, reinstate.

For command lines and the review board. Each takes the project's root, a brief's id and an `Actor` (who, as told by what, when):

    approve_pictures(root, brief, actor, *, role="", asset="", pixels="") -> tuple[Decision, ...]
    reject_pictures(root, brief, actor, *, reason, role="", asset="", pixels="") -> tuple[Decision, ...]
    withdraw_pictures(root, brief, actor, *, of="", asset="", pixels="") -> tuple[Decision, ...]
    pick_picture(root, brief, actor, *, pixels, asset="master") -> tuple[Decision, ...]
    retract_pictures(root, name, actor, *, reason) / reinstate_pictures(root, name, actor, *, reason) -> Retracted

`asset` "" is every picture of the brief that pages show, `pixels` "" is the one in use; a beginning of 8 digits or more will do.
All of them raise DecisionError (exit 1) with nothing written, and SourceError when `aibild.toml` or the lock cannot be read. A
decision that is there already is none, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import lock as locks
from ..audit import OF, Entry, Event, Trail, entry, read_trail
from ..config import Approvals, read_config
from ..errors import DecisionError, SourceError
from ..lock import Lock, Pinned
from ..model import MASTER, Actor
from ..plan.approvals import pages_with, roles_of
from ..plan.chains import is_hidden
from ..plan.reading import open_project
from ..source import nearest
from .pinning import read_now, record, seen, trail_text

_SHORTEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of one picture, and whether that was new."""

    brief: str
    asset: str
    pixels: str
    event: str
    role: str = ""
    new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    """Pixels that were barred (or let in again), the briefs and pages that show them, the releases that did, and their targets.

    `complete` is False where the site's source is wrong, so that its pages could not be asked.
    """

    pixels: tuple[str, ...]
    briefs: tuple[str, ...]
    pages: tuple[str, ...]
    releases: tuple[str, ...]
    targets: tuple[str, ...] = ()
    complete: bool = True


Change = Callable[[Lock, str, str], Lock]


def approve_pictures(
    root: Path, brief: str, actor: Actor, *, role: str = "", asset: str = "", pixels: str = ""
) -> tuple[Decision, ...]:
    """Say yes to pictures of `brief`, in a role that the actor holds."""
    held = role_for(_approvals(root), actor, role)

    def yes(lock: Lock, name: str, chosen: str) -> Lock:
        return locks.approve(lock, brief, name, chosen, who=actor.who, role=held, when=actor.when)

    return _decide(root, brief, actor, Event.APPROVED, yes, asset=asset, pixels=pixels, role=held)


def reject_pictures(
    root: Path, brief: str, actor: Actor, *, reason: str, role: str = "", asset: str = "", pixels: str = ""
) -> tuple[Decision, ...]:
    """Say no to pictures of `brief`, and why."""
    held = role_for(_approvals(root), actor, role)

    def no(lock: Lock, name: str, chosen: str) -> Lock:
        return locks.reject(lock, brief, name, chosen, who=actor.who, role=held, when=actor.when, reason=reason)

    return _decide(root, brief, actor, Event.REJECTED, no, asset=asset, pixels=pixels, role=held, reason=reason)


def withdraw_pictures(
    root: Path, brief: str, actor: Actor, *, of: str = "", asset: str = "", pixels: str = ""
) -> tuple[Decision, ...]:
    """Take back the actor's own yes or no, or that of the person `of`."""
    approvals, whose = _approvals(root), of or actor.who
    if whose != actor.who and approvals.people and not roles_of(approvals.people, actor.who):
        raise DecisionError(f"{actor.who} has no role in [approvals.people], and takes back only what is their own")

    def back(lock: Lock, name: str, chosen: str) -> Lock:
        return locks.withdraw(lock, brief, name, chosen, who=whose)

    reason = "" if whose == actor.who else f"{OF}{whose}"
    return _decide(root, brief, actor, Event.WITHDRAWN, back, asset=asset, pixels=pixels, reason=reason)


def pick_picture(root: Path, brief: str, actor: Actor, *, pixels: str, asset: str = MASTER) -> tuple[Decision, ...]:
    """Let pages show the candidate with `pixels`."""

    def this(lock: Lock, name: str, chosen: str) -> Lock:
        return locks.pick(lock, brief, name, chosen)

    return _decide(root, brief, actor, Event.PICKED, this, asset=asset, pixels=pixels)


def retract_pictures(root: Path, name: str, actor: Actor, *, reason: str) -> Retracted:
    """Bar pixels from every build. `name` is a brief (all its pictures in use) or pixels."""

    def bar(lock: Lock) -> tuple[Lock, tuple[Entry, ...]]:
        after, told = lock, []
        for owner, one in _named(lock, name):
            changed = locks.retract(after, one, who=actor.who, when=actor.when, reason=reason, brief=owner)
            if changed != after:
                told.append(entry(Event.RETRACTED, actor, brief=owner, pictures=seen(lock, one), reason=reason))
            after = changed
        return after, tuple(told)

    before = read_now(root)
    record(root, bar)
    return _where(root, before, tuple(pixels for _, pixels in _named(before, name)))


def reinstate_pictures(root: Path, name: str, actor: Actor, *, reason: str) -> Retracted:
    """Let barred pixels in again. `name` is the brief they were retracted with, or pixels."""

    def lift(lock: Lock) -> tuple[Lock, tuple[Entry, ...]]:
        after, told = lock, []
        for one in _barred(lock, name):
            after = locks.reinstate(after, one)
            told.append(entry(Event.REINSTATED, actor, brief=lock.retracted[one].brief, pictures=seen(lock, one), reason=reason))
        return after, tuple(told)

    before = read_now(root)
    record(root, lift)
    return _where(root, before, _barred(before, name))


def role_for(approvals: Approvals, actor: Actor, role: str) -> str:
    """The role in which the actor decides: the one that was asked for, or the only one they have. Raises DecisionError."""
    if not actor.who:
        raise DecisionError("nobody is known here who could decide", hint="git config user.email NAME@EXAMPLE.ORG")
    if not approvals.people:
        return role
    held = roles_of(approvals.people, actor.who)
    if not held:
        raise DecisionError(f"{actor.who} has no role in [approvals.people]", hint="add the address to aibild.toml")
    if role and role not in held:
        raise DecisionError(f"expected a role of {actor.who} ({', '.join(held)}), got `{role}`")
    if not role and len(held) > 1:
        raise DecisionError(f"{actor.who} has several roles", hint=" or ".join(f"--role {name}" for name in held))
    return role or held[0]


def _decide(
    root: Path,
    brief: str,
    actor: Actor,
    event: Event,
    change: Change,
    *,
    asset: str = "",
    pixels: str = "",
    role: str = "",
    reason: str = "",
) -> tuple[Decision, ...]:
    decisions: list[Decision] = []

    def all_of(lock: Lock) -> tuple[Lock, tuple[Entry, ...]]:
        after, told = lock, []
        for name, pinned in _assets(lock, brief, asset).items():
            chosen = _chosen(pinned, brief, pixels)
            changed = change(after, name, chosen)
            new = changed != after
            decisions.append(Decision(brief=brief, asset=name, pixels=chosen, event=event.value, role=role, new=new))
            if new:
                pictures = seen(lock, chosen, pinned)
                told.append(entry(event, actor, brief=brief, asset=name, pictures=pictures, role=role, reason=reason))
            after = changed
        return after, tuple(told)

    record(root, all_of)
    return tuple(decisions)


def _assets(lock: Lock, brief: str, asset: str) -> dict[str, Pinned]:
    pinned = lock.briefs.get(brief, {})
    if not pinned:
        near = nearest(brief, lock.briefs)
        hint = f"did you mean `{near}`?" if near else "`aibild build` or `aibild generate` pins pictures"
        raise DecisionError(f"the lock has no picture of a brief `{brief}`", hint=hint)
    if asset and asset not in pinned:
        raise DecisionError(f"`{brief}` has no picture `{asset}` in the lock", hint=f"it has {', '.join(sorted(pinned))}")
    return {name: one for name, one in sorted(pinned.items()) if (name == asset if asset else not is_hidden(name))}


def _chosen(pinned: Pinned, brief: str, pixels: str) -> str:
    if not pixels:
        return pinned.picked.pixels
    found = sorted({one.pixels for one in pinned.candidates if len(pixels) >= _SHORTEST and one.pixels.startswith(pixels)})
    if len(found) != 1:
        there = ", ".join(one.pixels[:12] for one in pinned.candidates)
        hint = f"candidates: {there}; {_SHORTEST} digits or more"
        raise DecisionError(f"expected pixels of a candidate of `{brief}`, got {pixels}", hint=hint)
    return found[0]


def _named(lock: Lock, name: str) -> tuple[tuple[str, str], ...]:
    """(brief, pixels) of what is to be barred; pixels need not be in the lock when all of their digits are given."""
    if name in lock.briefs:
        return tuple(dict.fromkeys((name, pinned.picked.pixels) for _, pinned in sorted(lock.briefs[name].items())))
    everywhere = [
        (brief, one.pixels)
        for brief, assets in sorted(lock.briefs.items())
        for pinned in assets.values()
        for one in pinned.candidates
    ]
    found = _matching(name, (pixels for _, pixels in everywhere))
    if found:
        return (next(pair for pair in everywhere if pair[1] == found[0]),)
    if _is_pixels(name):
        return (("", name),)
    near = nearest(name, lock.briefs)
    hint = f"did you mean `{near}`?" if near else f"a brief of the lock, or {_SHORTEST} to 64 hexadecimal digits of its pixels"
    raise DecisionError(f"the lock has no picture `{name}`", hint=hint)


def _barred(lock: Lock, name: str) -> tuple[str, ...]:
    own = tuple(sorted(pixels for pixels, one in lock.retracted.items() if one.brief == name))
    found = own or _matching(name, lock.retracted)
    if not found:
        raise DecisionError(f"nothing named `{name}` is retracted", hint="`aibild retract` without a name lists what is")
    return found


def _matching(name: str, pixels: Iterable[str]) -> tuple[str, ...]:
    found = sorted({one for one in pixels if len(name) >= _SHORTEST and one.startswith(name)})
    if len(found) > 1:
        raise DecisionError(f"several pictures begin with {name}", hint=", ".join(one[:16] for one in found))
    return tuple(found)


def _is_pixels(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)


def _where(root: Path, lock: Lock, pixels: Sequence[str]) -> Retracted:
    """Who shows them: briefs by the lock as it was, pages by the site's source, releases by the trail."""
    briefs = {brief for brief, assets in lock.briefs.items() for one in assets.values() if one.picked.pixels in pixels}
    trail, _ = read_trail(trail_text(root))
    pages, complete = _pages(root, briefs)
    shown = releases_with(trail, pixels)
    return Retracted(
        pixels=tuple(pixels),
        briefs=tuple(sorted(briefs)),
        pages=pages,
        releases=tuple(dict.fromkeys(release for release, _ in shown)),
        targets=tuple(sorted({target for _, target in shown if target})),
        complete=complete,
    )


def releases_with(trail: Trail, pixels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The releases (id, target) in which the trail says that any of `pixels` was shown, in its order."""
    told: dict[tuple[str, str], Entry] = {}
    for one in trail.entries:
        if one.release and one.after != one.release:  # shown again, it is what it was
            told.setdefault((one.release, one.target), one)
    showing: set[tuple[str, str]] = set()
    for wanted in set(pixels):
        known: dict[tuple[str, str], bool] = {}
        for key in told:
            passed = []
            at = key
            while at not in known:
                line = told.get(at)
                passed.append(at)
                known[at] = line is not None and any(picture.pixels == wanted for picture in line.pictures)
                if line is None or known[at] or wanted in line.gone or not line.after:
                    break
                at = line.after, line.target
            known |= dict.fromkeys(passed, known[at])
        showing |= {key for key, shows in known.items() if shows}
    return tuple(key for key in told if key in showing)


def _pages(root: Path, briefs: set[str]) -> tuple[tuple[str, ...], bool]:
    """What is retracted must be barred even while somebody's page has a fault, so that is no error here."""
    try:
        project = open_project(root)
    except SourceError:
        return (), False
    return pages_with(project, briefs), True


def _approvals(root: Path) -> Approvals:
    config, findings = read_config(root)
    if config is None:
        raise SourceError(findings)
    return config.approvals
