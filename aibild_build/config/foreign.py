"""Settings for checking a site that aibild did not build: a file with `[rules]`, `[check]` and `[budgets]` suffices.

Takes a path, yields a `Config` whose other settings are at their defaults. A file that has `[site]` is read as a whole project's.
"""

from __future__ import annotations

from pathlib import Path

from ..model import Finding
from ..source import Fields, read_text, read_toml
from .checks import read_checks, read_levels
from .read import read_config
from .settings import Config


def no_config(root: Path) -> Config:
    """The settings of a site that has none; its base URL is "", to be found out."""
    return Config(root=root, name={}, base_url="", description={}, languages=())


def read_check_config(path: Path) -> tuple[Config | None, tuple[Finding, ...]]:
    """Read the settings file at `path`, whatever its name. No `Config` without a file that can be parsed."""
    root = path.parent
    text, findings = read_text(root, path.name)
    if text is None:
        return None, findings
    document, findings = read_toml(text, path.name)
    if document is None:
        return None, findings
    if "site" in document.values:
        return read_config(root, name=path.name)
    settings = Fields(document)
    checks, levels = read_checks(settings, root), read_levels(settings.fields("rules"))
    config = Config(root=root, name={}, base_url="", description={}, languages=(), levels=levels, checks=checks)
    return config, (*findings, *settings.finish())
