"""The server of `aibild serve`: the built site as its host would send it, with a script that shows each save at once.

`site` answers requests, `headers` says what a host would add, `slow` plays a slow line, `bell` notices what was saved, `loop`
looks, builds and tells, `desk` is all that it is given to do so, `shelf` shows briefs with their candidates.
"""

from __future__ import annotations

from .bell import Bell
from .loop import Loop
from .site import Site
from .slow import LINES

__all__ = ["LINES", "Bell", "Loop", "Site"]
