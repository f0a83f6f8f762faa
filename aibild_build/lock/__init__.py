"""`aibild.lock`: which pixels are pinned for which brief, who said yes or no to them, and which are barred from every build.

Takes and yields `Lock`; reads and writes nothing but the text of that one file. Canonical and sorted, one candidate, approval,
rejection and retraction a line, so that a diff reads well; no clock reaches it but what is passed in.

`nouns` holds what is pinned, `text` writes and `reading` reads the file, `merging` brings two changes together, and
`decisions` are the pure functions that people's decisions go through, each from a lock to a lock:

    approve(lock, brief, asset, pixels, *, who, role, when) -> Lock
    reject(lock, brief, asset, pixels, *, who, role, when, reason) -> Lock
    withdraw(lock, brief, asset, pixels, *, who) -> Lock          this person's yes or no
    pick(lock, brief, asset, pixels) -> Lock
    retract(lock, pixels, *, who, when, reason, brief="") -> Lock
    reinstate(lock, pixels) -> Lock
    retracted(lock) -> frozenset of pixels                        what deploys remove and purge
"""

from __future__ import annotations

from .decisions import approve, pick, reinstate, reject, retract, retracted, withdraw
from .merging import merge
from .nouns import LOCK_FILE, Lock, LockState, Pin, Pinned, compare
from .reading import read_lock
from .text import LOCK_SCHEMA, write_lock

__all__ = [
    "LOCK_FILE",
    "LOCK_SCHEMA",
    "Lock",
    "LockState",
    "Pin",
    "Pinned",
    "approve",
    "compare",
    "merge",
    "pick",
    "read_lock",
    "reinstate",
    "reject",
    "retract",
    "retracted",
    "withdraw",
    "write_lock",
]
