"""The review board: pictures that wait for a decision, their candidates side by side, and the buttons that decide.

Takes a `Desk` (a board to read, bytes to show, an action to carry out), yields pages. Addresses are those of a flat folder, so
`export` writes the same pages as files. Knows no store and no lock; what a decision means is the desk's to say.
"""

from __future__ import annotations

from .app import Review
from .desk import Desk
from .export import export_board
from .view import Pages

__all__ = ["Desk", "Pages", "Review", "export_board"]
