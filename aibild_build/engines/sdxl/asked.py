"""Typed values out of a brief's parameters, with a finding for each that is not what it should be.

Takes a table and its name, yields the type that was asked for (the default where a value is absent or wrong), and at the end
findings for keys that nobody asked for. Knows nothing of what the values mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...model import Finding, Json, Level, Origin, Size
from ...source import nearest_hint, shown


class Asked:
    """One table of parameters; tables inside it share its list of findings."""

    def __init__(
        self,
        values: Mapping[str, Json],
        origin: Origin,
        subject: str,
        at: str = "parameters",
        findings: list[Finding] | None = None,
    ) -> None:
        self._values = values
        self._origin = origin
        self._subject = subject
        self._at = at
        self._known: dict[str, None] = {}
        self.findings: list[Finding] = [] if findings is None else findings

    def value(self, key: str) -> Json:
        self._known[key] = None
        return self._values.get(key)

    def has(self, key: str) -> bool:
        return self.value(key) is not None

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.value(key)
        if isinstance(value, str) and (value.strip() or not required):
            return value.strip()
        if value is not None or required:
            self.wrong(key, "text")
        return default

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        value = self.value(key)
        if value is None or (isinstance(value, str) and value in options):
            return default if value is None else str(value)
        hint = nearest_hint(value, options) if isinstance(value, str) else ""
        self.wrong(key, "one of " + ", ".join(options), hint=hint)
        return default

    def flag(self, key: str, default: bool) -> bool:
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.wrong(key, "true or false")
        return default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.wrong(key, f"integer {low}–{high}")
        return default

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high:
            return float(value)
        self.wrong(key, f"number {low:g}–{high:g}")
        return default

    def size(self, key: str, default: Size, *, low: int = 64, high: int = 8192, step: int = 1) -> Size:
        """`[width, height]`, both multiples of `step`."""
        value = self.value(key)
        if value is None:
            return default
        if isinstance(value, list | tuple) and len(value) == 2:
            sides = [side for side in value if type(side) is int and low <= side <= high and side % step == 0]
            if len(sides) == 2:
                return sides[0], sides[1]
        of = f", multiples of {step}" if step > 1 else ""
        self.wrong(key, f"[width, height] in pixels, each {low}–{high}{of}")
        return default

    def table(self, key: str) -> Asked | None:
        """The table under `key`; None when it is absent."""
        value = self.value(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return self._inner(value, key)
        self.wrong(key, "table")
        return None

    def tables(self, key: str, *, text_as: str = "") -> tuple[Asked, ...]:
        """A list of tables; a single one counts as a list of one, and a text as a table with that text under `text_as`."""
        value = self.value(key)
        if value is None:
            return ()
        items = value if isinstance(value, list | tuple) else (value,)
        found = []
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                found.append(self._inner(item, f"{key}[{index}]"))
            elif isinstance(item, str) and text_as:
                found.append(self._inner({text_as: item}, f"{key}[{index}]"))
            else:
                self.wrong(key, "list of tables")
                break
        return tuple(found)

    def _inner(self, values: Mapping[str, Json], key: str) -> Asked:
        return Asked(values, self._origin, self._subject, f"{self._at}.{key}", self.findings)

    def wrong(self, key: str, expected: str, *, hint: str = "", rule: str = "source-value") -> None:
        self.tell(rule, f"expected {self._at}.{key} as {expected}, got {shown(self._values.get(key))}", hint=hint)

    def tell(self, rule: str, message: str, *, hint: str = "", level: Level = Level.FATAL) -> None:
        self.findings.append(
            Finding(rule=rule, level=level, message=message, origin=self._origin, subject=self._subject, hint=hint)
        )

    def finish(self) -> None:
        """A finding for each key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                hint = nearest_hint(key, self._known)
                self.tell("source-unknown-key", f"expected a parameter of engine `sdxl`, got `{self._at}.{key}`", hint=hint)
