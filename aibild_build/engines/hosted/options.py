"""The parameters that a vendor takes: their defaults, what they may be, and what a brief says of them.

Takes a brief, yields every parameter written out. A brief that changes its engine keeps its file: parameters for one vendor may
stand in a table of that vendor's name, and those of other engines are passed over with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...model import Brief, Finding, Json, Level
from ...source import nearest, nearest_hint, shown

VENDORS = ("firefly", "ideogram", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One parameter. `choices` empty is any text."""

    default: str
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return "one of " + ", ".join(self.choices) if self.choices else "text"

    def accepts(self, value: Json) -> bool:
        return isinstance(value, str) and (value in self.choices if self.choices else bool(value.strip()))


def choose(brief: Brief, engine: str, options: Mapping[str, Option]) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """The value of every option: the brief's own, else the default. Findings are fatal but for what other engines would take."""
    findings: list[Finding] = []
    own = brief.parameters.get(engine, {})
    if not isinstance(own, Mapping):
        findings.append(_wrong(brief, engine, f"table of parameters for {engine}", own))
        own = {}
    asked: dict[str, Json] = {}
    for name, value in brief.parameters.items():
        if name in options:
            asked[name] = value
        elif name not in VENDORS:
            findings.append(_unused(brief, engine, name, options))
    for name, value in own.items():
        if name not in options:
            message = f"expected a parameter of engine `{engine}`, got `{engine}.{name}`"
            findings.append(_finding(brief, "source-unknown-key", Level.FATAL, message, nearest_hint(name, options)))
        asked[name] = value
    chosen = {}
    for name, option in options.items():
        value = asked.get(name, option.default)
        if name in asked and not option.accepts(value):
            findings.append(_wrong(brief, name, option.expected, value))
            value = option.default
        chosen[name] = str(value)
    return chosen, tuple(findings)


def too_long(brief: Brief, name: str, text: str, most: int) -> tuple[Finding, ...]:
    """A fatal finding for text that the service would not take, none otherwise."""
    if len(text) <= most:
        return ()
    message = f"expected {name} of at most {most} characters, got {len(text)}"
    hint = "shorten the parts of the brief, or the blocks of its profile"
    return (_finding(brief, "source-value", Level.FATAL, message, hint),)


def _unused(brief: Brief, engine: str, name: str, options: Mapping[str, Option]) -> Finding:
    near = nearest(name, options)
    if near:
        message = f"expected a parameter of engine `{engine}`, got `{name}`"
        return _finding(brief, "source-unknown-key", Level.FATAL, message, f"did you mean `{near}`?")
    return _finding(brief, "parameter-unused", Level.NOTE, f"engine `{engine}` has no parameter `{name}`; it was passed over", "")


def _wrong(brief: Brief, name: str, expected: str, value: Json) -> Finding:
    return _finding(brief, "source-value", Level.FATAL, f"expected {name} as {expected}, got {shown(value)}", "")


def _finding(brief: Brief, rule: str, level: Level, message: str, hint: str) -> Finding:
    return Finding(rule=rule, level=level, message=message, origin=brief.origin, subject=brief.id, hint=hint)
