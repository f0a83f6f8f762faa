"""Local web pages: one app at a time on 127.0.0.1, for the person at this machine.

`local` is the door (loopback, Host, token, origin, headers), `events` tells open pages that something changed, `files` answers
from a folder; `review` is the board on which pictures are approved. An app gets bytes and actions from functions that are passed
in: this room opens no store, reads no lock and makes nothing.
"""

from __future__ import annotations

from .events import Events, Watch
from .local import App, Local

__all__ = ["App", "Events", "Local", "Watch"]
