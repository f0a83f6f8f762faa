"""Brings a built site to its target, shows former releases again, and looks after what is kept there.

`built` reads the folder and refuses what must not go out, `planning` says what differs and in which turn, `carrying` does it
under a `lease`, `records` is what lies at the origin. Takes settings, a clock and functions; knows no command line.
"""

from __future__ import annotations

from .built import BuiltSite, read_built, refuse_unfit, strangers
from .collecting import Collected, collect
from .handing import hand_over
from .lease import Clock
from .origin import look
from .planning import Change, Reason
from .purging import empty_caches, purge_file
from .records import Release, Row, Shown
from .shipping import Manner, Shipped, deploy, digests_at, kept_releases, origin_of, plan_deploy, releases, rollback
from .verifying import Verified, verify

__all__ = [
    "BuiltSite",
    "Change",
    "Clock",
    "Collected",
    "Manner",
    "Reason",
    "Release",
    "Row",
    "Shipped",
    "Shown",
    "Verified",
    "collect",
    "deploy",
    "digests_at",
    "empty_caches",
    "hand_over",
    "kept_releases",
    "look",
    "origin_of",
    "plan_deploy",
    "purge_file",
    "read_built",
    "refuse_unfit",
    "releases",
    "rollback",
    "strangers",
    "verify",
]
