"""`aibild.toml` → `Config`. Takes the project's root, yields frozen settings and the findings on them.

`settings` holds the types, `read` the file's layout, `slots` the layout slots with their width grammar, `values` what briefs
write alike, `languages` what is known of languages. Nothing here knows another room's work: engines and gates get their tables
as they were written.
"""

from __future__ import annotations

from ..standing import STATE_FOLDER
from .checks import RESOURCES, path_matches
from .credentials import POLICIES, TRAINING
from .foreign import no_config, read_check_config
from .guards import read_guards
from .hooks import EVENTS as HOOK_EVENTS
from .read import CONFIG_FILE, FORMATS, read_config
from .settings import (
    ApprovalRule,
    Approvals,
    Budget,
    Checks,
    Config,
    Credentials,
    DeclaredSlot,
    Defaults,
    Hook,
    Images,
    Language,
    MenuEntry,
    Organisation,
    PathLevels,
    PurgeSettings,
    TargetSettings,
    Taxonomy,
    Waiver,
)
from .targets import find_target, is_own_build, output_of
from .values import read_address, read_palette, read_rights, site_url

__all__ = [
    "ApprovalRule",
    "Approvals",
    "Budget",
    "CONFIG_FILE",
    "Checks",
    "FORMATS",
    "Config",
    "Credentials",
    "DeclaredSlot",
    "Defaults",
    "Hook",
    "HOOK_EVENTS",
    "Images",
    "Language",
    "MenuEntry",
    "Organisation",
    "POLICIES",
    "PathLevels",
    "PurgeSettings",
    "RESOURCES",
    "STATE_FOLDER",
    "TRAINING",
    "TargetSettings",
    "Taxonomy",
    "Waiver",
    "find_target",
    "is_own_build",
    "no_config",
    "output_of",
    "path_matches",
    "read_check_config",
    "read_address",
    "read_config",
    "read_guards",
    "read_palette",
    "read_rights",
    "site_url",
]
