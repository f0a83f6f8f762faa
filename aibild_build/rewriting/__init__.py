"""Other people's HTML, changed in places: where its tags lie to the byte, and edits that leave every other byte as it was.

`read_written` finds the places in one parse, `Edit`s say what goes where, `Written.apply` puts them in. Nothing is serialised
anew: what no edit names comes back as it was read, in its encoding and with its line ends. Knows no picture, no site and no disk.
"""

from __future__ import annotations

from .edits import Edit, diff, insert_attributes, replace_value
from .written import Element, Unclear, Written, read_written

__all__ = ["Edit", "Element", "Unclear", "Written", "diff", "insert_attributes", "read_written", "replace_value"]
