"""What people decide about pinned pixels: yes, no, this one, never again. Each function goes from a lock to a lock.

Takes who and when as arguments. A decision that is there already gives the same lock back, so nothing is written twice. What
cannot be decided raises DecisionError. Whether anybody may decide is not known here.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import DecisionError
from ..model import Approval, Rejection, Retraction
from .nouns import Lock, Pinned


def approve(lock: Lock, brief: str, asset: str, pixels: str, *, who: str, role: str, when: str) -> Lock:
    """`who` says yes to `pixels`, a candidate of this asset, in the role `role`; their no to them, if any, is gone.

    Raises DecisionError where the pixels are none of its candidates, or retracted.
    """
    pinned = _candidate(lock, brief, asset, pixels)
    if pixels in lock.retracted:
        raise DecisionError(f"{_name(brief, asset)}: {pixels[:12]} was retracted: {lock.retracted[pixels].reason}")
    if any((one.who, one.role, one.pixels) == (who, role, pixels) for one in pinned.approvals):
        return lock
    yes = Approval(who=who, role=role, when=when, pixels=pixels)
    noes = tuple(one for one in pinned.rejections if (one.who, one.pixels) != (who, pixels))
    approvals = tuple(sorted((*pinned.approvals, yes), key=lambda one: (one.pixels, one.role, one.who)))
    return lock.pin(brief, asset, replace(pinned, approvals=approvals, rejections=noes))


def reject(lock: Lock, brief: str, asset: str, pixels: str, *, who: str, role: str, when: str, reason: str) -> Lock:
    """`who` says no to `pixels`; their approvals of them are gone. The no stands until it is withdrawn. Raises DecisionError."""
    pinned = _candidate(lock, brief, asset, pixels)
    if not reason.strip():
        raise DecisionError("a rejection without a reason helps nobody", hint="--reason 'the label cannot be read'")
    if any((one.who, one.role, one.pixels, one.reason) == (who, role, pixels, reason) for one in pinned.rejections):
        return lock
    no = Rejection(who=who, role=role, when=when, pixels=pixels, reason=reason)
    others = (one for one in pinned.rejections if (one.who, one.pixels) != (who, pixels))
    noes = tuple(sorted((*others, no), key=lambda one: (one.pixels, one.role, one.who)))
    yeses = tuple(one for one in pinned.approvals if (one.who, one.pixels) != (who, pixels))
    return lock.pin(brief, asset, replace(pinned, approvals=yeses, rejections=noes))


def withdraw(lock: Lock, brief: str, asset: str, pixels: str, *, who: str) -> Lock:
    """Takes back what `who` said of `pixels`, yes or no. Raises DecisionError where they said nothing."""
    pinned = _pinned(lock, brief, asset)
    yeses = tuple(one for one in pinned.approvals if (one.who, one.pixels) != (who, pixels))
    noes = tuple(one for one in pinned.rejections if (one.who, one.pixels) != (who, pixels))
    if (yeses, noes) == (pinned.approvals, pinned.rejections):
        said = sorted(
            {one.who for one in pinned.approvals if one.pixels == pixels}
            | {one.who for one in pinned.rejections if one.pixels == pixels}
        )
        hint = f"approved or rejected by {', '.join(said)}" if said else ""
        raise DecisionError(f"{_name(brief, asset)}: nothing that {who} said of {pixels[:12]}", hint=hint)
    return lock.pin(brief, asset, replace(pinned, approvals=yeses, rejections=noes))


def pick(lock: Lock, brief: str, asset: str, pixels: str) -> Lock:
    """The candidate with `pixels` is the one that pages show. Raises DecisionError where it is barred or there is none."""
    pinned = _candidate(lock, brief, asset, pixels)
    if pixels in lock.retracted:
        raise DecisionError(f"{_name(brief, asset)}: {pixels[:12]} was retracted: {lock.retracted[pixels].reason}")
    if pinned.picked.pixels == pixels:
        return lock
    index = next(index for index, one in enumerate(pinned.candidates) if one.pixels == pixels)
    return lock.pin(brief, asset, replace(pinned, pick=index))


def retract(lock: Lock, pixels: str, *, who: str, when: str, reason: str, brief: str = "") -> Lock:
    """Bars `pixels` from every build; their approvals are gone, wherever they were given. Raises DecisionError."""
    if not reason.strip():
        raise DecisionError("a retraction needs a reason", hint="--reason 'no licence for the building'")
    if pixels in lock.retracted:
        return lock
    briefs = {
        owner: {name: _unapproved(pinned, pixels) for name, pinned in assets.items()} for owner, assets in lock.briefs.items()
    }
    barred = Retraction(who=who, when=when, pixels=pixels, reason=reason, brief=brief)
    return replace(lock, briefs=briefs, retracted={**lock.retracted, pixels: barred})


def reinstate(lock: Lock, pixels: str) -> Lock:
    """Lifts a retraction. Approvals do not come back. Raises DecisionError where there is none."""
    if pixels not in lock.retracted:
        raise DecisionError(f"{pixels[:12]} is not retracted")
    return replace(lock, retracted={name: one for name, one in lock.retracted.items() if name != pixels})


def retracted(lock: Lock) -> frozenset[str]:
    """The pixels that no build may use, and that deploys remove and purge."""
    return frozenset(lock.retracted)


def _unapproved(pinned: Pinned, pixels: str) -> Pinned:
    kept = tuple(one for one in pinned.approvals if one.pixels != pixels)
    return pinned if kept == pinned.approvals else replace(pinned, approvals=kept)


def _pinned(lock: Lock, brief: str, asset: str) -> Pinned:
    pinned = lock.pinned(brief, asset)
    if pinned is None:
        names = sorted(lock.briefs.get(brief, {}))
        hint = f"pinned of it: {', '.join(names)}" if names else "`aibild build` or `aibild generate` pins pictures"
        raise DecisionError(f"the lock has no {_name(brief, asset)}", hint=hint)
    return pinned


def _candidate(lock: Lock, brief: str, asset: str, pixels: str) -> Pinned:
    pinned = _pinned(lock, brief, asset)
    if all(one.pixels != pixels for one in pinned.candidates):
        hint = "candidates: " + ", ".join(one.pixels[:12] for one in pinned.candidates)
        raise DecisionError(f"{_name(brief, asset)} has no candidate with pixels {pixels[:12]}", hint=hint)
    return pinned


def _name(brief: str, asset: str) -> str:
    return f"`{brief}`" if asset == "master" else f"`{brief} {asset}`"
