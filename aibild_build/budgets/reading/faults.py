"""What a rule yields."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """Something that a rule objects to. Its level and its waivers are the caller's to know.

    `path` is the file in the output, `line` counts from 1, `selector` is a CSS path. A `hint` goes before the rule's own.
    """

    rule: str
    path: str
    message: str
    line: int | None = None
    selector: str = ""
    measured: str | float | int | None = None
    limit: str | float | int | None = None
    hint: str = ""
