"""What `aibild check` is told: levels by rule and by path, waivers, budgets.

Takes the tables `rules`, `check` and `budgets` and the project's root (a budget may be kept in a LightWallet file), yields
`Checks`. Rule ids are not known here: a plug may bring its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..model import Level
from ..source import Fields, read_text, shown
from .settings import Budget, Checks, PathLevels, Waiver

RESOURCES = ("page", "document", "style", "script", "image", "font", "media", "other", "third_party")
HOSTS = ("cloudflare-pages", "github-pages", "netlify")
_LEVELS = ("error", "warning", "note", "off")
_RULE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
# The names of Lighthouse 11's budgets, which version 12 dropped; the format lives on as our input.
_LIGHTWALLET = {
    "total": "page",
    "document": "document",
    "stylesheet": "style",
    "script": "script",
    "image": "image",
    "font": "font",
    "media": "media",
    "other": "other",
    "third-party": "third_party",
}


def read_checks(settings: Fields, root: Path) -> Checks:
    """`[check]` and `[budgets]`; faults are told to the fields."""
    check, budgets = settings.fields("check"), settings.fields("budgets")
    return Checks(
        path=settings.document.path,
        build=check.flag("build", True),
        host=check.choice("host", HOSTS, ""),
        paths=tuple(_path_levels(table) for table in check.each("paths")),
        waivers=tuple(_waiver(table, index) for index, table in enumerate(check.each("waivers"))),
        budgets=(
            *_lightwallet(budgets, root),
            *_budget(budgets, "*"),
            *(budget for table in budgets.each("paths") for budget in _budget(table, _path(table))),
        ),
    )


def read_levels(rules: Fields) -> dict[str, Level]:
    """A table from rule id to level."""
    levels: dict[str, Level] = {}
    for rule in rules.names():
        level = rules.choice(rule, _LEVELS, "")
        if _is_rule(rules, rule, rule) and level:
            levels[rule] = Level(level)
    return levels


def read_size(table: Fields, key: str) -> int:
    """`"2 GiB"` or a number of bytes → bytes; 0 is no limit."""
    written = table.value(key)
    if written is None:
        return 0
    if isinstance(written, int) and not isinstance(written, bool) and written >= 0:
        return written
    size = _SIZE.fullmatch(written.strip()) if isinstance(written, str) else None
    if size is None:
        table.wrong(key, "size like 2 GiB or 500 MB")
        return 0
    return int(float(size[1]) * _UNITS[size[2]])


def path_matches(pattern: str, path: str) -> bool:
    """Whether a page's path ("/guide/start/") is meant by a pattern; `*` stands for any text, slashes included."""
    return pattern == path or ("*" in pattern and _compiled(pattern).fullmatch(path) is not None)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", pattern)), re.S)


def _is_rule(table: Fields, rule: str, key: str) -> bool:
    if not _RULE.fullmatch(rule):
        table.tell("source-value", f"expected rule ids in kebab-case, got `{rule}`", key)
    elif rule.startswith("source-"):
        message = f"expected a rule whose level can be set, got `{rule}`"
        table.tell("source-value", message, key, hint="what cannot be read cannot be built, whatever its level")
    else:
        return True
    return False


def _path(table: Fields) -> str:
    path = table.text("path", required=True)
    if path and not path.startswith(("/", "*")):
        table.wrong("path", "path on the site, like /guide/* or /about/", hint=f"write `/{path}`")
        return f"/{path}"
    return path or "*"


def _path_levels(table: Fields) -> PathLevels:
    return PathLevels(path=_path(table), levels=read_levels(table.fields("rules")))


def _waiver(table: Fields, index: int) -> Waiver:
    rule = table.text("rule", required=True)
    if rule:
        _is_rule(table, rule, "rule")
    until = table.day("until")
    if not table.has("until"):
        hint = "a waiver ends some day, so that it is looked at again"
        table.tell("source-missing", f"expected check.waivers[{index}].until as day YYYY-MM-DD, got nothing", "until", hint=hint)
    reason = table.text("reason", required=True)
    path = _path(table) if table.has("path") else "*"
    return Waiver(rule=rule, path=path, reason=reason, until=until[:10], line=table.line())


def _budget(table: Fields, path: str) -> tuple[Budget, ...]:
    sizes = {name: read_size(table, f"{name}_bytes") for name in RESOURCES if table.has(f"{name}_bytes")}
    counts = {name: table.whole(f"{name}_count", low=0) for name in RESOURCES if table.has(f"{name}_count")}
    lcp = table.whole("max_lcp_ms", low=1) if table.has("max_lcp_ms") else None
    return (Budget(path=path, sizes=sizes, counts=counts, max_lcp_ms=lcp),) if sizes or counts or lcp else ()


def _lightwallet(table: Fields, root: Path) -> tuple[Budget, ...]:
    """The budgets of a `budget.json`: KiB by resource type, counts, and the one timing that can be told from files."""
    name = table.text("file")
    if not name:
        return ()
    text, findings = read_text(root, name)
    if text is None:
        for finding in findings:
            table.tell(finding.rule, finding.message, "file", hint=finding.hint)
        return ()
    try:
        entries = json.loads(text)
        if not isinstance(entries, list):
            raise ValueError("a list of budgets")
        return tuple(_lightwallet_entry(entry) for entry in entries)
    except (ValueError, RecursionError) as error:
        fault = "JSON" if isinstance(error, json.JSONDecodeError | RecursionError) else str(error)
        hint = '[{"path": "/*", "resourceSizes": [{"resourceType": "image", "budget": 300}]}]'
        table.tell("source-value", f"expected {name} as {fault}, got something else", "file", hint=hint)
        return ()


def _lightwallet_entry(entry: Any) -> Budget:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("path", "/"), str):
        raise ValueError("a list of tables with `path`")
    pattern = str(entry.get("path", "/"))
    lcp = [limit for metric, limit in _limits(entry, "timings", "metric") if metric == "largest-contentful-paint"]
    return Budget(
        path=pattern[:-1] if pattern.endswith("$") else pattern + "*",
        sizes={_resource(name): int(limit * 1024) for name, limit in _limits(entry, "resourceSizes", "resourceType")},
        counts={_resource(name): int(limit) for name, limit in _limits(entry, "resourceCounts", "resourceType")},
        max_lcp_ms=int(lcp[0]) if lcp else None,
    )


def _limits(entry: Mapping[str, Any], key: str, name: str) -> list[tuple[str, float]]:
    found = []
    for row in entry.get(key, []):
        limit = row.get("budget") if isinstance(row, Mapping) else None
        if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0 <= limit < 2**40:
            raise ValueError(f"`{key}` with a `budget` of 0 or more in each row")
        found.append((str(row.get(name)), float(limit)))
    return found


def _resource(name: str) -> str:
    if name not in _LIGHTWALLET:
        raise ValueError(f"`resourceType` of {', '.join(_LIGHTWALLET)} (not {shown(name)})")
    return _LIGHTWALLET[name]
