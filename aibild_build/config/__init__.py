"""`aibild.toml` → `Config`. Takes the project's root, yields frozen settings and the findings on them.

`settings` holds the types, `read` the file's layout, `slots` the layout slots with their width grammar, `values` what briefs
write alike, `languages` what is known of languages. Nothing here knows another room's work: engines and gates get their tables
as they were written.
"""

from __future__ import annotations

from .read import CONFIG_FILE, FORMATS, read_config
from .settings import Config, Defaults, Images, Language, MenuEntry, Organisation, Taxonomy
from .values import read_address, read_palette, read_rights, site_url

__all__ = [
    "CONFIG_FILE",
    "FORMATS",
    "Config",
    "Defaults",
    "Images",
    "Language",
    "MenuEntry",
    "Organisation",
    "Taxonomy",
    "read_address",
    "read_config",
    "read_palette",
    "read_rights",
    "site_url",
]
