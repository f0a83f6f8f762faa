"""Holds what settings, profiles and briefs ask of gates against what gates there are.

Takes the settings and the merged briefs, yields findings. What a limit means is the gate's to say; here it only must exist and
have the right type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from .. import gates
from ..brief.files import file_fault
from ..config import CONFIG_FILE, Config
from ..model import Brief, Finding, Json, Level
from ..source import fatal, nearest_hint, shown

_LEVELS = ("error", "warning", "note", "off")


def gate_faults(config: Config, briefs: Mapping[str, Brief]) -> Iterator[Finding]:
    """Settings and thresholds that no gate has, or that have the wrong type; required gates that do not exist."""
    for name in sorted(set(config.gates) & set(gates.names())) if config.gates else ():
        for rule, message, hint in _faults(config, name, config.gates[name], f"gates.{name}"):
            yield fatal(rule, message, CONFIG_FILE, hint=hint)
    for name in config.required_gates:
        if name not in gates.names():
            message = f"expected gates.required as names of gates, got `{name}`"
            yield fatal("source-reference", message, CONFIG_FILE, hint=_near(name))
    yield from _of_briefs(config, briefs)


def _of_briefs(config: Config, briefs: Mapping[str, Brief]) -> Iterator[Finding]:
    """What briefs and profiles ask of gates, held against the gates; a fault of a profile is told once."""
    told = set()
    known = gates.names()  # looks through all installed packages
    for brief_id, brief in sorted(briefs.items()):
        faults = [
            ("source-reference", f"expected required_gates as names of gates, got `{name}`", _near(name))
            for name in brief.required_gates
            if name not in known
        ]
        for name, table in sorted(brief.thresholds.items()):
            if name not in known:
                faults.append(("source-unknown-key", f"expected a gate in thresholds, got `{name}`", _near(name)))
            elif not isinstance(table, Mapping):
                faults.append(("source-value", f"expected thresholds.{name} as table, got {shown(table)}", ""))
            else:
                faults += _faults(config, name, table, f"thresholds.{name}")
        for rule, message, hint in faults:
            if (brief.profile, message) not in told:
                told.add((brief.profile, message))
                yield Finding(rule=rule, level=Level.FATAL, message=message, origin=brief.origin, subject=brief_id, hint=hint)


def _near(name: str) -> str:
    return nearest_hint(name, gates.names())


_KINDS: Mapping[str, tuple[str, Callable[[Json], bool]]] = {
    "number": ("number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "text": ("text", lambda value: isinstance(value, str)),
    "file": ("path of a file in the project", lambda value: isinstance(value, str)),
    "weights": ("path", lambda value: isinstance(value, str)),
    "texts": (
        "list of texts",
        lambda value: isinstance(value, list | tuple) and all(isinstance(one, str) for one in value),
    ),
}


def _faults(config: Config, name: str, table: Mapping[str, Json], where: str) -> Iterator[tuple[str, str, str]]:
    """(rule, message, hint) for every setting of a gate that it does not have, or that has the wrong type."""
    settings = gates.load(name).settings
    for key, value in sorted(table.items()):
        if key == "level":
            if value not in _LEVELS and not where.startswith("gates."):  # that one was told with its line
                yield "source-value", f"expected {where}.level as one of {', '.join(_LEVELS)}, got {shown(value)}", ""
        elif key not in settings:
            yield "source-unknown-key", f"expected a known key, got `{where}.{key}`", nearest_hint(key, (*settings, "level"))
        else:
            expected, fits = _KINDS[settings[key]]
            if not fits(value):
                yield "source-value", f"expected {where}.{key} as {expected}, got {shown(value)}", ""
            elif settings[key] == "file" and (fault := file_fault(config, str(value))):
                yield fault[0], f"{where}.{key}: {fault[1]}", fault[2]
