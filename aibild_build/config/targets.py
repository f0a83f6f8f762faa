"""`[targets.NAME]`: where the built site goes. What a kind makes of its address is for `targets` to say.

Takes the tables, yields `TargetSettings` by name. Secrets never stand here: they come from the environment.
"""

from __future__ import annotations

import re

from ..errors import AibildError
from ..source import Fields, nearest_hint, shown
from .settings import Config, PurgeSettings, TargetSettings
from .values import is_base_url

MODES = ("inplace", "release")
COMPRESSIONS_SENT = ("off", "gzip", "br")
PURGERS = ("cloudflare", "cloudfront")
FIRST = "production"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_targets(settings: Fields, base_url: str) -> dict[str, TargetSettings]:
    """Every target, with defaults in place of what is wrong. `base_url` is the site's own, which a target may replace."""
    return {name: _target(name, table, base_url) for name, table in settings.named("targets")}


def find_target(config: Config, name: str = "") -> TargetSettings:
    """The target of that name; without one the only target, or `production`. Raises AibildError where there is none."""
    if not config.targets:
        raise AibildError("aibild.toml names no target", hint="add [targets.production] with kind and address")
    if not name and len(config.targets) == 1:
        return next(iter(config.targets.values()))
    found = config.targets.get(name or FIRST)
    if found is None:
        hint = nearest_hint(name, config.targets) if name else "known: " + ", ".join(sorted(config.targets))
        raise AibildError(f"there is no target `{name}`" if name else "expected the name of a target, got none", hint=hint)
    return found


def is_own_build(config: Config, target: TargetSettings) -> bool:
    """Whether the target needs a build of its own, since pages name its address or close themselves to search engines."""
    return target.noindex or target.base_url != config.base_url


def output_of(config: Config, target: TargetSettings) -> str:
    """The folder, relative to the project, that is built for a target: `dist`, or `dist-NAME` for a build of its own."""
    return f"{config.output}-{target.name}" if is_own_build(config, target) else config.output


def _target(name: str, table: Fields, base_url: str) -> TargetSettings:
    default = TargetSettings(name=name)
    if not _NAME.fullmatch(name) and name != "*":
        table.tell("source-value", f"expected names of targets in kebab-case (a–z, 0–9, hyphens), got {shown(name)}")
    return TargetSettings(
        name=name,
        kind=table.text("kind", default.kind),
        address=table.text("address", required=True),
        base_url=_own_base(table, base_url),
        noindex=table.flag("noindex", name == "preview"),
        mode=table.choice("mode", MODES, default.mode),
        compress=table.choice("compress", COMPRESSIONS_SENT, default.compress),
        exclusive=table.flag("exclusive"),
        edge_seconds=table.whole("edge_seconds", default.edge_seconds, low=0, high=31_536_000),
        max_deletions_percent=table.whole("max_deletions_percent", default.max_deletions_percent, low=0, high=100),
        keep_releases=table.whole("keep_releases", default.keep_releases, low=1, high=1000),
        keep_days=table.number("keep_days", default.keep_days, low=0),
        purge=_purge(table),
    )


def _own_base(table: Fields, base_url: str) -> str:
    url = table.text("base_url")
    if not url:
        return base_url
    if not is_base_url(url):
        table.wrong("base_url", "address https://… without query and fragment")
        return base_url
    return url if url.endswith("/") else url + "/"


def _purge(table: Fields) -> PurgeSettings | None:
    inner = table.fields("purge")
    kind, zone, endpoint = inner.choice("kind", PURGERS, ""), inner.text("zone"), inner.text("endpoint")
    if not inner.names():
        return None
    if not inner.has("kind"):
        inner.tell("source-missing", f"expected `kind` as one of {', '.join(PURGERS)}, got nothing", "kind")
    if not zone:
        inner.tell("source-missing", "expected the zone (Cloudflare) or distribution (CloudFront) as `zone`, got nothing", "zone")
    return PurgeSettings(kind=kind, zone=zone, endpoint=endpoint)
