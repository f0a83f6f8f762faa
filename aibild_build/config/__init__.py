"""`aibild.toml` → `Config`. Takes the project's root, yields frozen settings and the findings on them.

`settings` holds the types, `read` the file's layout, `slots` the layout slots with their width grammar, `languages` what is known of
languages. Nothing here knows another room's work: engines and gates get their tables as they were written.
"""

from __future__ import annotations

from .settings import Config, Defaults, Images, Language, MenuEntry, Organisation

__all__ = [
    "Config",
    "Defaults",
    "Images",
    "Language",
    "MenuEntry",
    "Organisation",
]
